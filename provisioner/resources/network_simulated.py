"""Plays `network.read.ps1` and `network.write.ps1` on the lab's machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from provisioner.resources import tasks_simulated, wmi_simulated
from provisioner.resources.adapters_simulated import INTERFACES
from provisioner.resources.base import Machine, ScriptFailure
from provisioner.resources.host import OUR_FOLDER
from provisioner.resources.host_simulated import text_file_lines
from provisioner.resources.network_live import name_servers, own_addresses
from provisioner.resources.registry_values import read_value

FOLDER = rf"{OUR_FOLDER}\network"
BEFORE, REVERTING, CONFIRMED = (rf"{FOLDER}\{name}.json" for name in ("before", "reverting", "confirmed"))
STATE, WANTED, SCRIPT = rf"{FOLDER}\state.json", rf"{FOLDER}\wanted.json", rf"{FOLDER}\task.ps1"
REVERT_TASK, STARTUP_TASK, CHANGE_TASK = (
    rf"\provisioner-network-{act}" for act in ("revert", "startup", "change")
)


def read(machine: Machine, arguments: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """The reply of `network.read.ps1`."""
    wmi_simulated.need(machine, "MSFT_NetAdapter")
    adapters: Mapping[str, Any] = machine.get("adapters") or {}  # type: ignore[assignment]
    found = [guid for guid, row in adapters.items() if _fits(row, arguments["by"], arguments["value"])]
    guid = found[0] if len(found) == 1 else None
    return {
        "candidates": [row["name"] for row in adapters.values()],
        "guid": guid,
        "matching": len(found),
        "setting": None if guid is None else _setting(machine, guid, adapters[guid]),
        "part_of_domain": wmi_simulated.part_of_domain(machine),
    }


def _fits(row: Mapping[str, Any], by: str, value: Any) -> bool:
    if by == "mac":
        return str(row["mac"]).replace("-", "").casefold() == str(value).casefold()
    if by == "name":
        return str(row["name"]).casefold() == str(value).casefold()
    return bool(row["up"]) and not row.get("virtual")


def _setting(machine: Machine, guid: str, row: Mapping[str, Any]) -> dict[str, JsonValue]:
    key = rf"{INTERFACES}\{guid}"
    stored = read_value(machine, key, "IPAddress")
    return {
        "dhcp": bool(row["dhcp"]),
        "addresses": [
            {name: found[name] for name in ("address", "prefix", "origin", "state")}
            for found in sorted(row["addresses"], key=lambda found: str(found["address"]))
        ],
        "gateways": sorted(row["gateways"]),
        "category": row["category"] if row["up"] else None,
        "stored": {
            "dhcp": read_value(machine, key, "EnableDHCP"),
            "addresses": stored,
            "name_server": read_value(machine, key, "NameServer"),
        },
    }


def snapshot(
    guid: str, setting: Mapping[str, Any], *, address: bool, dns: bool, category: bool
) -> dict[str, JsonValue]:
    """What restores these parts of the setting that was read, in the form of a wanted one.

    The others are null: what was not changed must not be written when the change is taken back.
    """
    servers = name_servers(setting["stored"]["name_server"])
    return {
        "guid": guid,
        "address": _address_before(setting) if address else None,
        "dns": {"servers": servers} if dns else None,
        "category": settable_category(setting) if category else None,
    }


def settable_category(setting: Mapping[str, Any]) -> str | None:
    """The category, where it is not Windows' own finding."""
    return str(setting["category"]) if setting["category"] in ("Private", "Public") else None


def _address_before(setting: Mapping[str, Any]) -> dict[str, JsonValue]:
    address: dict[str, JsonValue] = {"dhcp": True, "address": None, "prefix": None, "gateway": None}
    own = own_addresses(setting)
    if not setting["dhcp"] and own:
        gateway = setting["gateways"][0] if setting["gateways"] else None
        address = {
            "dhcp": False,
            "address": own[0]["address"],
            "prefix": own[0]["prefix"],
            "gateway": gateway,
        }
    return address


