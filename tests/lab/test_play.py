"""The order of things of ask.ps1 and change.ps1, played in Python. The PowerShell itself is not run here."""

from __future__ import annotations

import base64
import gzip
import json
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import JsonValue

from provisioner.lab.factory import factory_new
from provisioner.lab.machine import SimulatedMachine
from provisioner.lab.moved import moved_fields
from provisioner.lab.play import BadRequest, play
from provisioner.lab.stage import Hold, Killed, Stage
from provisioner.links.wire import ask_request, change_request, pack
from provisioner.resources.base import Ask, Change
from provisioner.resources.conversation import Applied, Batch, Step
from provisioner.resources.host import APPLIED_FILE, OUR_FOLDER, RUN_FILE

GUID = (r"HKLM\SOFTWARE\Microsoft\Cryptography", "MachineGuid", "data")


def stage() -> Stage:
    content = factory_new(
        "cr1", seed="s", computer_name="OLD", accounts={"provision": "00" * 16}, now_ms=1_760_000_000_000
    )
    return Stage(SimulatedMachine(content))


def guid(on: Stage) -> str:
    return str(on.machine.get("registry", *GUID))


def rename(name: str, id_: str = "cr1/computer_name", needs: Sequence[str] = (), **rests: Any) -> Step:
    rests_on: dict[str, JsonValue] = {"active": "OLD", "pending": "OLD", "part_of_domain": False, **rests}
    change = Change("computer_name", "update", {"name": name})
    return Step(id_, change, tuple(needs), Ask("computer_name"), rests_on)


def batch(on: Stage, *steps: Step, applied: Applied | None = None, run: str = "run-1") -> bytes:
    whole = Batch(guid(on), steps, (Ask("computer_name"),), applied)
    return change_request(run, whole, lambda placeholder: None)


def frames(on: Stage, request: bytes) -> list[dict[str, Any]]:
    seen: list[Any] = []
    play(on, request, seen.append)
    return seen


def run_file(on: Stage) -> list[dict[str, Any]]:
    text = on.machine.get("files", RUN_FILE, "text")
    return [json.loads(line) for line in str(text).splitlines()]


def test_an_ask_answers_and_writes_nothing() -> None:
    on = stage()
    (end,) = frames(on, ask_request("r", [Ask("host"), Ask("computer_name")]))
    assert [reply["ok"] for reply in end["replies"]] == [True, True]
    assert end["replies"][1]["value"] == {"active": "OLD", "pending": "OLD", "part_of_domain": False}
    assert abs(end["utc_filetime"] // 10_000 - 11_644_473_600_000 - on.machine.now_ms()) < 60_000
    assert (on.machine.writes, on.machine.bookkeeping_writes) == (0, 0)


def test_a_script_that_the_request_does_not_carry_fails_alone() -> None:
    request = json.loads(gzip.decompress(base64.b64decode(ask_request("r", [Ask("host")]))))
    request["asks"].append({"script": "computer_name", "arguments": {}})
    (end,) = frames(stage(), pack(request))
    assert [reply["ok"] for reply in end["replies"]] == [True, False]
    assert end["replies"][1]["error"]["id"] == "PropertyNotFoundStrict"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda request: request["scripts"].update({"host.read": "Get-Date"}),
        lambda request: request["scripts"].update({"unheard_of.read": ""}),
        lambda request: request["runners"].append("Remove-Item"),
        lambda request: request["runners"].clear(),
        lambda request: request.pop("asks"),
    ],
)
def test_what_is_not_shipped_is_an_error_and_never_an_empty_success(spoil: Any) -> None:
    request = json.loads(gzip.decompress(base64.b64decode(ask_request("r", [Ask("host")]))))
    spoil(request)
    with pytest.raises(BadRequest):
        frames(stage(), pack(request))


@pytest.mark.parametrize("stdin", [b"", b"!", b"QUJD\n", pack({})])
def test_standard_input_that_is_no_request_is_an_error(stdin: bytes) -> None:
    with pytest.raises(BadRequest):
        frames(stage(), stdin)


def test_a_batch_writes_keeps_the_run_file_and_reads_back() -> None:
    on = stage()
    applied = Applied("abc123", {"cr1/computer_name": {"name": "NEW"}, "cr1/clock": {"ntp": []}})
    step, end = frames(on, batch(on, rename("new"), applied=applied))
    assert step == {"type": "step", "id": "cr1/computer_name", "state": "done"}
    assert end["replies"][0]["value"]["pending"] == "NEW"
    assert run_file(on) == [{"run": "run-1", "steps": 1}, step]
    assert on.machine.get("files", OUR_FOLDER) == {"folder": True, "acl": "administrators"}
    record = json.loads(str(on.machine.get("files", APPLIED_FILE, "text")))
    assert record["commit"] == "abc123" and list(record["items"]) == ["cr1/computer_name", "cr1/clock"]
    assert on.machine.get("files", f"{APPLIED_FILE}.new") is None
    assert on.machine.writes == 1


