"""What one line cost on the wire, counted where the bytes pass."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Meter:
    """Counts of one host and protocol. `requests` are those the design bounds; `extra` are Receives that
    came back before the command was done, and polls for a host that restarts. Bytes are those of HTTP
    messages (headers and bodies), without TLS and TCP."""

    protocol: str
    addresses: list[str] = field(default_factory=list)
    connections: int = 0
    requests: int = 0
    extra: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0

    def met(self, address: str) -> None:
        """Remember an address that was dialled."""
        if address not in self.addresses:
            self.addresses.append(address)

    def not_counted(self, requests: int = 1) -> None:
        """Move requests that were counted while they passed to the extra ones."""
        self.requests -= requests
        self.extra += requests
