"""How a link reaches the lab's hosts: the book of addresses, passwords and pins, from a list of endpoints."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from provisioner.errors import LabError
from provisioner.lab.network import LOOPBACK
from provisioner.lab.saving import read_json, write_json
from provisioner.resources.base import Secret


class Named(Protocol):
    """Anything that bears a host's name."""

    @property
    def name(self) -> str: ...


class Access:
    """Answers from the endpoints as they are now: `read` is called for each question."""

    def __init__(
        self, read: Callable[[], dict[str, Any]], look: Callable[[dict[str, Any]], None] = lambda _: None
    ) -> None:
        """`look` is given endpoints that are new before they are used, and may raise `LabError`."""
        self._read = read
        self._look = look
        self._seen: dict[str, Any] | None = None
        self._rows: dict[str, dict[str, Any]] = {}
        self._book: dict[str, str] = {}

    def endpoints(self) -> dict[str, Any]:
        """`{"hosts": [{name, role, address, url, username, password, certificate_sha256, book}]}`."""
        return self._read()

    def write_endpoints(self, path: Path) -> None:
        """Write them for another process, for this user alone: they hold passwords."""
        write_json(path, self.endpoints())

    def dial(self, address: str, port: int) -> tuple[str, int] | None:
        """Where a declared address and port really are, or None where nobody holds the address."""
        self._look_again()
        real = self._book.get(f"{address}:{port}".casefold())
        if real is None:
            return None
        host, _, loopback_port = real.rpartition(":")
        return host, int(loopback_port)

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
        self._look_again()
        if host.name not in self._rows:
            raise LabError(
                f"the lab has no host '{host.name}'.",
                next_step="Serve the lab from the manifest that you plan.",
            )
        return self._rows[host.name]

    def _look_again(self) -> None:
        now = self._read()
        if now is not self._seen:
            self._look(now)
            self._rows = {row["name"]: row for row in now["hosts"]}
            self._book = dict(_page(row) for row in now["hosts"])
            self._seen = now


def _page(row: dict[str, Any]) -> tuple[str, str]:
    """One line of the book; a file written for other programs may lack it, but has address and URL."""
    url = urlsplit(row["url"])
    usual = 5986 if url.scheme == "https" else 5985
    declared, real = row.get("book") or (f"{row['address']}:{usual}", url.netloc)
    return str(declared).casefold(), str(real)


_FIELDS = ("name", "address", "url", "password")


def are_endpoints(content: Any) -> bool:
    """Whether this is what `Access` can answer from."""
    hosts = content.get("hosts") if isinstance(content, dict) else None
    return isinstance(hosts, list) and all(map(_is_row, hosts))


def _is_row(row: Any) -> bool:
    if not isinstance(row, dict) or not all(isinstance(row.get(field), str) for field in _FIELDS):
        return False
    book = row.get("book")
    fits = book is None or (isinstance(book, list) and len(book) == 2)
    try:
        return fits and "certificate_sha256" in row and _page(row)[1].rpartition(":")[2].isdecimal()
    except ValueError:
        return False


def has_ended(endpoints: dict[str, Any]) -> bool:
    """Whether the lab that serves these doors is gone. Connects to nobody.

    A lab keeps the ports of all its doors from its start to its end, also while a machine is down: one that
    can be had now belongs to no lab. A connection would be counted, and fail where a machine is down.
    """
    for row in endpoints["hosts"][:1]:
        host, _, port = _page(row)[1].rpartition(":")
        if host == LOOPBACK:
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                return _can_have(probe, int(port))
    return False


def _can_have(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind((LOOPBACK, port))
    except (OSError, OverflowError):
        return False
    return True


class EndpointsFile:
    """Reads a JSON file when it changed, and gives the same object as long as it did not."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._content: Any = None

    def content(self) -> Any:
        """What the file holds now, or None where it is missing or no JSON."""
        try:
            now = self._path.stat()
        except OSError:
            return None
        stamp = (now.st_mtime_ns, now.st_size, now.st_ino)
        if stamp != self._stamp:
            self._content, self._stamp = read_json(self._path), stamp
        return self._content
