"""The lines to a Windows host: one that can only ask, and one that can also write."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from provisioner.errors import ConversationError, HeldError, ProvisionerError, ScriptError
from provisioner.links.dial import Dial
from provisioner.links.meter import Meter
from provisioner.links.winrm_shell import Target, WinrmShell
from provisioner.links.wire import ask_request, change_request
from provisioner.resources.base import Ask, ClockOffset, Reply, Secret
from provisioner.resources.conversation import Answers, Batch, LeftOverTaken, News, step_result
from provisioner.resources.host import FILETIME_1970, run_file


class AskingWindowsLine:
    """Can only ask: no write script, no batch and no `Change` passes through it."""

    def __init__(self, target: Target, reveal: Callable[[], str], dial: Dial, run: str) -> None:
        self.target = target
        self.meter = Meter("winrm")
        self._run = run
        self._shell = WinrmShell(target, reveal, dial, self.meter)
        self._clock_offset_ms: int | None = None

    def ask(self, calls: Sequence[Ask], *, poll: bool = False) -> Sequence[Reply | ScriptError]:
        """One conversation for all calls. Raises `HostError`."""
        for call in calls:
            if not isinstance(call, Ask):
                # Promise 1: not even a kind with a fault in its read can make this line write.
                raise ProvisionerError(f"{call!r} is not a question, and this line can only ask")
        before = self.meter.requests
        try:
            for frame in self._converse(ask_request(self._run, calls)):
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

    def _replies(self, frame: dict[str, Any], calls: Sequence[Ask]) -> tuple[Reply | ScriptError, ...]:
        heard_ms = time.time_ns() // 1_000_000
        host_ms = (int(frame["utc_filetime"]) - FILETIME_1970) // 10_000
        self._clock_offset_ms = host_ms - heard_ms
        if len(frame["replies"]) != len(calls):
            raise self._shell.no_answer()
        return tuple(self._reply(call, row) for call, row in zip(calls, frame["replies"], strict=True))

    def _reply(self, call: Ask, row: dict[str, Any]) -> Reply | ScriptError:
        if row["ok"]:
            return Reply(row["value"], self._clock_offset_ms)
        error = row["error"]
        return ScriptError(
            f"{call.script}.read.ps1 failed: {error['message']}", error_id=error["id"], where=self.target.name
        )


class ChangingWindowsLine(AskingWindowsLine):
    """Can also write. Built only for `apply`."""

    def __init__(self, *args: Any, reveal_secret: Callable[[Secret], str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reveal_secret = reveal_secret

    def change(self, batch: Batch) -> Iterator[News]:
        """Send a batch and give its news. Raises `HeldError` where another run writes, and `HostError`."""
        for frame in self._converse(change_request(self._run, batch, self._fill)):
            yield self._news(frame, batch)

    def _news(self, frame: dict[str, Any], batch: Batch) -> News:
        match frame["type"]:
            case "step":
                return step_result(frame)
            case "left_over":
                run, rows = run_file(frame["lines"])
                return LeftOverTaken(run, tuple(step_result(row) for row in rows))
            case "end":
                return Answers(self._replies(frame, batch.asks))
            case "held":
                raise self._held(run_file(frame["lines"])[0])
            case _:
                raise self._another_machine()

    def _fill(self, place: Secret | ClockOffset) -> str | int:
        if isinstance(place, Secret):
            return self._reveal_secret(place)
        if self._clock_offset_ms is None:
            raise ConversationError("the host's clock was never read in this run", where=self.target.name)
        return self._clock_offset_ms

    def _held(self, run: str) -> HeldError:
        return HeldError(
            f"run {run} is writing on this host",
            where=self.target.name,
            next_step="Wait until it has ended, then run this again.",
        )

    def _another_machine(self) -> ConversationError:
        return ConversationError(
            "another machine answers there now than when it was read",
            where=self.target.name,
            next_step="Find out which machine holds the address, then plan again.",
        )