def test_the_read_back_takes_the_run_file_away() -> None:
    on = stage()
    frames(on, batch(on, rename("new")))
    left, end = frames(on, batch(on))
    assert [json.loads(line).get("state") for line in left["lines"]] == [None, "done"]
    assert end["type"] == "end"
    assert on.machine.get("files", RUN_FILE) is None
    assert [frame["type"] for frame in frames(on, batch(on))] == ["end"]


def test_a_fact_that_moved_stops_its_step_and_those_that_need_it() -> None:
    on = stage()
    on.machine.set_by_hand("domain", value="harbour.example")
    steps = (rename("new"), rename("other", "cr1/second", ["cr1/computer_name"]))
    first, second, _ = frames(on, batch(on, *steps, applied=Applied("c", {"cr1/computer_name": {}})))
    assert (first["state"], first["moved"]) == ("moved", ["part_of_domain"])
    assert (second["state"], second["needs"]) == ("skipped", "cr1/computer_name")
    assert on.machine.writes == 0
    assert on.machine.get("files", APPLIED_FILE) is None


def test_a_step_that_fails_tells_why_and_the_others_go_on() -> None:
    on = stage()
    on.machine.set_by_hand("domain", value="harbour.example")
    here: dict[str, Any] = {"part_of_domain": True}
    applied = Applied("c", {"cr1/first": {}, "cr1/second": {}})
    first, second, _ = frames(
        on, batch(on, rename("a", "cr1/first", **here), rename("b", "cr1/second", **here), applied=applied)
    )
    assert [first["state"], second["state"]] == ["failed", "failed"]
    assert first["error"]["message"].endswith("Access is denied.")
    assert on.machine.get("files", APPLIED_FILE) is None


def test_only_what_was_done_is_recorded_as_applied() -> None:
    on = stage()
    steps = (rename("new"), rename("x", "cr1/second", pending="SOMETHING"))
    frames(on, batch(on, *steps, applied=Applied("c", {"cr1/computer_name": {}, "cr1/second": {}})))
    record = json.loads(str(on.machine.get("files", APPLIED_FILE, "text")))
    assert list(record["items"]) == ["cr1/computer_name"]


def test_another_machine_is_told_and_not_touched() -> None:
    on = stage()
    request = batch(on, rename("new"))
    on.machine.set_by_hand("registry", *GUID, value="another")
    assert frames(on, request) == [{"type": "other_machine", "machine_guid": "another"}]
    assert (on.machine.writes, on.machine.bookkeeping_writes) == (0, 0)


def test_two_writers_meet_at_the_mutex() -> None:
    on = stage()
    on.hold = Hold("after", 1)
    first: list[Any] = []
    writer = threading.Thread(target=play, args=(on, batch(on, rename("new")), first.append))
    writer.start()
    assert on.hold.reached.wait(5)
    (held,) = frames(on, batch(on, rename("other"), run="run-2"))
    assert held["type"] == "held" and json.loads(held["lines"][0])["run"] == "run-1"
    on.hold.released.set()
    writer.join(5)
    assert [frame["type"] for frame in first] == ["step", "end"]
    assert not on.mutex.locked()


def test_a_process_that_is_ended_leaves_its_run_file_and_no_mutex() -> None:
    on, alive = stage(), [True]

    def emit(frame: Any) -> None:
        alive[0] = False

    with pytest.raises(Killed):
        play(on, batch(on, rename("new"), rename("x", "cr1/second")), emit, lambda: alive[0])
    assert not on.mutex.locked()
    left, *_ = frames(on, batch(on))
    assert [json.loads(line).get("id") for line in left["lines"]] == [None, "cr1/computer_name"]


@pytest.mark.parametrize(
    ("was", "now", "moved"),
    [
        ({"a": 1, "b": {"c": "x"}}, {"a": 1, "b": {"c": "x"}}, []),
        ({"a": 1, "b": {"c": "x"}}, {"a": 2, "b": {"c": "X"}}, ["a", "b.c"]),
        ({"a": None}, {}, []),
        ({"A": 1}, {"a": 1}, []),
        ({"a": []}, {"a": None}, ["a"]),
        ({"a": ["x"]}, {"a": "x"}, ["a"]),
        ({"a": [1, 2]}, {"a": [1, 3]}, ["a"]),
        ({"a": [{"b": 1, "c": 2}]}, {"a": [{"c": 2, "b": 1}]}, []),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, ["a.b"]),
        ({"a": {"b": 1}}, {"a": None}, ["a"]),
        ({"a": 1}, {"a": "1"}, ["a"]),
        ({"a": True}, {"a": 1}, ["a"]),
    ],
)
def test_moved_fields_as_powershell_finds_them(was: Any, now: Any, moved: list[str]) -> None:
    assert list(moved_fields(was, now)) == moved
