"""Plays `power.read.ps1` and `power.write.ps1` on the lab's machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from provisioner.resources.base import Machine, ScriptFailure
from provisioner.resources.registry_values import read_value

POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Power\PowerSettings"


def read(machine: Machine, arguments: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """The reply of `power.read.ps1`."""
    plan = _active(machine)
    return {
        "plan": plan,
        "plan_policy": read_value(machine, POLICY, "ActivePowerScheme"),
        "settings": {row["name"]: _setting(machine, plan, row["setting"]) for row in arguments["settings"]},
        "part_of_domain": machine.get("domain") is not None,
    }


def write(machine: Machine, arguments: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """The effects of `power.write.ps1`; powercfg fails for a setting that the plan does not have."""
    plan = _active(machine)
    for row in arguments["settings"]:
        for source in ("ac", "dc"):
            if row[source] is None:
                continue
            place = ("power", "plans", plan, "settings", row["setting"])
            if machine.get(*place) is None:
                raise ScriptFailure("powercfg.exe ended with 1.", "powercfg.exe ended with 1.")
            machine.put(*place, source, value=row[source])
    return {}


def _active(machine: Machine) -> str:
    return str(machine.get("power", "active")).lower()


def _setting(machine: Machine, plan: str, setting: str) -> dict[str, JsonValue]:
    place = ("power", "plans", plan, "settings", setting)
    return {
        "ac": machine.get(*place, "ac"),
        "dc": machine.get(*place, "dc"),
        "policy_ac": read_value(machine, rf"{POLICY}\{setting}", "ACSettingIndex"),
        "policy_dc": read_value(machine, rf"{POLICY}\{setting}", "DCSettingIndex"),
    }
