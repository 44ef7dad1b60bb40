"""Plays `network_task.ps1` on the lab's machine, without its sleeping: that is the lab's affair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.resources import adapters_simulated as adapter
from provisioner.resources.base import Machine
from provisioner.resources.network_simulated import (
    BEFORE,
    CONFIRMED,
    REVERTING,
    SCRIPT,
    WANTED,
    record,
    remove_folder,
    remove_tasks,
    set_state,
    state_of,
)


class _Failed(Exception):
    """The task's own throw."""


def apply_wanted(machine: Machine) -> None:
    """`-Act change`: make the change; where it does not work, take it back at once."""
    wanted = record(machine, WANTED)
    try:
        _set_network(machine, wanted)
        _wait(machine, wanted)
        _set_category(machine, wanted)
    except _Failed as error:
        take_back(machine, str(error))
    else:
        set_state(machine, str(record(machine, BEFORE)["id"]), "changed", "")


def take_back(machine: Machine, why: str) -> None:
    """`Undo-Change`."""
    if machine.get("files", BEFORE) is not None:
        machine.put("files", REVERTING, value=machine.get("files", BEFORE))
        machine.drop("files", BEFORE)
    if machine.get("files", REVERTING) is not None:
        before = record(machine, REVERTING)
        try:
            _set_network(machine, before)
        except _Failed as error:
            set_state(machine, str(before["id"]), "failed", f"{why}; could not be restored: {error}")
            return
        set_state(machine, str(before["id"]), "reverted", why + _restore_category(machine, before))
    _remove_rest(machine)


def _restore_category(machine: Machine, before: Mapping[str, Any]) -> str:
    """What could not be restored, in words."""
    try:
        _set_category(machine, before)
    except _Failed as error:
        return f"; restored but for its category: {error}"
    return ""


def _remove_rest(machine: Machine) -> None:
    """All but what has become of the change; where that is nothing, all."""
    if state_of(machine).get("state") != "reverted":
        remove_tasks(machine)
        remove_folder(machine)
        return
    for path in (REVERTING, WANTED, CONFIRMED, SCRIPT):
        if machine.get("files", path) is not None:
            machine.drop("files", path)
    remove_tasks(machine)


def _set_network(machine: Machine, wanted: Mapping[str, Any]) -> None:
    guid, address = wanted["guid"], wanted["address"]
    if machine.get("adapters", guid) is None:
        raise _Failed("The network adapter is no longer there.")
    if address is not None:
        adapter.switch_dhcp_off(machine, guid)
        adapter.remove_routers(machine, guid)
        adapter.remove_addresses(machine, guid)
    if address is not None and address["dhcp"]:
        adapter.forget_pulled_cable(machine, guid)
        adapter.switch_dhcp_on(machine, guid)
    elif address is not None:
        adapter.add_address(machine, guid, address["address"], address["prefix"], address["gateway"])
    if wanted["dns"] is not None:
        adapter.set_name_servers(machine, guid, wanted["dns"]["servers"])


def _wait(machine: Machine, wanted: Mapping[str, Any]) -> None:
    if wanted["address"] is None:
        return
    rows: Any = machine.get("adapters", wanted["guid"], "addresses")
    states = [row["state"] for row in rows if not row["address"].startswith("169.254.")]
    if "Duplicate" in states:
        raise _Failed("Another machine has this address.")
    if "Preferred" not in states:
        raise _Failed("The adapter got no address: no cable, or no DHCP server.")


def _set_category(machine: Machine, wanted: Mapping[str, Any]) -> None:
    if wanted["category"] is None:
        return
    if not machine.get("adapters", wanted["guid"], "up"):
        raise _Failed("Windows did not recognize the network.")
    adapter.set_category(machine, wanted["guid"], wanted["category"])
