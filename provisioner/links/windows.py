"""The lines to a Windows host: one that can only ask, and one that can also write."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import pbkdf2_hmac
from hmac import compare_digest
from typing import Any

from provisioner.errors import (
    BatchStoppedError,
    ConversationError,
    HeldError,
    HostError,
    OtherMachineError,
    ProvisionerError,
    ScriptError,
    SecretError,
)
from provisioner.links.answers import ErrorFact, Row, end_of
from provisioner.links.dial import Dial
from provisioner.links.meter import Meter
from provisioner.links.secrets import blotted
from provisioner.links.winrm_shell import Target, WinrmShell
from provisioner.links.wire import ask_request, change_request
from provisioner.resources.base import Ask, ClockOffset, Compare, Reply, Secret
from provisioner.resources.conversation import (
    Answers,
    Batch,
    LeftOverTaken,
    News,
    StepResult,
    step_result,
    step_results,
)
from provisioner.resources.host import run_file
from provisioner.resources.host_facts import WayIn

MOST_ITERATIONS = 2_000_000
"""A host says how often it hashed; one that means us ill must not keep us busy for ever."""


def wall_ms() -> int:
    """Our own clock, UTC, milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def _followed_by_nobody(_: Secret) -> str:
    raise SecretError("no secret is followed here.")


class AskingWindowsLine:
    """Can only ask: no write script, no batch and no `Change` passes through it."""

    def __init__(
        self,
        target: Target,
        reveal: Callable[[], str],
        dial: Dial,
        run: str,
        *,
        now_ms: Callable[[], int] = wall_ms,
        reveal_secret: Callable[[Secret], str] = _followed_by_nobody,
    ) -> None:
        self.target = target
        self.meter = Meter("winrm")
        self._run = run
        self._now_ms = now_ms
        self._shell = WinrmShell(target, reveal, dial, self.meter, now_ms)
        self._began_ms = now_ms()
        self._clock: tuple[int, int] | None = None
        """The host's clock minus ours lies between these (milliseconds), as last measured."""
        self._revealed: set[str] = set()
        self._reveal_secret = reveal_secret

    @property
    def way_in(self) -> WayIn:
        """How the host is reached."""
        target = self.target
        pinned = target.certificate_sha256 is not None
        return WayIn(target.addresses, target.port, target.https, target.username, pinned)

    @property
    def answered_at(self) -> str:
        """The address at which the host answered last."""
        return self._shell.address

    def prove(self, call: Compare) -> Reply:
        """Compare with a secret on our side; null where it, or what the host says, cannot be followed."""
        if not isinstance(call.iterations, int) or not 0 < call.iterations <= MOST_ITERATIONS:
            return Reply({"same": None})
        try:
            salt, digest = bytes.fromhex(call.salt), bytes.fromhex(call.digest)
            value = self._followed(call.secret)
        except (HostError, TypeError, ValueError):
            return Reply({"same": None})
        made = pbkdf2_hmac("sha256", value.encode(), salt, call.iterations)
        return Reply({"same": compare_digest(made, digest)})

    def ask(self, calls: Sequence[Ask], *, poll: bool = False) -> Sequence[Reply | ScriptError]:
        """One conversation for all calls. Raises `HostError`."""
        for call in calls:
            if not isinstance(call, Ask):
                # Promise 1: not even a kind with a fault in its read can make this line write.
                raise ProvisionerError(f"{call!r} is not a question, and this line can only ask")
        before = self.meter.requests
        try:
            for frame in self._frames(ask_request(self._run, calls)):
                if frame["type"] == "end":
                    return self._replies(frame, calls)
            raise self._shell.no_answer()
        finally:
            if poll:
                self.meter.not_counted(self.meter.requests - before)

    def hang_up(self) -> None:
        """Delete the shell and disconnect; the next call opens both anew."""
        self._shell.hang_up()

    def abandon(self) -> None:
        """Disconnect and leave the shell with what may still run in it."""
        self._shell.abandon()

    def _converse(self, request: bytes) -> Iterator[dict[str, Any]]:
        return self._shell.converse(request)

    def _frames(self, request: bytes) -> Iterator[dict[str, Any]]:
        self._shell.sent_ms, self._began_ms = None, self._now_ms()
        return self._converse(request)

    def _replies(self, frame: dict[str, Any], calls: Sequence[Ask]) -> tuple[Reply | ScriptError, ...]:
        heard_ms = self._now_ms()
        try:
            end = end_of(frame, len(calls))
        except ValueError:
            raise self._misfit() from None
        sent_ms = self._began_ms if self._shell.sent_ms is None else self._shell.sent_ms
        # Our own clock may have been set back meanwhile; a negative slack would say nothing.
        self._clock = (end.host_ms - heard_ms, end.host_ms - min(sent_ms, heard_ms))
        return tuple(self._reply(call, row) for call, row in zip(calls, end.replies, strict=True))

    def _reply(self, call: Ask, row: Row) -> Reply | ScriptError:
        if row.value is not None and row.ok:
            least, most = self._clock or (0, 0)
            return Reply(row.value, least, most - least)
        assert row.error is not None
        said = blotted(row.error.message, self._revealed)
        return ScriptError(
            f"{call.script}.read.ps1 failed: {said}", error_id=row.error.id, where=self.target.name
        )

    def _followed(self, place: Secret) -> str:
        try:
            value = self._reveal_secret(place)
        except SecretError as error:
            raise HostError(error.what, where=self.target.name, next_step=error.next_step) from None
        self._revealed.add(value)
        return value

    def _misfit(self) -> ConversationError:
        return ConversationError(
            "its answer does not have the form of our scripts'",
            where=self.target.name,
            next_step="Run again with -v; find out what answers there.",
        )


