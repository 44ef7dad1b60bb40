"""What one reading of a Windows machine tells about the machine itself, and how we come in to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class LeftOver:
    """The run file of a run that ended without reading back: its id and the results it holds."""

    run: str
    results: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Account:
    """An account of the machine's own."""

    sid: str
    name: str
    enabled: bool


@dataclass(frozen=True)
class HostFacts:
    """Who the machine is and what we are on it. None is *unknown*: that part of the reading failed."""

    machine_guid: str
    computer_name: str
    boot_filetime: int
    """Last boot, 100 ns ticks since 1601, by the machine's own clock."""
    local_time: datetime
    """Wall clock in the machine's own time zone, without zone."""
    left_over: LeftOver | None
    applied: Mapping[str, Any]
    """What our last change recorded there: `run`, `commit`, `items` by address; empty if nothing."""
    account_sid: str | None = None
    """SID of the account that we are logged on with."""
    elevated: bool | None = None
    """Whether our token holds the administrators' rights."""
    sixty_four_bit: bool | None = None
    write_filter: bool | None = None
    """Whether the Unified Write Filter throws every change away at the next restart."""
    write_filter_next: bool | None = None
    """The same after the next restart."""
    administrators: tuple[str, ...] | None = None
    """SIDs of the direct members of Administrators (S-1-5-32-544)."""
    accounts: tuple[Account, ...] | None = None
    """All accounts of the machine's own."""
    part_of_domain: bool | None = None
    domain: str | None = None
    """Its name; empty where it is in none."""
    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    bios_version: str | None = None
    bios_date: str | None = None
    """ISO 8601."""
    windows: str | None = None
    """The product's name."""
    edition: str | None = None
    build: str | None = None
    """With the revision, like 19044.1288."""
    pending_restart: tuple[str, ...] | None = None
    """Why Windows or we wait for a restart, one word each."""
    logged_on: str | None = None
    """Who is logged on at the machine's own screen; empty for nobody."""
    axis_services: tuple[str, ...] | None = None
    """Services of Axis that run: when they stop, recording stops."""
    network_change: Mapping[str, Any] | None = None
    """`id`, `state` and `what` of a network change that is not confirmed yet; empty where there is none."""


@dataclass(frozen=True)
class WayIn:
    """How this run reaches a host: what no change may take away."""

    addresses: tuple[str, ...]
    """In the order in which they are tried; the first is where the host answers once it is as declared."""
    port: int
    https: bool
    username: str
    pinned: bool = False
    """Whether the certificate is known by its fingerprint, so that its name does not matter."""
