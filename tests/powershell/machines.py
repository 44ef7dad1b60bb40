"""The machines on which the engine's tests run: a small one, and the lab's factory-new one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from pydantic import JsonValue

from provisioner.lab.factory import factory_new
from provisioner.lab.machine import SimulatedMachine
from provisioner.resources.clock_simulated import ZONE
from provisioner.resources.computer_name import NAMES

from .engine import NOW_MS

GUID = str(uuid4())
"""Drawn anew in each process: the mutex named after it is the whole computer's."""
SAVER = "a1841308-3541-4fab-bc81-f71556f20b4a"
NAME = "AXIS-B8A44F"
CRYPTOGRAPHY = r"HKLM\SOFTWARE\Microsoft\Cryptography"


def text(value: str) -> dict[str, JsonValue]:
    """A REG_SZ value."""
    return {"type": "String", "data": value}


def small_machine(**more: Any) -> dict[str, Any]:
    """A workgroup machine named AXIS-B8A44F with what the host and the computer name read."""
    machine: dict[str, Any] = {
        "name": "control-room-1",
        "registry": {
            CRYPTOGRAPHY: {"MachineGuid": text(GUID)},
            rf"{NAMES}\ActiveComputerName": {"ComputerName": text(NAME)},
            rf"{NAMES}\ComputerName": {"ComputerName": text(NAME)},
            ZONE: {"ActiveTimeBias": {"type": "DWord", "data": -60}},
        },
        "files": {r"C:\ProgramData": {"folder": True}, r"C:\Program Files": {"folder": True}},
        "services": {},
        "clock": {"offset_ms": 0},
        "boot": {"started_ms": NOW_MS - 86_400_000},
        "domain": None,
    }
    return json.loads(json.dumps(machine | more))  # type: ignore[no-any-return]


class StillMachine(SimulatedMachine):
    """The lab's machine while real time stands still at `real_ms`."""

    def __init__(
        self,
        content: Mapping[str, JsonValue],
        real_ms: int = NOW_MS,
        going_down: Callable[[int], None] = lambda _: None,
        task_started: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(content, going_down=going_down, task_started=task_started)
        self._real_ms = real_ms

    def now_ms(self) -> int:
        """No real clock: both sides must answer the same."""
        return self._real_ms + int(str(self.get("clock", "offset_ms") or 0))


def terminal(**more: Any) -> dict[str, Any]:
    """A factory-new machine; summer or winter by its `clock`."""
    machine = factory_new("control-room-1", seed="engine", computer_name=NAME, accounts={}, now_ms=NOW_MS)
    machine["registry"][CRYPTOGRAPHY]["MachineGuid"] = text(GUID)
    return json.loads(json.dumps(machine | more))  # type: ignore[no-any-return]


def with_battery(machine: dict[str, Any]) -> dict[str, Any]:
    """The same machine with values for running on battery."""
    for plan in machine["power"]["plans"].values():
        for setting in plan["settings"].values():
            setting["dc"] = 600
    return machine
