"""The network between the controller and the machines: which address is held by whom.

A book from the address and port that the manifest declares to a loopback socket is the only translation
there is. An address that nobody holds is absent, and dialling it times out.
"""

from __future__ import annotations

import threading

LOOPBACK = "127.0.0.1"


class Network:
    """Who answers where; machines move while the lab runs."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, int], tuple[str, int]] = {}
        self._lock = threading.Lock()

    def hold(self, host: str, address: str, port: int, loopback_port: int) -> None:
        """The host answers at this address from now, and nowhere else."""
        with self._lock:
            self._leave(host)
            self._held[address.casefold(), port] = (host, loopback_port)

    def leave(self, host: str) -> None:
        """The host's cable is out."""
        with self._lock:
            self._leave(host)

    def dial(self, address: str, port: int) -> tuple[str, int] | None:
        """Where to connect to, or None where nobody holds the address."""
        with self._lock:
            held = self._held.get((address.casefold(), port))
        return None if held is None else (LOOPBACK, held[1])

    def _leave(self, host: str) -> None:
        self._held = {key: held for key, held in self._held.items() if held[0] != host}
