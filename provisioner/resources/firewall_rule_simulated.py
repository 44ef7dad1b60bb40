"""Plays `firewall_rule.read.ps1` and `firewall_rule.write.ps1` on the lab's machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from provisioner.resources import wmi_simulated
from provisioner.resources.base import Machine, ScriptFailure
from provisioner.resources.firewall_text import GROUP, PROTOCOLS, fields_of, remote_fields, text_of
from provisioner.resources.registry_values import drop_value, read_value, write_value

LOCAL = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall"

_KEYS = {
    "domain": ("DomainProfile", "DomainProfile"),
    "private": ("StandardProfile", "PrivateProfile"),
    "public": ("PublicProfile", "PublicProfile"),
}
_NUMBERS = {word.upper(): number for number, word in PROTOCOLS.items()}


def play(machine: Machine, verb: str, arguments: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """Raises `ScriptFailure` as the firewall's commands would fail."""
    if verb == "read":
        return _read(machine, arguments)
    command = {"create": "New", "update": "Set", "delete": "Remove"}[verb]
    _need_service(machine, command)
    text = read_value(machine, rf"{LOCAL}\FirewallRules", arguments["name"])
    if (text is not None) == (verb == "create"):
        raise _failure(command, arguments["name"])
    if verb == "delete":
        drop_value(machine, rf"{LOCAL}\FirewallRules", arguments["name"])
    else:
        written = _written(fields_of(str(text or "")), arguments, new=verb == "create")
        write_value(machine, rf"{LOCAL}\FirewallRules", arguments["name"], "String", text_of(written))
    return {}


def _read(machine: Machine, arguments: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    rules: dict[str, JsonValue] = {}
    for name in arguments["names"]:
        rules[name] = {"text": _text(machine, LOCAL, name), "policy": _text(machine, POLICY, name)}
    profiles: dict[str, JsonValue] = {name: _profile(machine, name) for name in _KEYS}
    service: Any = machine.get("services", "mpssvc")
    if service is None:
        raise ScriptFailure(
            "NoServiceFoundForGivenName,Microsoft.PowerShell.Commands.GetServiceCommand",
            "Cannot find any service with service name 'mpssvc'.",
        )
    return {
        "rules": rules,
        "profiles": profiles,
        "networks": _networks(machine),
        "service_running": service["running"],
        "part_of_domain": wmi_simulated.part_of_domain(machine),
    }


def _networks(machine: Machine) -> JsonValue:
    adapters: Any = machine.get("adapters") or {}
    return [*sorted({row["category"] for row in adapters.values() if row["up"]})]


def _text(machine: Machine, store: str, name: str) -> JsonValue:
    """Windows compares names without case. What is no rule's text is no rule."""
    found = read_value(machine, rf"{store}\FirewallRules", name)
    return found if isinstance(found, str) and found[:1] in "vV" and "|" in found else None


def _profile(machine: Machine, name: str) -> JsonValue:
    local, policy = _KEYS[name]
    return {
        "on": read_value(machine, rf"{LOCAL}\{local}", "EnableFirewall"),
        "policy_on": read_value(machine, rf"{POLICY}\{policy}", "EnableFirewall"),
        "policy_local_rules": read_value(machine, rf"{POLICY}\{policy}", "AllowLocalPolicyMerge"),
    }


def _need_service(machine: Machine, command: str) -> None:
    service: Any = machine.get("services", "mpssvc")
    if service is None or not service["running"]:
        raise ScriptFailure(
            f"Windows System Error 1753,{command}-NetFirewallRule",
            "There are no more endpoints available from the endpoint mapper. ",
        )


def _failure(command: str, name: str) -> ScriptFailure:
    if command == "New":
        return ScriptFailure(
            "Windows System Error 183,New-NetFirewallRule",
            "Cannot create a file when that file already exists. ",
        )
    return ScriptFailure(
        f"CmdletizationQuery_NotFound_InstanceID,{command}-NetFirewallRule",
        f"No MSFT_NetFirewallRule objects found with property 'InstanceID' equal to '{name}'.  Verify the "
        "value of the property and retry.",
    )


def _written(
    before: list[tuple[str, str]], arguments: Mapping[str, Any], *, new: bool
) -> list[tuple[str, str]]:
    """What is given replaces all of its kind; everything else of the rule stays."""
    given = {
        "Action": [arguments["action"]],
        "Active": [arguments["enabled"].upper()],
        "Dir": [{"Inbound": "In", "Outbound": "Out"}[arguments["direction"]]],
        "Protocol": [_NUMBERS[arguments["protocol"]]],
        "Profile": [name for name in arguments["profiles"] if name != "Any"],
        "LPort": [port for port in arguments["local_ports"] if "-" not in port],
        "LPort2_10": [port for port in arguments["local_ports"] if "-" in port],
        **_remote(arguments["remote_addresses"]),
    }
    if arguments["program"] is not None:
        given["App"] = [program for program in [arguments["program"]] if program != "Any"]
    if arguments["display_name"] is not None:
        given["Name"] = [arguments["display_name"]]
    if new:
        given["EmbedCtxt"] = [GROUP]
    kept = [field for field in before if field[0] not in given]
    return [*kept, *((name, value) for name, values in given.items() for value in values)]


def _remote(addresses: list[str]) -> dict[str, list[str]]:
    fields = remote_fields(addresses)
    return {kind: [value for name, value in fields if name == kind] for kind in ("RA4", "RA6")}
