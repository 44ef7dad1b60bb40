"""How long a simulated machine has been running. Real time passes, and more of it where a person says so."""

from __future__ import annotations

import threading
import time


class Uptime:
    """Seconds that only go forward: what a sleeping process counts, whatever the clock is set to."""

    def __init__(self) -> None:
        self._passed = 0.0
        self._changed = threading.Condition()
        self._closed = False

    def now(self) -> float:
        """Seconds since some moment."""
        return time.monotonic() + self._passed

    def let_pass(self, seconds: float) -> None:
        """So much time is over at once; who waits for it wakes up."""
        with self._changed:
            self._passed += seconds
            self._changed.notify_all()

    def close(self) -> None:
        """Nobody waits any longer."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_until(self, moment: float) -> bool:
        """Wait; False where it was closed before the moment came."""
        with self._changed:
            while not self._closed and self.now() < moment:
                self._changed.wait(moment - self.now())
            return not self._closed
