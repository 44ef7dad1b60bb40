"""The network between the controller and the machines: which host holds which address.

A book from the declared address and port to a loopback socket is the only translation there is. An address
that nobody holds is not in it, and dialling it times out.
"""

from __future__ import annotations

import threading

LOOPBACK = "127.0.0.1"


class Network:
    """Who answers where. `version` goes up with every move, so that a reader knows when to look again."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[str | None, int]] = {}
        self._lock = threading.Lock()
        self.version = 0

    def hold(self, host: str, address: str | None, port: int) -> bool:
        """The host answers at this address and port from now, and nowhere else; with None, nowhere.

        Whether that is new.
        """
        with self._lock:
            if self._held.get(host) == (address, port):
                return False
            self._held[host] = (address, port)
            self.version += 1
            return True

    def where(self, host: str) -> tuple[str | None, int]:
        """The address and port at which a host answers; None where no way leads to it."""
        with self._lock:
            return self._held[host]