def write(machine: Machine, verb: str, arguments: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """The effects of `network.write.ps1`."""
    {"change": _change, "confirm": _confirm, "forget": _forget}[verb](machine, arguments)
    return {}


def _change(machine: Machine, arguments: Mapping[str, Any]) -> None:
    if any(machine.get("files", path) is not None for path in (BEFORE, REVERTING, STATE)):
        raise _thrown("Another change of the network is pending, or its rest was not cleared away.")
    _remove_transaction(machine)
    machine.put("files", FOLDER, value={"folder": True})
    _set_text(machine, SCRIPT, arguments["task_script"])
    wanted = {name: arguments[name] for name in ("guid", "confirm_seconds", "address", "dns", "category")}
    _set_text(machine, WANTED, _compact(wanted))
    for name, act in ((REVERT_TASK, "revert"), (STARTUP_TASK, "startup"), (CHANGE_TASK, "change")):
        machine.put("tasks", name, value=_task(act))
    _set_text(machine, BEFORE, _compact(arguments["before"]))
    set_state(machine, arguments["id"], "armed", "")
    for name in (REVERT_TASK, CHANGE_TASK):
        machine.put("tasks", name, "state", value="Running")
        machine.start_task(name)


def _task(act: str) -> dict[str, JsonValue]:
    text = f"(Get-Content -LiteralPath '{SCRIPT}' -Encoding UTF8 -Raw)"
    line = f'-NoProfile -NonInteractive -Command "& ([scriptblock]::Create({text})) -Act {act}"'
    return tasks_simulated.as_system(
        "powershell.exe", line, [tasks_simulated.AT_STARTUP] if act == "startup" else []
    )


def _confirm(machine: Machine, arguments: Mapping[str, Any]) -> None:
    state = state_of(machine)
    if state.get("id") != arguments["id"] or machine.get("files", BEFORE) is None:
        raise _thrown("Too late: the machine has taken the change back.")
    _remove_transaction(machine)


def _forget(machine: Machine, _: Mapping[str, Any]) -> None:
    given_up = state_of(machine).get("state") == "failed"
    if machine.get("files", BEFORE) is not None or (
        machine.get("files", REVERTING) is not None and not given_up
    ):
        raise _thrown("A change of the network is still pending.")
    _remove_transaction(machine)


def _remove_transaction(machine: Machine) -> None:
    remove_tasks(machine)
    remove_folder(machine)


def remove_folder(machine: Machine) -> None:
    """With all that lies in it."""
    for path in (WANTED, BEFORE, REVERTING, CONFIRMED, SCRIPT, STATE, FOLDER):
        if machine.get("files", path) is not None:
            machine.drop("files", path)


def remove_tasks(machine: Machine) -> None:
    """Unregister all three."""
    for name in (REVERT_TASK, STARTUP_TASK, CHANGE_TASK):
        if machine.get("tasks", name) is not None:
            machine.drop("tasks", name)


def set_state(machine: Machine, transaction: str, state: str, what: str) -> None:
    """What `host.read.ps1` shows of the change."""
    _set_text(machine, STATE, _compact({"id": transaction, "state": state, "what": what}))


def state_of(machine: Machine) -> Mapping[str, Any]:
    """The same, read; empty where nothing is under way."""
    return record(machine, STATE)


def record(machine: Machine, path: str) -> Mapping[str, Any]:
    """One of our JSON files."""
    lines = text_file_lines(machine, path)
    return json.loads("".join(lines)) if lines else {}


def confirm_seconds(machine: Machine) -> int:
    """How long the machine waits for its confirmation."""
    return int(record(machine, WANTED)["confirm_seconds"])


def _set_text(machine: Machine, path: str, text: str) -> None:
    machine.put("files", path, value={"text": f"{text}\r\n"})


def _compact(content: Mapping[str, Any]) -> str:
    return json.dumps(content, separators=(",", ":"))


def _thrown(message: str) -> ScriptFailure:
    return ScriptFailure(message, message)
