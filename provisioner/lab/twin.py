"""One host's twin: machine, stage, door, and the power switch that ties them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from pydantic import JsonValue

from provisioner.lab.agenda import Agenda
from provisioner.lab.certificate import Certificate
from provisioner.lab.machine import SimulatedMachine
from provisioner.lab.premises import Premises
from provisioner.lab.stage import Hold, Moment, Stage
from provisioner.lab.tasks import Tasks
from provisioner.lab.uptime import Uptime
from provisioner.lab.winrm_door import WinrmDoor

DOWN_SECONDS = 0.6
"""How long a restarting machine answers nobody. Real ones take minutes."""


class Twin:
    """A simulated Windows host that can be logged on to."""

    def __init__(
        self,
        content: dict[str, JsonValue],
        premises: Premises,
        *,
        https: bool,
        saved: Callable[[], None],
        down_seconds: float = DOWN_SECONDS,
    ) -> None:
        self.uptime = Uptime()
        self.machine = SimulatedMachine(
            content, saved=saved, going_down=self._going_down, task_started=self._task_started
        )
        self.name = self.machine.name
        self.stage = Stage(self.machine, broken=self._broken, doomed=self._doomed)
        self._premises = premises
        self._down_seconds = down_seconds
        self._closing = threading.Event()
        self.restarts = 0
        self._tasks = Tasks(self.stage, self.uptime, premises.task_player)
        self._happenings = Agenda(self.uptime)
        pem = premises.folder / f"{self.name}.pem"
        certificate = Certificate(pem, self.machine.computer_name()) if https else None
        self.door = WinrmDoor(self.stage, premises, certificate)

    def hold(self, moment: Moment, step: int) -> None:
        """Hold the next batch before or after its n-th step."""
        self.release()
        self.stage.hold = Hold(moment, step)

    def wait_held(self, timeout_seconds: float) -> bool:
        """Wait until a batch stands at the hold."""
        return self.stage.hold is not None and self.stage.hold.reached.wait(timeout_seconds)

    def release(self) -> None:
        """Let a held batch go on; a hold that nobody reached is forgotten."""
        if self.stage.hold is not None:
            self.stage.hold.released.set()
        self.stage.hold = None

    def refuse_for(self, seconds: float) -> None:
        """Refuse connections for a while and reset those that are there."""
        self.door.refuse()
        self.door.cut_all()
        self._later(seconds, self.door.resume)

    def let_pass(self, seconds: float) -> None:
        """So much time is over: on its clock, and for every process that sleeps."""
        offset = int(str(self.machine.get("clock", "offset_ms") or 0))
        self.machine.set_by_hand("clock", "offset_ms", value=offset + round(seconds * 1000))
        self.uptime.let_pass(seconds)
        self._happenings.settle()
        self._tasks.settle()

    def in_time(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something when so much of its time is over, whatever becomes of its processes."""
        self._happenings.after(seconds, act)

    def cut_power(self, seconds: float) -> None:
        """The power goes, and comes back: what ran is gone, what starts with the machine starts."""
        self._power_off()
        self._later(seconds, self._power_on)

    def status(self) -> dict[str, Any]:
        """Counts and state, as JSON."""
        return self.door.counters.rows() | {
            "writes": self.machine.writes,
            "bookkeeping_writes": self.machine.bookkeeping_writes,
            "restarts": self.restarts,
            "open_connections": self.door.open_connections,
            "shells": len(self.door.shells),
            "holding": self.stage.holding,
        }

    def close(self) -> None:
        """End its timers, processes and connections."""
        self._closing.set()
        self._happenings.clear()
        self._tasks.end()
        self.uptime.close()
        self.release()
        self.door.shells.power_off()
        self.door.cut_all()

    def replace(self, content: dict[str, JsonValue]) -> None:
        """Another machine stands there now: connections, shells and counts of the old one are gone."""
        self.release()
        self.door.shells.power_off()
        self.door.cut_all()
        self._tasks.end()
        self.machine.replace(content)
        self.door.counters.clear()
        self.stage.mutex = threading.Lock()
        self.restarts = 0

    def _going_down(self, delay_seconds: int) -> None:
        deadline = time.monotonic() + delay_seconds
        self._later(0, lambda: self._go_down(deadline))

    def _go_down(self, deadline: float) -> None:
        # A short delay stays short of tests and demos; that the answer leaves first is what it is for, so an
        # engine that is still answering may use all of it.
        while self.stage.writing and time.monotonic() < deadline:
            if self._closing.wait(0.02):
                return
        left = max(deadline - time.monotonic(), 0)
        self._later(min(left, self._down_seconds), self._restart_now)

    def _restart_now(self) -> None:
        self._power_off()
        self._later(self._down_seconds, self._power_on)

    def _power_off(self) -> None:
        self._tasks.end()
        self.door.power_off()

    def _power_on(self) -> None:
        self.machine.boot()
        self._tasks.at_startup()
        self.stage.mutex = threading.Lock()
        self.door.resume()
        self.restarts += 1

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        def wait() -> None:
            if not self._closing.wait(seconds):
                act()

        threading.Thread(target=wait, name=f"timer of {self.name}", daemon=True).start()

    def _task_started(self, name: str) -> None:
        self._tasks.start(name)

    def _doomed(self) -> frozenset[str]:
        return self._premises.faults.awaited(self.name)

    def _broken(self, script: str) -> str | None:
        injected = self._premises.faults.take(self.name, script)
        return None if injected is None else str(injected.argument or "The lab was asked to let this fail.")
