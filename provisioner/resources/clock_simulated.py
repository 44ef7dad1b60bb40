"""Plays `clock.read.ps1` and `clock.write.ps1` on the lab's machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from provisioner.resources import wmi_simulated
from provisioner.resources.base import Machine, ScriptFailure
from provisioner.resources.registry_values import key_exists, read_value, write_value
from provisioner.resources.time_zones import as_known, bias_minutes

ZONE = r"HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation"
ZONES = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Time Zones"
TIME = r"HKLM\SYSTEM\CurrentControlSet\Services\W32Time"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\W32Time"
_START_MODES = {"automatic": "Auto", "manual": "Manual", "disabled": "Disabled"}


def read(machine: Machine, arguments: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """The reply of `clock.read.ps1`."""
    wmi_simulated.need(machine, "Win32_Service")
    wanted, follows = arguments["zone"], machine.get("services", "tzautoupdate", "start")
    return {
        "zone": read_value(machine, ZONE, "TimeZoneKeyName"),
        "daylight_disabled": read_value(machine, ZONE, "DynamicDaylightTimeDisabled"),
        "zone_listed": None if wanted is None else _listed(machine, str(wanted)),
        "zone_follows_location": follows is not None and follows != "disabled",
        "ntp": _ntp(machine, TIME),
        "ntp_policy": _ntp(machine, POLICY),
        "service": _service(machine),
        "part_of_domain": wmi_simulated.part_of_domain(machine),
    }


def write(machine: Machine, arguments: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """The effects of `clock.write.ps1`."""
    if arguments["zone"] is not None:
        _tzutil(machine, str(arguments["zone"]))
    if arguments["mode"] == "ntp":
        _synchronise(machine, arguments)
    elif arguments["mode"] == "manual":
        write_value(machine, rf"{TIME}\Parameters", "Type", "String", "NoSync")
        if machine.get("services", "w32time") is None:
            raise ScriptFailure(
                "NoServiceFoundForGivenName,Microsoft.PowerShell.Commands.StopServiceCommand",
                "Cannot find any service with service name 'w32time'.",
            )
        _run(machine, running=False)
    if arguments["clock_offset_ms"] is not None:
        offset = int(str(machine.get("clock", "offset_ms") or 0))
        machine.put("clock", "offset_ms", value=offset - int(str(arguments["clock_offset_ms"])))
    return {}


def _listed(machine: Machine, zone: str) -> bool:
    return key_exists(machine, rf"{ZONES}\{zone}")


def _ntp(machine: Machine, root: str) -> dict[str, JsonValue]:
    return {
        "type": read_value(machine, rf"{root}\Parameters", "Type"),
        "servers": read_value(machine, rf"{root}\Parameters", "NtpServer"),
        "client_enabled": read_value(machine, rf"{root}\TimeProviders\NtpClient", "Enabled"),
        "poll_seconds": read_value(machine, rf"{root}\TimeProviders\NtpClient", "SpecialPollInterval"),
    }


def _service(machine: Machine) -> dict[str, JsonValue]:
    service: Any = machine.get("services", "w32time")
    if service is None:
        answer = "The service w32time is not installed."
        raise ScriptFailure(answer, answer)
    return {
        "start": _START_MODES[service["start"]],
        "delayed": bool(service.get("delayed")),
        "running": bool(service["running"]),
        "triggered": key_exists(machine, rf"{TIME}\TriggerInfo\0"),
    }


def _run(machine: Machine, *, running: bool) -> None:
    # Start-Service and Stop-Service do nothing where it is so already.
    if machine.get("services", "w32time", "running") != running:
        machine.put("services", "w32time", "running", value=running)


def _tzutil(machine: Machine, argument: str) -> None:
    zone = as_known(argument.removesuffix("_dstoff"))
    if not _listed(machine, zone):
        raise ScriptFailure("tzutil.exe ended with 1.", "tzutil.exe ended with 1.")
    daylight = not argument.endswith("_dstoff")
    bias, active = bias_minutes(zone, machine.now_ms(), daylight)
    write_value(machine, ZONE, "TimeZoneKeyName", "String", zone)
    write_value(machine, ZONE, "DynamicDaylightTimeDisabled", "DWord", 0 if daylight else 1)
    write_value(machine, ZONE, "Bias", "DWord", bias)
    write_value(machine, ZONE, "ActiveTimeBias", "DWord", active)


def _drop_triggers(machine: Machine) -> None:
    rows: Any = machine.get("registry")
    for key in rows:
        if key.casefold().startswith(rf"{TIME}\TriggerInfo".casefold() + "\\"):
            machine.drop("registry", key)


def _synchronise(machine: Machine, arguments: Mapping[str, JsonValue]) -> None:
    if machine.get("services", "w32time") is None:
        raise ScriptFailure("sc.exe ended with 1060.", "sc.exe ended with 1060.")
    if key_exists(machine, rf"{TIME}\TriggerInfo\0"):
        _drop_triggers(machine)
    machine.put("services", "w32time", "start", value="automatic")
    machine.put("services", "w32time", "delayed", value=False)
    _run(machine, running=True)
    client = rf"{TIME}\TimeProviders\NtpClient"
    write_value(machine, client, "Enabled", "DWord", 1)
    if arguments["poll_seconds"] is not None:
        write_value(machine, client, "SpecialPollInterval", "DWord", arguments["poll_seconds"])
    write_value(machine, rf"{TIME}\Parameters", "NtpServer", "String", arguments["peers"])
    write_value(machine, rf"{TIME}\Parameters", "Type", "String", "NTP")
