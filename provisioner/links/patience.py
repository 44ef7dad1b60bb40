"""How long a command on a host may go on without saying anything of use."""

from __future__ import annotations

import time
from collections.abc import Callable

from provisioner.errors import UnreachableError

SILENT_SECONDS = 300
"""Until the next whole frame; what else is printed is no sign of life. So a question, which has one frame,
takes no longer in all, and a step of a batch neither. A first PowerShell on a fresh image is slow."""


class Patience:
    """Runs from its making or the newest frame on."""

    def __init__(self, host: str, now: Callable[[], float] = time.monotonic) -> None:
        self._host = host
        self._now = now
        self._heard = now()

    def renew(self) -> None:
        """A whole frame came."""
        self._heard = self._now()

    def check(self) -> None:
        """Raises `UnreachableError` once it has ended."""
        if self._now() - self._heard > SILENT_SECONDS:
            raise UnreachableError(
                f"it said nothing of use for {SILENT_SECONDS} s",
                where=self._host,
                next_step="Look at the host's load, then run the command again.",
            )
