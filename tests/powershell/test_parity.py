"""The real scripts on the small Windows and each kind's `simulate` on the lab's machine do the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from provisioner.lab.play import play
from provisioner.lab.stage import Stage
from provisioner.links.scripts import script
from provisioner.links.wire import filled, pack
from provisioner.resources import ALL
from provisioner.resources.base import Ask, Resource
from provisioner.resources.computer_name import NAMES
from provisioner.resources.host import OUR_FOLDER
from tests.resources.machine import filling

from .engine import Engine, ask_request, change_request
from .fixtures import simulated, with_changes
from .machines import GUID, SAVER, StillMachine, small_machine, terminal, text, with_battery
from .random_cases import change_for

SUMMER_MS = 220 * 86_400_000
MACHINES = {
    "winter": with_battery(terminal()),
    "summer": terminal(clock={"offset_ms": SUMMER_MS + 7_000}),
    "domain": terminal(domain="harbour.example"),
    "bare": small_machine(power={"active": SAVER, "plans": {SAVER: {"name": "Saver", "settings": {}}}}),
}
HOST = {"script": "host", "arguments": {}}


def _declared() -> list[Resource]:
    return [kind(**example) for kind in ALL for example in kind.examples]


def _question(resource: Resource) -> Ask:
    return next(type(resource).read([resource]))


def _fact(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    """A reply in the form of a fixture's answer."""
    if reply["ok"]:
        value: Mapping[str, Any] = reply["value"]
        return value
    return {"error": {name: reply["error"][name] for name in ("id", "message")}}


@pytest.mark.parametrize("name", MACHINES)
def test_reads_answer_the_same(engine: Engine, name: str) -> None:
    asks = [Ask("host"), *map(_question, _declared())]
    scripts = {f"{ask.script}.read": script(f"{ask.script}.read") for ask in asks}
    rows = [{"script": ask.script, "arguments": dict(ask.arguments)} for ask in asks]
    said = engine.run(MACHINES[name], ask_request(rows, scripts))
    machine = StillMachine(MACHINES[name])
    for ask, reply in zip(asks, said.end["replies"], strict=True):
        # As text: equality would take 1 for true, and PowerShell's order of fields is part of the answer.
        request = {"script": ask.script, "verb": "read", "arguments": ask.arguments}
        assert json.dumps(_fact(reply)) == json.dumps(simulated(machine, request)), ask
    assert said.changes == []


def _steps(machine: StillMachine) -> list[dict[str, Any]]:
    """Every example in its turn, each resting on what the simulation says that the one before left."""
    steps: list[dict[str, Any]] = []
    for resource in _declared():
        kind, ask = type(resource), _question(resource)
        value = kind.simulate(machine, "read", ask.arguments)
        change = change_for(resource, value)
        waits = kind.transactional and any(step["script"] == kind.kind for step in steps)
        if change is None or waits:
            # One that is not confirmed lets no second one begin.
            continue
        arguments = filled(change.arguments, lambda place: filling(place, 7_000))
        kind.simulate(machine, change.verb, arguments)
        question = {"script": ask.script, "arguments": dict(ask.arguments)}
        step = {"id": f"{kind.kind} {len(steps)}", "script": change.script, "verb": change.verb}
        steps.append(step | {"arguments": arguments, "needs": [], "ask": question, "rests_on": dict(value)})
    return steps


def _settings(content: dict[str, Any]) -> dict[str, Any]:
    """What counts: not our own files, which no kind plays."""
    files = {path: row for path, row in content["files"].items() if not path.startswith(OUR_FOLDER)}
    return content | {"files": files}


@pytest.mark.parametrize("name", ["winter", "summer"])
def test_writes_leave_the_same_machine(engine: Engine, name: str) -> None:
    before = MACHINES[name]
    machine = StillMachine(before)
    steps = _steps(machine)
    kinds = [kind.kind for kind in ALL]
    assert {step["script"] for step in steps} == set(kinds)
    scripts = {f"{kind}.{verb}": script(f"{kind}.{verb}") for kind in kinds for verb in ("read", "write")}
    said = engine.run(before, change_request(GUID, steps, scripts))
    assert [row for row in said.of_type("step") if row["state"] != "done"] == []
    assert len(said.of_type("step")) == len(steps)
    assert _settings(with_changes(before, said.changes)) == _settings(machine.content())


def _facts(frames: Sequence[Mapping[str, Any]]) -> Any:
    """Frames without what the simulation cannot know: an error's line, JSON's spelling of a character."""
    rows = json.loads(json.dumps(list(frames)))
    for reply in (reply for row in rows for reply in row.get("replies", ())):
        reply["value"]["run_file"] = [json.loads(line) for line in reply["value"]["run_file"]]
        reply["value"]["applied"] = json.loads(reply["value"]["applied"])
        for row in reply["value"]["run_file"]:
            row.get("error", {}).pop("line", None)
    for row in rows:
        row.get("error", {}).pop("line", None)
    return rows


def _one_of_each() -> list[dict[str, Any]]:
    """A step that is done, one that moved, one that fails, and one that is skipped for it."""
    machine = StillMachine(terminal())
    by_kind = {step["script"]: step for step in reversed(_steps(machine))}
    done, moved, failing = (by_kind[kind] for kind in ("windows_update", "computer_name", "power"))
    guid = "00000000-0000-0000-0000-000000000001"
    lost = {"setting": guid, "subgroup": guid, "ac": 1, "dc": None}
    return [
        done,
        moved | {"rests_on": moved["rests_on"] | {"active": "ELSE", "part_of_domain": None}},
        failing | {"arguments": failing["arguments"] | {"settings": [lost]}},
        by_kind["clock"] | {"needs": [done["id"], failing["id"]]},
    ]


def test_a_batch_is_told_as_the_lab_plays_it(engine: Engine) -> None:
    steps = _one_of_each()
    kinds = {step["script"] for step in steps}
    scripts = {f"{kind}.{verb}": script(f"{kind}.{verb}") for kind in kinds for verb in ("read", "write")}
    items = {step["id"]: {"declared": [step["script"]]} for step in steps}
    request = change_request(GUID, steps, scripts, applied={"commit": "c0ffee", "items": items})
    played: list[Mapping[str, Any]] = []
    play(Stage(StillMachine(terminal())), pack(request), played.append)
    said = engine.run(terminal(), request)
    assert [row["state"] for row in said.of_type("step")] == ["done", "moved", "failed", "skipped"]
    assert _facts(said.frames) == _facts(played)


def test_a_renamed_machine_shows_both_names(engine: Engine) -> None:
    machine = terminal()
    machine["registry"][rf"{NAMES}\ComputerName"]["ComputerName"] = text("HARBOUR-CR1")
    row = {"script": "computer_name", "arguments": {}}
    scripts = {"computer_name.read": script("computer_name.read")}
    (reply,) = engine.run(machine, ask_request([row], scripts)).end["replies"]
    assert (reply["value"]["active"], reply["value"]["pending"]) == ("AXIS-B8A44F", "HARBOUR-CR1")
