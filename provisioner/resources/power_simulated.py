"""Plays `power.read.ps1` and `power.write.ps1` on the lab's machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from provisioner.resources import wmi_simulated
from provisioner.resources.base import Machine, ScriptFailure
from provisioner.resources.registry_values import read_value

POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Power\PowerSettings"

_INDEX = range(2**32)


def read(machine: Machine, arguments: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """The reply of `power.read.ps1`."""
    wmi_simulated.need(machine, "Win32_PowerPlan", "Win32_PowerSettingDataIndex")
    plan = _active(machine)
    if plan is None:
        raise ScriptFailure("No power plan is active.", "No power plan is active.")
    return {
        "plan": plan,
        "plan_policy": read_value(machine, POLICY, "ActivePowerScheme"),
        "settings": {row["name"]: _setting(machine, plan, row["setting"]) for row in arguments["settings"]},
        "part_of_domain": wmi_simulated.part_of_domain(machine),
    }


def write(machine: Machine, arguments: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """The effects of `power.write.ps1`; powercfg fails for a setting that the active plan does not have."""
    plan = _active(machine)
    for row in arguments["settings"]:
        for source in ("ac", "dc"):
            if row[source] is None:
                continue
            place = ("power", "plans", str(plan), "settings", row["setting"])
            if machine.get(*place) is None or row[source] not in _INDEX:
                raise _powercfg_failed()
            machine.put(*place, source, value=row[source])
    if plan is None:
        raise _powercfg_failed()
    return {}


def _powercfg_failed() -> ScriptFailure:
    return ScriptFailure("powercfg.exe ended with 1.", "powercfg.exe ended with 1.")


def _active(machine: Machine) -> str | None:
    plan = machine.get("power", "active")
    return str(plan).lower() if plan and machine.get("power", "plans", str(plan)) is not None else None


def _setting(machine: Machine, plan: str, setting: str) -> dict[str, JsonValue]:
    place = ("power", "plans", plan, "settings", setting)
    return {
        "ac": machine.get(*place, "ac"),
        "dc": machine.get(*place, "dc"),
        "policy_ac": read_value(machine, rf"{POLICY}\{setting}", "ACSettingIndex"),
        "policy_dc": read_value(machine, rf"{POLICY}\{setting}", "DCSettingIndex"),
    }
