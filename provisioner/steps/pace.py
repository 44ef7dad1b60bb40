"""Time as the steps know it: a seam, so that a simulated host's ten minutes need not be waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Seconds that only go forward, and a way to let some of them pass."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


REAL = Pace()


def real(_host: str) -> Pace:
    """Every host's time is our own."""
    return REAL
