"""Plays `host.read.ps1` and `host.write.ps1` on the lab's machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

from provisioner.resources import accounts_simulated, wmi_simulated
from provisioner.resources.base import Machine, ScriptFailure
from provisioner.resources.host import (
    APPLIED_FILE,
    FILETIME_1970,
    NETWORK_STATE_FILE,
    RESTART_MARKER,
    RUN_FILE,
)
from provisioner.resources.registry_values import key_exists, read_value

LONGEST_DELAY = 315_360_000
"""Seconds that shutdown.exe waits at most (its own help)."""
LONGEST_REASON = 512
SYSTEM = r"HKLM\SYSTEM\CurrentControlSet"
MICROSOFT = r"HKLM\SOFTWARE\Microsoft"
NAMES = rf"{SYSTEM}\Control\ComputerName"
AXIS = "\\axis communications\\"

Session = Mapping[str, JsonValue]
"""Who runs the script: `sid`, `elevated`, `sixty_four_bit`; without a `sid` whoami.exe fails."""


def simulate(
    machine: Machine, verb: str, arguments: Mapping[str, JsonValue], session: Session
) -> Mapping[str, JsonValue]:
    """Raises `ScriptFailure` where what every run needs cannot be read."""
    if verb == "restart":
        _shutdown(machine, int(str(arguments["delay_seconds"])), str(arguments["reason"]))
        return {}
    known, elevated = session.get("sid") is not None, session.get("elevated")
    return _essential(machine) | {
        "system": _part(_system, machine),
        "firmware": _part(_firmware, machine),
        "windows": _windows(machine),
        "write_filter": _part(_write_filter, machine),
        "account_sid": session["sid"] if known else None,
        "elevated": elevated if known and isinstance(elevated, bool) else None,
        "sixty_four_bit": session.get("sixty_four_bit", True),
        "pending_restart": _pending_restart(machine),
        "axis_services": _part(_axis_services, machine),
        "network_change": _part(_network_change, machine),
        "people": _part(_people, machine),
    }


def _part(read: Callable[[Machine], JsonValue], machine: Machine) -> JsonValue:
    """What cannot be read is null, and the other parts still arrive."""
    try:
        return read(machine)
    except ScriptFailure:
        return None


def _essential(machine: Machine) -> dict[str, JsonValue]:
    wmi_simulated.need(machine, "Win32_OperatingSystem")
    # A DWord, here signed: minutes that UTC is ahead.
    zone = machine.get("registry", rf"{SYSTEM}\Control\TimeZoneInformation", "ActiveTimeBias", "data")
    bias = (int(str(zone or 0)) + 2**31) % 2**32 - 2**31
    local_ms = machine.now_ms() - bias * 60_000
    boot_ms = int(str(machine.get("boot", "started_ms")))
    return {
        "machine_guid": read_value(machine, rf"{MICROSOFT}\Cryptography", "MachineGuid"),
        "computer_name": read_value(machine, rf"{NAMES}\ActiveComputerName", "ComputerName"),
        "boot_filetime": boot_ms * 10_000 + FILETIME_1970,
        "local_time": datetime.fromtimestamp(local_ms // 1000, UTC).replace(tzinfo=None).isoformat(),
        "run_file": [*text_file_lines(machine, RUN_FILE)],
        "applied": "".join(text_file_lines(machine, APPLIED_FILE)),
    }


def _system(machine: Machine) -> JsonValue:
    wmi_simulated.need(machine, wmi_simulated.COMPUTER_SYSTEM)
    domain, user = machine.get("domain"), str(machine.get("logged_on") or "")
    name = read_value(machine, rf"{NAMES}\ActiveComputerName", "ComputerName")
    return {
        "manufacturer": str(machine.get("hardware", "manufacturer") or ""),
        "model": str(machine.get("hardware", "model") or ""),
        "part_of_domain": domain is not None,
        "domain": "WORKGROUP" if domain is None else domain,
        "user": user if not user or "\\" in user else f"{name or ''}\\{user}",
    }


def _firmware(machine: Machine) -> JsonValue:
    wmi_simulated.need(machine, "Win32_BIOS")
    row: Any = machine.get("hardware") or {}
    released = row.get("bios_released_ms")
    when = None if released is None else datetime.fromtimestamp(released // 1000, UTC)
    return {
        "serial": str(row.get("serial") or ""),
        "version": str(row.get("bios_version") or ""),
        "released": when.replace(tzinfo=None).isoformat() if when else "",
    }


def _windows(machine: Machine) -> JsonValue:
    names = {"product": "ProductName", "edition": "EditionID", "build": "CurrentBuildNumber"}
    names |= {"revision": "UBR"}
    key = rf"{MICROSOFT}\Windows NT\CurrentVersion"
    return {field: read_value(machine, key, name) for field, name in names.items()}


def _write_filter(machine: Machine) -> JsonValue:
    """A missing namespace or class means that the feature is not installed."""
    row: Any = machine.get("write_filter")
    wmi_simulated.may_ask(machine, "UWF_Filter")
    if row is None or wmi_simulated.lost(machine, "UWF_Filter"):
        return {"current": False, "next": False}
    return {"current": row["on"], "next": row["next"]}


def _pending_restart(machine: Machine) -> JsonValue:
    windows, name = rf"{MICROSOFT}\Windows\CurrentVersion", "ComputerName"
    active = str(read_value(machine, rf"{NAMES}\ActiveComputerName", name) or "")
    pending = read_value(machine, rf"{NAMES}\ComputerName", name)
    renames: Any = read_value(machine, rf"{SYSTEM}\Control\Session Manager", "PendingFileRenameOperations")
    updates = (rf"{MICROSOFT}\Updates", r"HKLM\SOFTWARE\Wow6432Node\Microsoft\Updates")
    return {
        "component_servicing": key_exists(machine, rf"{windows}\Component Based Servicing\RebootPending"),
        "windows_update": key_exists(machine, rf"{windows}\WindowsUpdate\Auto Update\RebootRequired"),
        "file_renames": any(renames or ()),
        "rename": pending is not None and str(pending).casefold() != active.casefold(),
        "domain_join": key_exists(machine, rf"{SYSTEM}\Services\Netlogon\JoinDomain"),
        "updaters": any(read_value(machine, key, "UpdateExeVolatile") for key in updates),
        "our_own": read_value(machine, *RESTART_MARKER) is not None,
    }


def _axis_services(machine: Machine) -> JsonValue:
    keys: Any = machine.get("registry") or {}
    above = f"{SYSTEM}\\Services\\".casefold()
    names = [key[len(above) :] for key in keys if key.casefold().startswith(above)]
    theirs = [
        name
        for name in names
        if "\\" not in name
        and AXIS in str(read_value(machine, rf"{SYSTEM}\Services\{name}", "ImagePath")).casefold()
    ]
    return {"running": [name for name in theirs if _runs(machine, name)]}


def _runs(machine: Machine, service: str) -> bool:
    row = machine.get("services", service)
    if not isinstance(row, Mapping):
        raise ScriptFailure("NoServiceFoundForGivenName", f"Cannot find any service with name '{service}'.")
    return row["running"] is True


def _network_change(machine: Machine) -> JsonValue:
    return "".join(text_file_lines(machine, NETWORK_STATE_FILE))


def _people(machine: Machine) -> JsonValue:
    administrators = accounts_simulated.member_sids(machine, accounts_simulated.ADMINISTRATORS)
    return {"administrators": [*administrators], "local": accounts_simulated.local_users(machine)}


def text_lines(text: str) -> list[str]:
    """Lines as `Get-Content` cuts them: at CR LF, LF and CR, and nowhere else."""
    lines = re.split(r"\r\n|\n|\r", text)
    return lines if lines[-1] else lines[:-1]


def text_file_lines(machine: Machine, path: str) -> list[str]:
    """`Get-TextLine`: none where the file is missing; a folder in its place refuses to be read."""
    row = machine.get("files", path)
    if isinstance(row, Mapping) and "text" not in row:
        raise ScriptFailure(
            "GetContentReaderUnauthorizedAccessError,Microsoft.PowerShell.Commands.GetContentCommand",
            f"Access to the path '{path}' is denied.",
        )
    return text_lines(str(row["text"])) if isinstance(row, Mapping) else []


def _shutdown(machine: Machine, delay_seconds: int, reason: str) -> None:
    """shutdown.exe takes a delay of at most ten years and a reason of at most 512 characters."""
    if not 0 <= delay_seconds <= LONGEST_DELAY or len(reason) > LONGEST_REASON:
        raise ScriptFailure("shutdown.exe ended with 1.", "shutdown.exe ended with 1.")
    machine.restart(delay_seconds)
