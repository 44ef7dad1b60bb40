"""What the lab needs to know of a manifest: who the hosts are and how they are reached. Never a setting."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class ConnectShape(Protocol):
    """The declared way in."""

    @property
    def address(self) -> str: ...
    @property
    def first_address(self) -> str | None: ...
    @property
    def port(self) -> int | None: ...
    @property
    def https(self) -> bool: ...
    @property
    def username(self) -> str: ...


class HostShape(Protocol):
    """One machine of the site."""

    @property
    def name(self) -> str: ...
    @property
    def roles(self) -> tuple[str, ...]: ...
    @property
    def connect(self) -> ConnectShape: ...


class SiteShape(Protocol):
    """The site, as `manifest.load` gives it."""

    @property
    def name(self) -> str: ...
    @property
    def path(self) -> Path: ...
    @property
    def hosts(self) -> Sequence[HostShape]: ...


def port_of(connect: ConnectShape) -> int:
    """The declared port, else WinRM's own."""
    return connect.port or (5986 if connect.https else 5985)


def account_of(connect: ConnectShape) -> str:
    """The user's name without the machine's or a domain's."""
    return connect.username.rpartition("\\")[2]


def factory_address(connect: ConnectShape) -> str:
    """Where a factory-new machine answers."""
    return connect.first_address or connect.address


def fingerprint(site: SiteShape) -> str:
    """Changes when the doors would have to be others; the settings of the manifest do not matter."""
    rows = [[host.name, *host.roles, *_door(host.connect)] for host in site.hosts]
    return hashlib.sha256(json.dumps([site.name, rows]).encode()).hexdigest()


def _door(connect: ConnectShape) -> tuple[object, ...]:
    return connect.address, connect.first_address, port_of(connect), connect.https, connect.username
