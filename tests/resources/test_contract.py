"""What every kind must keep, over its own examples."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from provisioner.resources import ALL, BY_NAME
from provisioner.resources.base import Ask, Change, Resource

from .machine import apply, ask_of, change_of, drift, factory_machine, observe, observed_from, writing

CASES = [
    pytest.param(kind, example, id=f"{kind.kind}-{n}")
    for kind in ALL
    for n, example in enumerate(kind.examples)
]
KINDS = [pytest.param(kind, id=kind.kind) for kind in ALL]


def _walk(value: Any) -> Any:
    yield value
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _walk(inner)


def test_hosts_are_changed_in_this_order() -> None:
    assert list(BY_NAME) == [
        "computer_name",
        "clock",
        "power",
        "windows_update",
        "proxy",
        "firewall_rule",
        "local_user",
        "local_group",
        "camera_station",
        "windows_service",
        "network",
    ]


@pytest.mark.parametrize(("kind", "example"), CASES)
def test_an_example_is_applied_once_and_then_in_sync(kind: type[Resource], example: dict[str, Any]) -> None:
    machine, wanted = factory_machine(), kind.model_validate(example)
    assert apply(machine, wanted)
    written = machine.writes
    assert written
    assert apply(machine, wanted) == frozenset()
    assert machine.writes == written


@pytest.mark.parametrize(("kind", "example"), CASES)
def test_reading_asks_once_and_writing_changes_once(kind: type[Resource], example: dict[str, Any]) -> None:
    wanted = kind.model_validate(example)
    assert ask_of(wanted) == Ask(kind.kind, ask_of(wanted).arguments)
    change = change_of(factory_machine(), wanted)
    assert isinstance(change, Change)
    assert change.script == kind.kind
    assert change.verb in kind.verbs
    talk = writing(wanted, observe(factory_machine(), wanted))
    next(talk)
    with pytest.raises(StopIteration):
        talk.send(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "example"), CASES)
def test_reading_writes_nothing_and_says_the_same_again(
    kind: type[Resource], example: dict[str, Any]
) -> None:
    machine, wanted = factory_machine(), kind.model_validate(example)
    assert observe(machine, wanted) == observe(machine, wanted)
    assert machine.writes == 0


@pytest.mark.parametrize(("kind", "example"), CASES)
def test_raw_replies_are_json_that_both_powershells_read_alike(
    kind: type[Resource], example: dict[str, Any]
) -> None:
    raw = observe(factory_machine(), kind.model_validate(example)).rests_on
    assert json.loads(json.dumps(raw)) == raw
    for part in _walk(raw):
        assert not isinstance(part, float)
        if isinstance(part, Mapping):
            assert "" not in part
            assert len({key.casefold() for key in part}) == len(part)


@pytest.mark.parametrize(("kind", "example"), CASES)
def test_facts_are_in_the_form_of_live_facts(kind: type[Resource], example: dict[str, Any]) -> None:
    """After applying, each declared fact is there under the same name."""
    machine, wanted = factory_machine(), kind.model_validate(example)
    apply(machine, wanted)
    assert set(wanted.facts()) <= set(observe(machine, wanted).facts)


@pytest.mark.parametrize(("kind", "example"), CASES)
def test_the_schema_accepts_the_example(kind: type[Resource], example: dict[str, Any]) -> None:
    jsonschema.validate(example, kind.model_json_schema())


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_keys_are_refused(kind: type[Resource]) -> None:
    with pytest.raises(ValidationError):
        kind.model_validate({**kind.examples[0], "no_such_key": 1})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**kind.examples[0], "no_such_key": 1}, kind.model_json_schema())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", ["read", "write"])
def test_scripts_are_there_in_ascii(kind: type[Resource], part: str) -> None:
    """Windows PowerShell 5.1 reads a file without mark as ANSI."""
    script = files("provisioner.resources").joinpath(f"{kind.kind}.{part}.ps1").read_bytes()
    assert script.isascii()
    assert script.strip().startswith(b"param(")


@pytest.mark.parametrize("kind", KINDS)
def test_one_example_after_the_other_settles(kind: type[Resource]) -> None:
    machine = factory_machine()
    for example in (*kind.examples, *reversed(kind.examples)):
        apply(machine, kind.model_validate(example))
        assert drift(machine, kind.model_validate(example)) == frozenset()


@pytest.mark.parametrize("kind", KINDS)
def test_a_reply_survives_the_wire(kind: type[Resource]) -> None:
    wanted = kind.model_validate(kind.examples[0])
    live = observe(factory_machine(), wanted)
    assert observed_from(wanted, json.loads(json.dumps(live.rests_on))) == live