class ChangingWindowsLine(AskingWindowsLine):
    """Can also write. Built only for `apply`."""

    def change(self, batch: Batch) -> Iterator[News]:
        """Send a batch and give its news. Raises `HeldError` where another run writes, and `HostError`."""
        try:
            yield from self._news_of(batch)
        except ConversationError as error:
            # It may quote what the host printed beside the frames.
            what = blotted(error.what, self._revealed)
            raise ConversationError(what, where=error.where, next_step=error.next_step) from None

    def _news_of(self, batch: Batch) -> Iterator[News]:
        waited = {step.id for step in batch.steps}
        for frame in self._frames(change_request(self._run, batch, self._fill)):
            if frame["type"] == "working":
                # It took its time for one step; that it came has renewed our patience.
                continue
            news = self._news(frame, batch)
            if isinstance(news, StepResult):
                # Each step once and none that was not sent, so that the news of a batch have an end.
                if news.id not in waited:
                    raise self._misfit()
                waited.remove(news.id)
            yield news

    def _news(self, frame: dict[str, Any], batch: Batch) -> News:
        match frame["type"]:
            case "step":
                return self._told(frame)
            case "left_over":
                run, rows = run_file(frame.get("lines"))
                return LeftOverTaken(run, tuple(map(self._clean, step_results(rows))))
            case "end":
                return Answers(self._replies(frame, batch.asks))
            case "held":
                raise self._held(run_file(frame.get("lines"))[0])
            case "other_machine":
                raise self._another_machine()
            case "failed":
                raise self._stopped(frame)
            case _:
                raise self._misfit()

    def _told(self, frame: dict[str, Any]) -> StepResult:
        result = step_result(frame)
        if result is None:
            raise self._misfit()
        return self._clean(result)

    def _clean(self, result: StepResult) -> StepResult:
        # Windows likes to repeat an argument that it refuses.
        return replace(result, what=blotted(result.what, self._revealed))

    def _fill(self, place: Secret | ClockOffset) -> str | int:
        if isinstance(place, Secret):
            return self._followed(place)
        if self._clock is None:
            raise ConversationError("the host's clock was never read in this run", where=self.target.name)
        least, most = self._clock
        return max(least, 0) or min(most, 0)

    def _held(self, run: str) -> HeldError:
        # Without a run file the lock may be anybody's: any process there can take a system-wide name.
        who = (
            f"run {run} is writing on this host"
            if run != "unknown"
            else "another process holds the lock there"
        )
        return HeldError(
            who, where=self.target.name, next_step="Wait until it has ended, then run this again."
        )

    def _stopped(self, frame: dict[str, Any]) -> BatchStoppedError:
        said = ErrorFact.model_validate(frame.get("error") or {}).message
        return BatchStoppedError(
            f"the batch stopped on the host: {blotted(said, self._revealed)}",
            where=self.target.name,
            next_step="Look at the host's disk and at the rights of our folder, then plan again.",
        )

    def _another_machine(self) -> OtherMachineError:
        return OtherMachineError(
            "another machine answers there now than when it was read",
            where=self.target.name,
            next_step="Find out which machine holds the address, then plan again.",
        )
