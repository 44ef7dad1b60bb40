"""The shared fixtures: script and simulation give the same answer and leave the same machine."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.resources import ALL

from .engine import powershell, run_cases
from .fixtures import Fixture, RecordingMachine, fixtures, simulated, with_changes

FIXTURES = fixtures()
VERBS = {f"{kind.kind}/{verb}" for kind in ALL for verb in ("read", *kind.verbs)} | {
    "host/read",
    "host/restart",
}
LEAST_CASES, LEAST_PER_VERB = 40, 4


def _name(fixture: Fixture) -> str:
    return fixture.name


def test_every_verb_of_every_kind_has_its_cases() -> None:
    verbs = Counter(fixture.name.rpartition("/")[0] for fixture in FIXTURES)
    failing = {
        fixture.name.rpartition("/")[0] for fixture in FIXTURES if "error" in fixture.calls[-1]["answer"]
    }
    assert verbs.keys() == VERBS == failing
    assert min(verbs.values()) >= LEAST_PER_VERB
    assert len(FIXTURES) >= LEAST_CASES


@pytest.mark.parametrize("fixture", FIXTURES, ids=_name)
def test_a_fixture_is_json_that_every_powershell_reads_alike(fixture: Fixture) -> None:
    requests = {f"{call['request']['script']}/{call['request']['verb']}" for call in fixture.calls}
    assert requests == {fixture.name.rpartition("/")[0]}
    for content in _objects(fixture.content):
        assert not isinstance(content, float)
        if isinstance(content, dict):
            assert "" not in content
            assert len({key.casefold() for key in content}) == len(content)


def _objects(content: Any) -> Iterator[Any]:
    yield content
    inside = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    for inner in inside:
        yield from _objects(inner)


@pytest.mark.parametrize("fixture", FIXTURES, ids=_name)
def test_the_simulation_answers_and_changes_as_the_fixture_says(fixture: Fixture) -> None:
    content = fixture.content
    machine = RecordingMachine(content["before"], content["now_ms"])
    for call in fixture.calls:
        # As text: equality would take 1 for true, and PowerShell's order of fields is part of the answer.
        assert json.dumps(simulated(machine, call["request"])) == json.dumps(call["answer"])
    assert machine.content() == with_changes(content["before"], content["after"])
    events = [row for row in machine.changes if "place" not in row]
    assert events == [row for row in content["after"] if "place" not in row]


def test_the_scripts_answer_and_change_as_the_fixtures_say() -> None:
    said = run_cases(powershell(f"{len(FIXTURES)} fixtures in a PowerShell engine"))
    assert said.lines[-1] == f"{len(FIXTURES)} passed, 0 failed", "\n".join(said.failed)
    assert said.exit_code == 0
    assert {line.removeprefix("passed ") for line in said.lines[:-1]} == set(map(_name, FIXTURES))


def test_a_case_that_is_not_so_fails_the_run(tmp_path: Path) -> None:
    """The judge itself: a wrong answer, a wrong machine, a forgotten restart and an unreadable case."""
    program = powershell("that run.ps1 finds a fixture that is not so")
    by_name = {fixture.name: fixture.content for fixture in FIXTURES}
    read = dict(by_name["computer_name/read/as_delivered"])
    wrong = {
        "answer": read | {"answer": read["answer"] | {"pending": "axis-b8a44f"}},
        "order": read | {"answer": dict(reversed(read["answer"].items()))},
        "machine": by_name["computer_name/update/new_name"] | {"after": []},
        "restart": by_name["host/restart/german"] | {"after": []},
        "unreadable": {"now_ms": 0},
    }
    for name, content in wrong.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content), "utf-8")
    said = run_cases(program, "-Fixtures", str(tmp_path))
    assert said.lines[-1] == "0 passed, 5 failed"
    assert said.exit_code == 1
