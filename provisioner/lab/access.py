"""How a link reaches the lab's hosts: the book of addresses, passwords and pins, from a list of endpoints."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from provisioner.errors import LabError
from provisioner.lab.saving import write_json
from provisioner.resources.base import Secret

FIELDS = ("name", "role", "address", "url", "username", "password", "certificate_sha256", "book")


class Named(Protocol):
    """Anything that bears a host's name."""

    @property
    def name(self) -> str: ...


class Access:
    """Answers from the endpoints as they are now: `read` is called for each question."""

    def __init__(self, read: Callable[[], dict[str, Any]]) -> None:
        self._read = read

    def endpoints(self) -> dict[str, Any]:
        """`{"hosts": [{name, role, address, url, username, password, certificate_sha256, book}]}`."""
        return self._read()

    def write_endpoints(self, path: Path) -> None:
        """Write them for another process, for this user alone: they hold passwords."""
        write_json(path, self.endpoints())

    def dial(self, address: str, port: int) -> tuple[str, int] | None:
        """Where a declared address and port really are, or None where nobody holds the address."""
        for row in self.endpoints()["hosts"]:
            declared, real = row.get("book") or (f"{row['address']}:{port}", urlsplit(row["url"]).netloc)
            if declared.casefold() == f"{address}:{port}".casefold():
                host, _, loopback_port = real.rpartition(":")
                return host, int(loopback_port)
        return None

    def password(self, host: Named) -> str:
        """The password of the host's account in the lab. Raises `LabError`."""
        return str(self._row(host)["password"])

    def pin(self, host: Named) -> str | None:
        """The SHA-256 of the host's certificate in the lab, or None over HTTP. Raises `LabError`."""
        pin = self._row(host)["certificate_sha256"]
        return None if pin is None else str(pin)

    def secret(self, secret: Secret) -> str:
        """A generated value in the place of a real secret: the same for the same reference in one lab."""
        passwords = [row["password"] for row in self.endpoints()["hosts"]]
        drawn = hashlib.sha256(repr((passwords, secret)).encode()).hexdigest()
        return f"Lab.{drawn[:20]}.aA1"

    def _row(self, host: Named) -> dict[str, Any]:
        for row in self.endpoints()["hosts"]:
            if row["name"] == host.name:
                return dict(row)
        raise LabError(
            f"the lab has no host '{host.name}'.", next_step="Serve the lab from the manifest that you plan."
        )
