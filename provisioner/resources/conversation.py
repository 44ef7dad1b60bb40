"""The values that travel between the steps and a host's line: batches of writes and the news of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, get_args

from pydantic import JsonValue

from provisioner.errors import ScriptError
from provisioner.resources.base import Ask, Change, Compare, Reply
from provisioner.resources.host_facts import WayIn

StepState: TypeAlias = Literal["done", "failed", "skipped", "moved"]


@dataclass(frozen=True)
class Step:
    """One write of a batch. It runs only when `ask` still answers `rests_on` and every need is done."""

    id: str
    change: Change
    needs: tuple[str, ...]
    ask: Ask
    rests_on: Mapping[str, JsonValue]


@dataclass(frozen=True)
class Applied:
    """Our record on the host: what is declared there, by item address, and from which commit."""

    commit: str
    items: Mapping[str, Mapping[str, JsonValue]]


@dataclass(frozen=True)
class Batch:
    """The writes of one host in one wave, or with no steps the read-back that removes the run file."""

    machine_guid: str
    steps: tuple[Step, ...]
    asks: tuple[Ask, ...]
    applied: Applied | None = None


@dataclass(frozen=True)
class StepResult:
    """How one step ended: `what` says why it failed, `moved` names the fields that changed meanwhile."""

    id: str
    state: StepState
    what: str = ""
    moved: tuple[str, ...] = ()
    needs: str = ""


@dataclass(frozen=True)
class LeftOverTaken:
    """The run file that the batch found and removed: of an interrupted run, or of this one."""

    run: str
    results: tuple[StepResult, ...]


@dataclass(frozen=True)
class Answers:
    """The end of a conversation: one reply or failure per ask, in their order."""

    replies: tuple[Reply | ScriptError, ...]


News: TypeAlias = StepResult | LeftOverTaken | Answers


class AskingLine(Protocol):
    """One host's line that can only ask."""

    @property
    def way_in(self) -> WayIn:
        """How it reaches the host."""

    @property
    def answered_at(self) -> str:
        """Of its addresses, the one at which the host answered last."""

    def prove(self, call: Compare) -> Reply:
        """Compare with a secret; the host hears nothing of it."""

    def ask(self, calls: Sequence[Ask], *, poll: bool = False) -> Sequence[Reply | ScriptError]:
        """All calls in one conversation. Raises `HostError`. A poll is not counted among the requests."""

    def hang_up(self) -> None:
        """Close shell and connection; the next call opens them anew."""

    def abandon(self) -> None:
        """Disconnect without closing the shell, since closing it would end a batch that still runs."""


class ChangingLine(AskingLine, Protocol):
    """One host's line that can also write."""

    def change(self, batch: Batch) -> Iterator[News]:
        """Send a batch and tell what happens as it happens. Raises `HostError`, `HeldError`."""


def step_result(row: Mapping[str, Any]) -> StepResult | None:
    """From the JSON of a frame or of a run file line; None where it is not one of ours."""
    state: Any = row.get("state")
    error, moved = row.get("error") or {}, row.get("moved") or ()
    if state not in get_args(StepState) or not isinstance(row.get("id"), str):
        return None
    if not isinstance(error, Mapping) or not isinstance(moved, list | tuple):
        return None
    return StepResult(
        id=row["id"],
        state=state,
        what=str(error.get("message", "")),
        moved=tuple(str(name) for name in moved),
        needs=str(row.get("needs", "")),
    )


def step_results(rows: Iterable[Mapping[str, Any]]) -> tuple[StepResult, ...]:
    """Those rows of a run file that are ours; a file on a host may hold anything."""
    return tuple(result for row in rows if (result := step_result(row)) is not None)
