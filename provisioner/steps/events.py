"""What an apply tells while it goes: one event per thing that happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, TypeAlias


class Happened(StrEnum):
    """Kinds of events. Done, verified, refused and unknown are different words (promise 10)."""

    SENDING = "sending"
    LEFT_OVER_TAKEN = "left_over_taken"
    STEP_DONE = "step_done"
    STEP_FAILED = "step_failed"
    STEP_SKIPPED = "step_skipped"
    STEP_MOVED = "step_moved"
    VERIFIED = "verified"
    NOT_VERIFIED = "not_verified"
    UNKNOWN = "unknown"
    RESTARTING = "restarting"
    RESTARTED = "restarted"
    RESTART_WAITS = "restart_waits"
    NETWORK_CHANGING = "network_changing"
    NETWORK_CONFIRMED = "network_confirmed"
    NETWORK_LOST = "network_lost"
    NETWORK_REVERTED = "network_reverted"
    NETWORK_FORGOTTEN = "network_forgotten"
    HOST_FAILED = "host_failed"
    HOST_REFUSED = "host_refused"
    CONNECTION_LOST = "connection_lost"


FAILURES = frozenset(
    {Happened.STEP_FAILED, Happened.STEP_SKIPPED, Happened.NOT_VERIFIED, Happened.NETWORK_REVERTED}
)
REFUSALS = frozenset({Happened.STEP_MOVED, Happened.HOST_REFUSED})


@dataclass(frozen=True)
class Event:
    """One thing that happened on a host. `fields` names what moved or still differs."""

    happened: Happened
    host: str
    address: str = ""
    what: str = ""
    next_step: str = ""
    fields: tuple[str, ...] = ()
    run: str = ""

    def as_row(self) -> dict[str, Any]:
        """For the journal and JSON output: only what is set."""
        return {name: value for name, value in asdict(self).items() if value not in ("", ())}


Record: TypeAlias = Callable[[Mapping[str, Any]], None]
"""Writes one row durably before it returns. Called from several threads."""
Tell: TypeAlias = Callable[[Event], None]
