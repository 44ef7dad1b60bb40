"""What will happen on a machine when its time has come, by uptime and never by the clock."""

from __future__ import annotations

import threading
from collections.abc import Callable

from provisioner.lab.uptime import Uptime

Act = Callable[[], object]


class Agenda:
    """Acts in the order of their moments, each once."""

    def __init__(self, uptime: Uptime) -> None:
        self._uptime = uptime
        self._due: list[tuple[float, Act]] = []
        self._lock = threading.RLock()

    def after(self, seconds: float, act: Act) -> None:
        """Act when so many seconds of uptime are over."""
        moment = self._uptime.now() + seconds
        with self._lock:
            self._due.append((moment, act))
        threading.Thread(target=self._wait, args=(moment,), daemon=True, name="agenda").start()

    def clear(self) -> None:
        """Nothing of it will happen."""
        with self._lock:
            self._due.clear()

    def settle(self) -> None:
        """Let those act whose time has come."""
        with self._lock:
            while due := sorted((row for row in self._due if row[0] <= self._uptime.now()), key=_moment):
                self._due.remove(due[0])
                due[0][1]()

    def _wait(self, moment: float) -> None:
        if self._uptime.wait_until(moment):
            self.settle()


def _moment(row: tuple[float, Act]) -> float:
    return row[0]
