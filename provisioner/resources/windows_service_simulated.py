"""Plays `windows_service.read.ps1` and `windows_service.write.ps1` on the lab's machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from provisioner.resources import wmi_simulated
from provisioner.resources.base import Machine, ScriptFailure
from provisioner.resources.registry_values import key_exists

SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"
_MODES = {"automatic": "Auto", "manual": "Manual", "disabled": "Disabled"}
_SC_START = {
    "auto": ("automatic", False),
    "delayed-auto": ("automatic", True),
    "demand": ("manual", None),
    "disabled": ("disabled", None),
}


def read(machine: Machine, arguments: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """The reply of `windows_service.read.ps1`."""
    wmi_simulated.need(machine, "Win32_Service")
    return {"services": {wanted["name"]: _row(machine, wanted) for wanted in arguments["services"]}}


def _row(machine: Machine, wanted: Mapping[str, Any]) -> JsonValue:
    name = wanted["name"]
    row: Any = machine.get("services", name)
    if row is None:
        return None
    return {
        "start": _MODES[row["start"]],
        "delayed": bool(row.get("delayed")),
        "state": "Running" if row["running"] else "Stopped",
        "triggered": key_exists(machine, rf"{SERVICES}\{name}\TriggerInfo\0"),
        "dependents": [*running_dependents(machine, name)] if wanted["dependents"] else None,
    }


def running_dependents(machine: Machine, name: str) -> list[str]:
    """Services that run and need this one, directly or by others, by name."""
    rows: Any = machine.get("services") or {}
    found, waiting = set[str](), [name.casefold()]
    while waiting:
        needed = waiting.pop()
        more = {other for other in rows if needed in map(str.casefold, rows[other].get("needs", ()))} - found
        found |= more
        waiting += map(str.casefold, more)
    return sorted((other for other in found if rows[other]["running"]), key=str.casefold)


def write(machine: Machine, arguments: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """The effects of `windows_service.write.ps1`."""
    name, row = arguments["name"], machine.get("services", arguments["name"])
    if arguments["start"] is not None:
        if row is None:
            raise ScriptFailure("sc.exe ended with 1060.", "sc.exe ended with 1060.")
        start, delayed = _SC_START[arguments["start"]]
        machine.put("services", name, "start", value=start)
        if delayed is not None:
            machine.put("services", name, "delayed", value=delayed)
    if arguments["running"] is not None:
        verb = "Start" if arguments["running"] else "Stop"
        command = f"Microsoft.PowerShell.Commands.{verb}ServiceCommand"
        if row is None:
            message = f"Cannot find any service with service name '{name}'."
            raise ScriptFailure(f"NoServiceFoundForGivenName,{command}", message)
        _assert_can(machine, name, verb, command)
        if machine.get("services", name, "running") != arguments["running"]:
            machine.put("services", name, "running", value=arguments["running"])
    return {}


def _assert_can(machine: Machine, name: str, verb: str, command: str) -> None:
    shown = f"{machine.get('services', name, 'display_name')} ({name})"
    if verb == "Start" and machine.get("services", name, "start") == "disabled":
        message = f"Service '{shown}' cannot be started due to the following error: "
        message += f"Cannot start service {name} on computer '.'."
        raise ScriptFailure(f"CouldNotStartService,{command}", message)
    if verb == "Stop" and running_dependents(machine, name):
        message = f"Cannot stop service '{shown}' because it has dependent services. "
        message += "It can only be stopped if the Force flag is set."
        raise ScriptFailure(f"ServiceHasDependentServices,{command}", message)
