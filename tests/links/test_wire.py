"""Requests and frames: what goes out holds no more than it must, what comes in is checked."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.errors import ProvisionerError
from provisioner.lab.play import play
from provisioner.lab.stage import Stage
from provisioner.links.scripts import command_line, runner, script, shipped
from provisioner.links.windows import AskingWindowsLine
from provisioner.links.winrm_shell import Target
from provisioner.links.wire import Frames, ask_request, change_request
from provisioner.resources import ALL
from provisioner.resources.base import Ask, Change, ClockOffset, Secret
from provisioner.resources.clock import Clock
from provisioner.resources.conversation import Batch, Step
from provisioner.steps.items import address
from provisioner.steps.read import read
from provisioner.steps.talk import converse
from tests.steps.site import factory_stage


def unpacked(request: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(request)))
    return found


def framed(content: dict[str, Any]) -> bytes:
    packed = gzip.compress(json.dumps(content).encode())
    return (
        b"@provisioner "
        + hashlib.sha256(packed).hexdigest().encode()
        + b" "
        + base64.b64encode(packed)
        + b"\r\n"
    )


STEP = Step(
    "a/clock",
    Change("clock", "update", {"by": ClockOffset(), "deep": [{"password": Secret("env", "X")}]}),
    (),
    Ask("clock"),
    {"zone": "UTC"},
)


def test_a_question_carries_no_writing_script() -> None:
    request = unpacked(ask_request("run", [Ask("clock"), Ask("power"), Ask("clock")]))
    assert sorted(request["scripts"]) == ["clock.read", "power.read"]
    assert len(request["runners"]) == 1
    assert "steps" not in request


def test_placeholders_are_filled_while_bytes_are_written() -> None:
    filled = {ClockOffset(): 1234, Secret("env", "X"): "hunter2"}
    request = unpacked(change_request("run", Batch("guid", (STEP,), ()), filled.__getitem__))
    assert request["steps"][0]["arguments"] == {"by": 1234, "deep": [{"password": "hunter2"}]}
    assert sorted(request["scripts"]) == ["clock.read", "clock.write"]


def test_the_same_request_is_the_same_bytes() -> None:
    assert ask_request("run", [Ask("clock")]) == ask_request("run", [Ask("clock")])


def test_a_line_for_asking_refuses_a_change_before_anything_is_sent() -> None:
    target = Target("a", ("192.0.2.1",), 5985, False, "ntlm", "u")
    dialled = []
    line = AskingWindowsLine(target, lambda: "p", lambda *place: dialled.append(place), "run")
    with pytest.raises(ProvisionerError, match="can only ask"):
        line.ask([Ask("host"), Change("clock", "update")])  # type: ignore[list-item]
    assert dialled == []
    assert line.meter.requests == 0
    assert not hasattr(line, "change")


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.integers(1, 50), st.binary(max_size=60))
def test_frames_survive_any_cut_and_any_noise(noise: list[bytes], size: int, tail: bytes) -> None:
    wanted = [{"type": "step", "id": f"\u00e9{n}"} for n in range(3)]
    clean = [piece.replace(b"\n", b"").replace(b"@", b"") + b"\n" for piece in noise]
    stream = b"".join([*clean, *(framed(frame) for frame in wanted), tail.replace(b"@", b"")])
    frames = Frames()
    heard = [f for start in range(0, len(stream), size) for f in frames.feed(stream[start : start + size])]
    assert heard == wanted


@pytest.mark.parametrize(
    "spoil", [lambda b: b[:-9] + b"\n", lambda b: b.replace(b" ", b" 0", 1), lambda b: b[:30] + b"\n"]
)
def test_a_torn_or_changed_frame_is_noise(spoil: Any) -> None:
    frames = Frames()
    assert frames.feed(spoil(framed({"type": "end", "replies": []}))) == []
    assert frames.noise


def test_a_frame_that_unpacks_without_end_is_cut_off() -> None:
    bomb = gzip.compress(b"0" * 70_000_000)
    line = (
        b"@provisioner " + hashlib.sha256(bomb).hexdigest().encode() + b" " + base64.b64encode(bomb) + b"\n"
    )
    assert Frames().feed(line) == []


def test_the_command_line_fits_into_cmd_exe() -> None:
    program, arguments = command_line()
    assert len(" ".join((program, *arguments))) < 8191


def test_every_kind_ships_its_scripts() -> None:
    assert {"host.read", "host.write", "computer_name.read", "computer_name.write"} <= shipped()


class Recorded(AskingWindowsLine):
    """A line for asking that keeps what it sends and lets the lab play it."""

    def __init__(self, stage: Stage) -> None:
        target = Target("a", ("192.0.2.1",), 5985, False, "ntlm", "u")
        super().__init__(target, lambda: "p", lambda *_: None, "run")
        self.stage = stage
        self.sent: list[bytes] = []

    def _converse(self, request: bytes) -> Iterator[dict[str, Any]]:
        self.sent.append(request)
        frames: list[dict[str, Any]] = []
        play(self.stage, request, lambda frame: frames.append(dict(frame)))
        yield from frames


def test_the_wire_of_a_drift_holds_no_script_that_writes_and_no_row_that_writes() -> None:
    """Everything that reading a whole host sends, decoded. Drift is a reading and a view of it."""
    stage = factory_stage()
    line = Recorded(stage)
    resources = [kind.model_validate(kind.examples[0]) for kind in ALL]
    live = read({"a": resources}, {"a": line})
    assert set(live["a"].observed) == {address("a", one.kind, one.key) for one in resources}
    requests = [unpacked(request) for request in line.sent]
    assert len(requests) == 1
    for request in requests:
        assert request["mode"] == "ask"
        assert request["runners"] == [runner("ask")]
        assert {name.rpartition(".")[2] for name in request["scripts"]} == {"read"}
        assert request["scripts"] == {name: script(name) for name in request["scripts"]}
        assert not {"steps", "applied", "run_file"} & request.keys()
        for word in ("Set-", "New-Item", "Remove-Item", "Add-Content", "Rename-", "Mutex", "shutdown"):
            assert word not in "".join([*request["runners"], *request["scripts"].values()]), word
    assert stage.machine.writes == stage.machine.bookkeeping_writes == 0


def test_a_kind_whose_read_yields_a_change_is_refused_before_anything_is_sent() -> None:
    """Promise 1 does not rest on kinds being written well."""

    class Traitor(Clock):
        @classmethod
        def read(cls, wanted: Any) -> Any:
            yield Change("clock", "update", {})

    line = Recorded(factory_stage())
    with pytest.raises(ProvisionerError, match="can only ask"):
        converse({"clock": Traitor.read([])}, line.ask)
    assert line.sent == []
