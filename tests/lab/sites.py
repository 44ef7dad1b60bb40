"""A small site as the lab sees one, without a manifest file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provisioner.lab.shape import HostShape


@dataclass(frozen=True)
class Connect:
    address: str
    first_address: str | None = None
    port: int | None = None
    https: bool = False
    username: str = "provision"


@dataclass(frozen=True)
class Host:
    name: str
    connect: Connect
    roles: tuple[str, ...] = ("terminal",)


@dataclass(frozen=True)
class Site:
    path: Path
    hosts: tuple[HostShape, ...]
    name: str = "harbour"


def two_hosts(folder: Path) -> Site:
    """One terminal over NTLM, one over HTTPS, both with the same user name."""
    return Site(
        folder,
        (
            Host("control-room-1", Connect("192.0.2.21")),
            Host("control-room-2", Connect("192.0.2.22", https=True)),
        ),
    )
