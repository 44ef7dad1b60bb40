"""What one door counted since the lab started."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Counters:
    """`requests` is every HTTP request, handshakes included; bytes are HTTP's, without TLS and TCP."""

    requests: int = 0
    connections: int = 0
    most_in_a_connection: int = 0
    """Requests of the busiest one."""
    bytes_in: int = 0
    bytes_out: int = 0
    refused_logons: int = 0
    operations: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def connection(self) -> None:
        """One more connection was accepted."""
        with self.lock:
            self.connections += 1

    def request(self, size: int, of_its_connection: int) -> None:
        """One more request came in whole, the n-th of its connection."""
        with self.lock:
            self.requests += 1
            self.most_in_a_connection = max(self.most_in_a_connection, of_its_connection)
            self.bytes_in += size

    def operation(self, name: str) -> None:
        """A request turned out to be this operation, or `login`."""
        with self.lock:
            self.operations[name] += 1
            if name == "refused_login":
                self.refused_logons += 1

    def answer(self, size: int) -> None:
        """An answer left."""
        with self.lock:
            self.bytes_out += size

    def clear(self) -> None:
        """Begin anew."""
        with self.lock:
            self.requests = self.connections = self.bytes_in = self.bytes_out = self.refused_logons = 0
            self.most_in_a_connection = 0
            self.operations.clear()

    def rows(self) -> dict[str, Any]:
        """As JSON."""
        with self.lock:
            return {
                "requests": self.requests,
                "connections": self.connections,
                "most_in_a_connection": self.most_in_a_connection,
                "bytes_in": self.bytes_in,
                "bytes_out": self.bytes_out,
                "refused_logons": self.refused_logons,
                "operations": dict(self.operations),
            }
