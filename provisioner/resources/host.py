"""The machine itself: who it is, when it started, what we left on it. Read in every round, never declared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from provisioner.resources.base import Ask, Asking, Change, Changing
from provisioner.resources.host_facts import Account, HostFacts, LeftOver

OUR_FOLDER = r"C:\Program Files\provisioner"
"""Everything we keep on a host lies here, readable by administrators and the system alone.

Not below ProgramData: there any user may make the folder first and stay its owner.
"""
RUN_FILE = rf"{OUR_FOLDER}\run.jsonl"
APPLIED_FILE = rf"{OUR_FOLDER}\applied.json"

NETWORK_STATE_FILE = rf"{OUR_FOLDER}\network\state.json"
"""Where a network change that is not confirmed yet says what it is."""
RESTART_MARKER = (r"HKLM\HARDWARE\DESCRIPTION\System", "ProvisionerRestartPending")
"""Key and value name: there while something that we did waits for a restart and Windows does not know of it.

The tree HARDWARE lives in memory and is made anew at each start, so the restart takes the mark away by
itself, whatever the clock says; shutting down with Fast Startup is no restart and keeps it.
"""

SCRIPT = "host"
FILETIME_1970 = 116_444_736_000_000_000
"""1970 in Windows file time: 100 ns ticks since 1601 (MS-DTYP 2.3.3)."""


def read_host() -> Asking[HostFacts]:
    """One call; a torn last line of the run file is ignored, as the machine may have lost power."""
    reply = yield Ask(SCRIPT)
    value = reply.value
    lines: Any = value["run_file"]
    return HostFacts(
        machine_guid=str(value["machine_guid"]).lower(),
        computer_name=str(value["computer_name"]),
        boot_filetime=int(str(value["boot_filetime"])),
        local_time=datetime.fromisoformat(str(value["local_time"])),
        left_over=LeftOver(*run_file(lines)) if lines else None,
        applied=_json_or_nothing(value["applied"]),
        account_sid=_text(value, "account_sid"),
        elevated=_switch(value, "elevated"),
        sixty_four_bit=_switch(value, "sixty_four_bit"),
        network_change=_network_change(value["network_change"]),
        **_people(value.get("people")),
        **_machine(value),
        **_restart(value),
    )


def _machine(value: Mapping[str, Any]) -> dict[str, Any]:
    """What stands there: device, firmware, Windows, domain, write filter."""
    system, firmware, windows = (value[part] or {} for part in ("system", "firmware", "windows"))
    filter_ = value["write_filter"] or {}
    build = ".".join(
        str(part) for part in (windows.get("build"), windows.get("revision")) if part is not None
    )
    return {
        "manufacturer": _text(system, "manufacturer"),
        "model": _text(system, "model"),
        "serial": _text(firmware, "serial"),
        "bios_version": _text(firmware, "version"),
        "bios_date": str(firmware["released"]).partition("T")[0] if firmware else None,
        "windows": _text(windows, "product"),
        "edition": _text(windows, "edition"),
        "build": build or None,
        "part_of_domain": _switch(system, "part_of_domain"),
        "domain": _text(system, "domain") if system.get("part_of_domain") else "" if system else None,
        "write_filter": _switch(filter_, "current"),
        "write_filter_next": _switch(filter_, "next"),
    }


def _restart(value: Mapping[str, Any]) -> dict[str, Any]:
    """What waits for a restart, and what one would interrupt."""
    pending, services = value["pending_restart"], value["axis_services"]
    running: Any = services and services["running"]
    return {
        "pending_restart": pending and tuple(reason for reason, waits in pending.items() if waits),
        "logged_on": _text(value["system"] or {}, "user"),
        "axis_services": services and tuple(sorted(map(str, running))),
    }


def _people(people: Any) -> dict[str, Any]:
    """Who administers the machine, and whom it knows itself."""
    if not people:
        return {}
    accounts = (Account(str(row["sid"]), str(row["name"]), row["enabled"]) for row in people["local"])
    return {"administrators": tuple(map(str, people["administrators"])), "accounts": tuple(accounts)}


def _text(part: Mapping[str, Any], name: str) -> str | None:
    found = part.get(name)
    return None if found is None else str(found).strip()


def _switch(part: Mapping[str, Any], name: str) -> bool | None:
    found = part.get(name)
    return found if isinstance(found, bool) else None


def _network_change(text: Any) -> Mapping[str, Any] | None:
    """Empty where none is pending; a file that says something else is unknown, not nothing."""
    return _json_or_nothing(text) or (None if text is None or text.strip() else {})


def restart_host(delay_seconds: int, reason: str) -> Changing[None]:
    """Schedule a restart; the delay lets the answer out first (2 s at least, ansible.windows)."""
    yield Change(SCRIPT, "restart", {"delay_seconds": delay_seconds, "reason": reason})


def run_file(lines: Any) -> tuple[str, tuple[Mapping[str, Any], ...]]:
    """The run that wrote this run file, and one row per step that it finished."""
    rows = [row for row in map(_json_or_nothing, lines if isinstance(lines, list) else ()) if row]
    run = next((str(row["run"]) for row in rows if "run" in row), "unknown")
    return run, tuple(row for row in rows if "id" in row)


def _json_or_nothing(text: Any) -> dict[str, Any]:
    try:
        parsed = json.loads(text) if isinstance(text, str) else {}
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
