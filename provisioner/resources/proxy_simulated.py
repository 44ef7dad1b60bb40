"""Plays `proxy.read.ps1` and `proxy.write.ps1` on the lab's machine."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from provisioner.resources import wmi_simulated
from provisioner.resources.base import Machine, ScriptFailure
from provisioner.resources.proxy_text import Connection, counter_of, decoded
from provisioner.resources.registry_values import drop_value, read_value, write_value
from provisioner.resources.windows_update_simulated import POLICY_FILE, file_bytes

_SETTINGS = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings"
MACHINE = rf"HKLM\{_SETTINGS}"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings"
LOCAL_SYSTEM = rf"HKU\S-1-5-18\{_SETTINGS}"
CONNECTIONS = "Connections"

_SERVICE_DISABLED = -2_147_023_838
"""0x80070422 as an exit code."""


def read(machine: Machine) -> Mapping[str, JsonValue]:
    """The reply of `proxy.read.ps1`."""
    return {
        "client": {
            "per_user": read_value(machine, POLICY, "ProxySettingsPerUser"),
            "in_policy_file": _in_policy_file(machine),
            "enable": read_value(machine, MACHINE, "ProxyEnable"),
            "server": read_value(machine, MACHINE, "ProxyServer"),
            "bypass": read_value(machine, MACHINE, "ProxyOverride"),
            "script": read_value(machine, MACHINE, "AutoConfigURL"),
            "connection": _bytes(machine, MACHINE, "DefaultConnectionSettings"),
        },
        "server": _bytes(machine, LOCAL_SYSTEM, "DefaultConnectionSettings"),
        "winhttp": _bytes(machine, MACHINE, "WinHttpSettings"),
        "part_of_domain": wmi_simulated.part_of_domain(machine),
    }


def write(machine: Machine, arguments: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """The effects of `proxy.write.ps1`."""
    for row in arguments["values"]:
        if row["value"] is not None:
            write_value(machine, row["key"], row["name"], row["type"], row["value"])
        elif read_value(machine, row["key"], row["name"]) is not None:
            drop_value(machine, row["key"], row["name"])
    if arguments["server"] is not None:
        _bitsadmin(machine, *arguments["server"])
    if arguments["winhttp"] is not None:
        _netsh(machine, arguments["winhttp"])
    return {}


def _in_policy_file(machine: Machine) -> bool:
    return b"proxysettingsperuser" in file_bytes(machine, POLICY_FILE).replace(b"\0", b"").lower()


def _bytes(machine: Machine, key: str, name: str) -> JsonValue:
    found = read_value(machine, rf"{key}\{CONNECTIONS}", name)
    return b64encode(bytes(found)).decode("ascii") if isinstance(found, list) else None  # type: ignore[arg-type]


def _bitsadmin(machine: Machine, usage: str, address: str = "", bypass: str = "NULL") -> None:
    if machine.get("services", "BITS", "start") == "disabled":
        raise _ended("bitsadmin.exe", _SERVICE_DISABLED)
    key, name = rf"{LOCAL_SYSTEM}\{CONNECTIONS}", "DefaultConnectionSettings"
    before = _bytes(machine, LOCAL_SYSTEM, name)
    if usage == "RESET":
        if before is not None:
            drop_value(machine, key, name)
        return
    connection = {
        "NO_PROXY": Connection(),
        "AUTODETECT": Connection(auto_detect=True),
        "AUTOSCRIPT": Connection(script=address),
        "MANUAL_PROXY": Connection(address, "" if bypass == "NULL" else bypass),
    }[usage]
    blob = connection.blob(counter_of(decoded(before)) + 1)
    write_value(machine, key, name, "Binary", b64encode(blob).decode("ascii"))


def _netsh(machine: Machine, words: Sequence[str]) -> None:
    given = dict(word.split("=", 1) for word in words[2:])
    connection = Connection(given.get("proxy-server", ""), given.get("bypass-list", ""))
    blob = b64encode(connection.winhttp_blob()).decode("ascii")
    write_value(machine, rf"{MACHINE}\{CONNECTIONS}", "WinHttpSettings", "Binary", blob)


def _ended(program: str, code: int) -> ScriptFailure:
    return ScriptFailure(f"{program} ended with {code}.", f"{program} ended with {code}.")
