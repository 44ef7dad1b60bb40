"""Plays `windows_update.read.ps1` and `windows_update.write.ps1` on the lab's machine.

gpupdate is not played: it would stamp the policy file's own values, which the script has just written.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from provisioner.resources.base import Machine
from provisioner.resources.registry_values import drop_value, read_value, write_value
from provisioner.resources.windows_update_values import AUTOMATIC

POLICY_FILE = r"C:\Windows\System32\GroupPolicy\Machine\Registry.pol"
GPT_INI = r"C:\Windows\System32\GroupPolicy\gpt.ini"
PREFERENCE = r"HKLM\SOFTWARE\Microsoft\WindowsUpdate\UX\Settings"


def read(machine: Machine, arguments: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """The reply of `windows_update.read.ps1`."""
    return {
        "policy": {row["name"]: read_value(machine, row["key"], row["name"]) for row in arguments["values"]},
        "preference": {
            "start": read_value(machine, PREFERENCE, "ActiveHoursStart"),
            "end": read_value(machine, PREFERENCE, "ActiveHoursEnd"),
        },
        "no_restart_with_users": read_value(machine, AUTOMATIC, "NoAutoRebootWithLoggedOnUsers"),
        "policy_file": _file(machine, POLICY_FILE),
        "gpt_ini": _file(machine, GPT_INI),
        "part_of_domain": machine.get("domain") is not None,
    }


def write(machine: Machine, arguments: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """The effects of `windows_update.write.ps1`."""
    machine.put("files", POLICY_FILE, value={"base64": arguments["policy_file"]})
    machine.put("files", GPT_INI, value={"base64": arguments["gpt_ini"]})
    for row in arguments["values"]:
        if row["number"] is not None:
            write_value(machine, row["key"], row["name"], "DWord", row["number"])
        elif read_value(machine, row["key"], row["name"]) is not None:
            drop_value(machine, row["key"], row["name"])
    return {}


def _file(machine: Machine, path: str) -> JsonValue:
    row = machine.get("files", path)
    if not isinstance(row, Mapping):
        return None
    return row["base64"] if "base64" in row else b64encode(str(row["text"]).encode()).decode("ascii")
