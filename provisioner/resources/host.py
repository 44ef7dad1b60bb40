"""The machine itself: who it is, when it started, what we left on it. Read in every round, never declared."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

from provisioner.resources import wmi_simulated
from provisioner.resources.base import Ask, Asking, Change, Changing, Machine, ScriptFailure
from provisioner.resources.host_facts import HostFacts, LeftOver
from provisioner.resources.registry_values import read_value

OUR_FOLDER = r"C:\Program Files\provisioner"
"""Everything we keep on a host lies here, readable by administrators and the system alone.

Not below ProgramData: there any user may make the folder first and stay its owner.
"""
RUN_FILE = rf"{OUR_FOLDER}\run.jsonl"
APPLIED_FILE = rf"{OUR_FOLDER}\applied.json"

NETWORK_STATE_FILE = rf"{OUR_FOLDER}\network\state.json"
"""Where a change of the network says what has become of it."""

SCRIPT = "host"
LONGEST_DELAY = 315_360_000
"""Seconds that shutdown.exe waits at most (its own help)."""
LONGEST_REASON = 512
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
        network_change=_json_or_nothing(value["network_change"]),
    )


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


def simulate(machine: Machine, verb: str, arguments: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """Play `host.read.ps1` and `host.write.ps1`."""
    if verb == "restart":
        _shutdown(machine, int(str(arguments["delay_seconds"])), str(arguments["reason"]))
        return {}
    wmi_simulated.need(machine, "Win32_OperatingSystem")
    zone = machine.get(
        "registry", r"HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation", "ActiveTimeBias", "data"
    )
    # A DWord, here signed: minutes that UTC is ahead.
    bias = (int(str(zone or 0)) + 2**31) % 2**32 - 2**31
    local_ms = machine.now_ms() - bias * 60_000
    boot_ms = int(str(machine.get("boot", "started_ms")))
    return {
        "machine_guid": read_value(machine, r"HKLM\SOFTWARE\Microsoft\Cryptography", "MachineGuid"),
        "computer_name": read_value(
            machine,
            r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName",
            "ComputerName",
        ),
        "boot_filetime": boot_ms * 10_000 + FILETIME_1970,
        "local_time": datetime.fromtimestamp(local_ms // 1000, UTC).replace(tzinfo=None).isoformat(),
        "run_file": [*text_file_lines(machine, RUN_FILE)],
        "network_change": "".join(text_file_lines(machine, NETWORK_STATE_FILE)),
        "applied": "".join(text_file_lines(machine, APPLIED_FILE)),
    }


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
