"""What the lines make of frames: a clock with its slack, forms that do not fit, secrets in messages."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from provisioner.errors import ConversationError, HostError, ScriptError, SecretError, UnreachableError
from provisioner.links.patience import Patience
from provisioner.links.windows import ChangingWindowsLine
from provisioner.links.winrm_shell import Target
from provisioner.links.wire import Frames
from provisioner.resources.base import Ask, Change, ClockOffset, Reply, Secret
from provisioner.resources.clock import Clock
from provisioner.resources.conversation import Batch, LeftOverTaken, News, Step, StepResult
from provisioner.resources.host import FILETIME_1970, run_file
from tests.links.test_wire import framed, unpacked
from tests.resources.machine import factory_machine, observe

STEP = Step(
    "a/x", Change("clock", "update", {"by": ClockOffset(), "to": Secret("env", "X")}), (), Ask("clock"), {}
)
SECRET_STEP = Step("a/x", Change("clock", "update", {"to": Secret("env", "X")}), (), Ask("clock"), {})
MANUAL = Clock.model_validate({"manual": True, "tolerance_seconds": 5})


class Dictated(ChangingWindowsLine):
    """Hears the frames that a test dictates, at the moments that it says."""

    def __init__(self, *frames: Any, at: tuple[int, ...] = (0,)) -> None:
        moments = iter((0, *at))
        last = [0]

        def now_ms() -> int:
            last[0] = next(moments, last[0])
            return last[0]

        target = Target("a", ("192.0.2.1",), 5985, False, "ntlm", "u")
        super().__init__(
            target, lambda: "p", lambda *_: None, "run", reveal_secret=lambda _: "hunter2", now_ms=now_ms
        )
        self.frames = frames
        self.sent: list[dict[str, Any]] = []

    def _converse(self, request: bytes) -> Iterator[dict[str, Any]]:
        self.sent.append(unpacked(request))
        yield from self.frames


def end(*replies: Any, host_ms: int = 0) -> dict[str, Any]:
    stamp = host_ms * 10_000 + FILETIME_1970
    return {"type": "end", "replies": list(replies), "utc_filetime": stamp}


def measured(host_ms: int, sent_ms: int, heard_ms: int) -> tuple[Reply, int]:
    """A reading, and what a correction right after it would be."""
    line = Dictated(end({"ok": True, "value": {}}, host_ms=host_ms), at=(sent_ms, heard_ms))
    (reply,) = line.ask([Ask("clock")])
    assert isinstance(reply, Reply)
    list(line.change(Batch("guid", (STEP,), (Ask("clock"),))))
    return reply, line.sent[1]["steps"][0]["arguments"]["by"]


def verdict(reply: Reply) -> Any:
    raw = observe(factory_machine(), MANUAL).rests_on
    reading = MANUAL.read([MANUAL])
    next(reading)
    with pytest.raises(StopIteration) as stop:
        reading.send(Reply(raw, reply.clock_offset_ms, reply.clock_slack_ms))
    return stop.value.value[""].facts["in_tolerance"]


@pytest.mark.parametrize(
    ("host_ms", "sent_ms", "heard_ms", "right", "correction"),
    [
        (10_500, 10_000, 10_500, True, 0),
        (10_000, 10_000, 17_000, None, 0),  # a correct clock, the answer seven seconds late
        (17_000, 10_000, 17_000, True, 0),  # a correct clock, PowerShell slow to start
        (20_000, 10_000, 10_500, False, 9_500),
        (20_000, 10_000, 17_000, True, 3_000),
        (10_000, 40_000, 41_000, False, -30_000),
        (10_000, 14_000, 16_000, None, -4_000),
        (10_000, 15_001, 16_000, False, -5_001),
    ],
)
def test_only_a_clock_that_is_certainly_off_is_corrected(
    host_ms: int, sent_ms: int, heard_ms: int, right: bool | None, correction: int
) -> None:
    reply, by = measured(host_ms, sent_ms, heard_ms)
    assert verdict(reply) is right
    assert by == correction


@pytest.mark.parametrize("delay_ms", range(0, 30_000, 1_700))
@pytest.mark.parametrize("start_ms", range(0, 30_000, 1_700))
def test_a_correct_clock_is_never_off(delay_ms: int, start_ms: int) -> None:
    reply, _ = measured(50_000 + start_ms, 50_000, 50_000 + start_ms + delay_ms)
    assert verdict(reply) is not False


def hear(*frames: Any) -> list[News]:
    return list(Dictated(*frames).change(Batch("guid", (SECRET_STEP,), (Ask("clock"),))))


STAMPED = {"type": "end", "utc_filetime": FILETIME_1970}


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "end"},
        STAMPED | {"replies": []},
        STAMPED | {"replies": [{}]},
        STAMPED | {"replies": [{"ok": True}]},
        STAMPED | {"replies": [{"ok": True, "value": [1]}]},
        STAMPED | {"replies": [{"ok": False, "error": "text"}]},
        STAMPED | {"replies": [None]},
        end({"ok": True, "value": {}}) | {"utc_filetime": 2**80},
        end({"ok": True, "value": {}}) | {"utc_filetime": "soon"},
        {"type": "step"},
        {"type": "step", "id": "a/x", "state": "perhaps"},
        {"type": "step", "id": "a/x", "state": "failed", "error": "text"},
        {"type": "step", "id": "a/y", "state": "done"},
        {"type": ["step"]},
        {"type": "new"},
    ],
)
def test_a_frame_that_does_not_fit_is_that_hosts_error(frame: dict[str, Any]) -> None:
    with pytest.raises(ConversationError, match="does not have the form"):
        hear(frame)


def test_a_step_is_told_once() -> None:
    done = {"type": "step", "id": "a/x", "state": "done"}
    with pytest.raises(ConversationError):
        hear(done, done)


def test_rows_of_a_run_file_that_do_not_fit_are_passed_over() -> None:
    done = {"id": "a/x", "state": "done"}
    odd = [{"id": "a/1"}, {"id": "a/2", "state": "failed", "error": "text"}, {"id": 3, "state": "done"}]
    rows = [{"run": "run-0"}, *odd, done]
    lines = [*map(json.dumps, rows), "[" * 3000, '{"a":' * 3000, "torn {", 7]
    (news, _) = hear({"type": "left_over", "lines": lines}, end({"ok": True, "value": {}}))
    assert news == LeftOverTaken("run-0", (StepResult("a/x", "done"),))


@pytest.mark.parametrize("lines", [None, 5, "text", {}])
def test_a_run_file_that_is_no_list_is_empty(lines: Any) -> None:
    assert run_file(lines) == ("unknown", ())


def test_a_secret_is_blotted_out_of_what_the_host_says() -> None:
    error = {"id": "x", "message": "hunter2 is too short: 'hunter2'", "line": 1}
    row = {"id": "a/x", "state": "failed", "error": error}
    step, left, answers = hear(
        {"type": "step"} | row,
        {"type": "left_over", "lines": [json.dumps(row)]},
        end({"ok": False, "error": error}),
    )
    assert isinstance(step, StepResult) and step.what == "(secret) is too short: '(secret)'"
    assert "hunter2" not in f"{step}{left}{answers}"


def test_a_secret_of_a_step_that_cannot_be_followed_is_that_hosts_error() -> None:
    def reveal(_: Secret) -> str:
        raise SecretError("the environment variable X is not set.", next_step="Set X.")

    target = Target("a", ("192.0.2.1",), 5985, False, "ntlm", "u")
    line = ChangingWindowsLine(target, lambda: "p", lambda *_: None, "run", reveal_secret=reveal)
    with pytest.raises(HostError, match="X is not set") as failed:
        list(line.change(Batch("guid", (SECRET_STEP,), ())))
    assert failed.value.where == "a" and line.meter.connections == 0


def test_a_script_that_threw_is_one_failure() -> None:
    line = Dictated(end({"ok": False, "error": {"id": "Gone", "message": "no such key"}}))
    (failed,) = line.ask([Ask("clock")])
    assert isinstance(failed, ScriptError) and failed.error_id == "Gone" and "no such key" in failed.what


@pytest.mark.parametrize("depth", [40, 900, 3000])
def test_a_frame_that_nests_without_end_is_noise(depth: int) -> None:
    deep: Any = json.loads("[" * 30 + "]" * 30)
    assert Frames().feed(framed({"type": "step", "deep": deep}))
    text = json.dumps({"type": "step", "deep": "@"}).replace('"@"', "[" * depth + "]" * depth)
    frames = Frames()
    assert frames.feed(framed_text(text)) == [] and frames.noise


def framed_text(text: str) -> bytes:
    packed = gzip.compress(text.encode())
    digest = hashlib.sha256(packed).hexdigest().encode()
    return b"@provisioner " + digest + b" " + base64.b64encode(packed) + b"\n"


def test_patience_ends_without_a_frame_and_begins_anew_with_one() -> None:
    moments = iter((0.0, 300.0, 300.0, 600.0, 600.5))
    patience = Patience("a", lambda: next(moments))
    patience.check()
    patience.renew()
    patience.check()
    with pytest.raises(UnreachableError, match="nothing of use"):
        patience.check()


def test_a_step_that_takes_long_gives_signs_of_life_that_are_no_news() -> None:
    done = {"type": "step", "id": "a/x", "state": "done"}
    line = Dictated({"type": "working"}, {"type": "working"}, done, end({"ok": True, "value": {}}))
    news = list(line.change(Batch("guid", (SECRET_STEP,), (Ask("clock"),))))
    assert [type(row).__name__ for row in news] == ["StepResult", "Answers"]
