"""Plays `windows_update.read.ps1` and `windows_update.write.ps1` on the lab's machine.

gpupdate is not played: it would stamp the policy file's own values, which the script has just written.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from provisioner.resources import wmi_simulated
from provisioner.resources.base import Machine, ScriptFailure
from provisioner.resources.registry_values import drop_value, is_listed, read_value, write_value
from provisioner.resources.windows_update_values import AUTOMATIC

POLICY_FOLDER = r"C:\Windows\System32\GroupPolicy\Machine"
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
        "part_of_domain": wmi_simulated.part_of_domain(machine),
    }


def write(machine: Machine, arguments: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """The effects of `windows_update.write.ps1`."""
    if not is_listed(machine, "files", POLICY_FOLDER):
        machine.put("files", POLICY_FOLDER, value={"folder": True})
    for path, content in ((POLICY_FILE, arguments["policy_file"]), (GPT_INI, arguments["gpt_ini"])):
        _write_file(machine, path, content)
    for row in arguments["values"]:
        if row["number"] is not None:
            write_value(machine, row["key"], row["name"], "DWord", row["number"])
        elif read_value(machine, row["key"], row["name"]) is not None:
            drop_value(machine, row["key"], row["name"])
    _restart_agent(machine)
    return {}


def _write_file(machine: Machine, path: str, content: JsonValue) -> None:
    """What is known of the file besides its content stays."""
    if machine.get("files", path, "text") is not None:
        machine.drop("files", path, "text")
    machine.put("files", path, "base64", value=content)


def _restart_agent(machine: Machine) -> None:
    """`Restart-Service` where the agent runs; one that is disabled is stopped and stays so."""
    agent: Any = machine.get("services", "wuauserv")
    if agent is None:
        raise ScriptFailure(
            "NoServiceFoundForGivenName,Microsoft.PowerShell.Commands.GetServiceCommand",
            "Cannot find any service with service name 'wuauserv'.",
        )
    if agent["running"] and agent["start"] == "disabled":
        machine.put("services", "wuauserv", "running", value=False)
        raise ScriptFailure(
            "CouldNotStartService,Microsoft.PowerShell.Commands.RestartServiceCommand",
            f"Service '{agent['display_name']} (wuauserv)' cannot be started due to the following error: "
            "Cannot start service wuauserv on computer '.'.",
        )


def _file(machine: Machine, path: str) -> JsonValue:
    row = machine.get("files", path)
    if not isinstance(row, Mapping):
        return None
    return row["base64"] if "base64" in row else b64encode(str(row["text"]).encode()).decode("ascii")


def file_bytes(machine: Machine, path: str) -> bytes:
    """Nothing where there is no such file."""
    return b64decode(str(_file(machine, path) or ""))
