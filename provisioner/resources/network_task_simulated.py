"""Plays `network_task.ps1` on the lab's machine, without its sleeping: that is the lab's affair."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from provisioner.resources.base import Machine
from provisioner.resources.network_simulated import (
    BEFORE,
    CONFIRMED,
    FOLDER,
    INTERFACES,
    REVERTING,
    SCRIPT,
    STATE,
    WANTED,
    record,
    remove_tasks,
    set_state,
)
from provisioner.resources.registry_values import RegistryType, write_value


class _Failed(Exception):
    """The task's own throw."""


def apply_wanted(machine: Machine) -> None:
    """`-Act change`: make the change; where it does not work, take it back at once."""
    try:
        _set_network(machine, record(machine, WANTED), waits=True)
    except _Failed as error:
        take_back(machine, str(error))
    else:
        set_state(machine, str(record(machine, BEFORE)["id"]), "changed", "")


def take_back(machine: Machine, why: str, *, startup: bool = False) -> None:
    """`Undo-Change`."""
    if machine.get("files", CONFIRMED) is not None:
        remove_tasks(machine)
        for path in (STATE, WANTED, SCRIPT, CONFIRMED, FOLDER):
            machine.drop("files", path)
        return
    if machine.get("files", BEFORE) is not None:
        machine.put("files", REVERTING, value=machine.get("files", BEFORE))
        machine.drop("files", BEFORE)
    elif not startup or machine.get("files", REVERTING) is None:
        return
    before = record(machine, REVERTING)
    _set_network(machine, before, waits=False)
    set_state(machine, str(before["id"]), "reverted", why)
    for path in (REVERTING, WANTED, SCRIPT):
        if machine.get("files", path) is not None:
            machine.drop("files", path)
    remove_tasks(machine)


def _set_network(machine: Machine, wanted: Mapping[str, Any], *, waits: bool) -> None:
    guid = wanted["guid"]
    if wanted["address"] is not None:
        _set_address(machine, guid, wanted["address"])
    if wanted["dns"] is not None:
        _store(machine, guid, "NameServer", "String", ",".join(wanted["dns"]["servers"]))
    if waits and wanted["address"] is not None:
        _wait(machine, guid)
    if wanted["category"] is not None:
        _set_category(machine, guid, wanted["category"])


def _set_address(machine: Machine, guid: str, address: Mapping[str, Any]) -> None:
    if address["dhcp"]:
        machine.put("adapters", guid, "dhcp", value=True)
        _store_static(machine, guid, dhcp=True, address=None)
        machine.drop("registry", rf"{INTERFACES}\{guid}", "DisableDhcpOnConnect")
        lease(machine, guid)
        return
    taken: Any = machine.get("adapters", guid, "taken") or ()
    state = "Duplicate" if address["address"] in taken else "Preferred"
    row: JsonValue = {
        "address": address["address"],
        "prefix": address["prefix"],
        "origin": "Manual",
        "state": state,
    }
    machine.put("adapters", guid, "dhcp", value=False)
    machine.put("adapters", guid, "addresses", value=[row])
    machine.put("adapters", guid, "gateways", value=[address["gateway"]] if address["gateway"] else [])
    _store_static(machine, guid, dhcp=False, address=address)


def lease(machine: Machine, guid: str) -> None:
    """What the DHCP server at this port offers, or the address that Windows then gives itself."""
    offer: Any = machine.get("adapters", guid, "offer")
    row: JsonValue = {"address": "169.254.7.7", "prefix": 16, "origin": "WellKnown", "state": "Preferred"}
    if offer is not None:
        row = {"address": offer["address"], "prefix": offer["prefix"], "origin": "Dhcp", "state": "Preferred"}
    machine.put("adapters", guid, "addresses", value=[row])
    machine.put("adapters", guid, "gateways", value=[offer["gateway"]] if offer else [])


def _store_static(machine: Machine, guid: str, *, dhcp: bool, address: Mapping[str, Any] | None) -> None:
    _store(machine, guid, "EnableDHCP", "DWord", int(dhcp))
    mask = str(ipaddress.IPv4Network(f"0.0.0.0/{address['prefix']}").netmask) if address else None
    _store(machine, guid, "IPAddress", "MultiString", [address["address"]] if address else [])
    _store(machine, guid, "SubnetMask", "MultiString", [mask] if mask else [])
    gateway = address["gateway"] if address else None
    _store(machine, guid, "DefaultGateway", "MultiString", [gateway] if gateway else [])


def _store(machine: Machine, guid: str, name: str, type_: RegistryType, data: JsonValue) -> None:
    write_value(machine, rf"{INTERFACES}\{guid}", name, type_, data)


def _wait(machine: Machine, guid: str) -> None:
    rows: Any = machine.get("adapters", guid, "addresses")
    states = [row["state"] for row in rows if not row["address"].startswith("169.254.")]
    if "Duplicate" in states:
        raise _Failed("Another machine has this address.")
    if "Preferred" not in states:
        raise _Failed("The adapter got no address: no cable, or no DHCP server.")


def _set_category(machine: Machine, guid: str, category: str) -> None:
    if not machine.get("adapters", guid, "up"):
        raise _Failed("Windows did not recognize the network.")
    if machine.get("adapters", guid, "category") != category:
        machine.put("adapters", guid, "category", value=category)
