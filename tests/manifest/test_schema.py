"""The published schema is fresh, and an independent validator agrees with us about valid and wrong files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from provisioner.manifest.schema import site_schema
from provisioner.resources import ALL
from tests.manifest.written import site

ROOT = Path(__file__).parents[2]
SITES = sorted((ROOT / "sites").glob("*/site.yaml"))
VALIDATOR = Draft202012Validator(site_schema())


def parsed(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def test_the_committed_file_is_fresh() -> None:
    committed = json.loads((ROOT / "schemas" / "site.schema.json").read_text(encoding="utf-8"))
    assert committed == site_schema(), "run `provisioner schema --write schemas`"


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(site_schema())


@pytest.mark.parametrize("file", SITES, ids=lambda file: file.parent.name)
def test_our_examples_are_accepted(file: Path) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(parsed(file.read_text(encoding="utf-8")))] == []


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.kind)
def test_examples_of_every_kind_are_accepted(kind: Any) -> None:
    manifest = parsed(site())
    for example in kind.examples:
        manifest["terminals"][0][kind.place()] = [example] if kind.section else example
        assert [error.message for error in VALIDATOR.iter_errors(manifest)] == []


ACCEPTED = [
    "clock: {ntp: '{{ ntp }}', poll_seconds: '{{ 1024 }}', manual: '{% if x %}1{% endif %}'}",
    "computer_name: '{{ prefix }}-CR1'",
    "power: '{{ power }}'",
]
REFUSED = [
    "clok: {}",
    "clock: {poll_seconds: '1024'}",
    "clock: {ntp: x}",
    "computer_name: A-NAME-THAT-IS-TOO-LONG",
    "power:",
    "windows_update: {install: never}",
    "maintenance_window: {from: '25:00', to: '03:00'}",
]


@pytest.mark.parametrize("line", ACCEPTED)
def test_an_expression_may_stand_for_any_value(line: str) -> None:
    assert VALIDATOR.is_valid(parsed(site(line)))


@pytest.mark.parametrize("line", REFUSED)
def test_wrong_settings_are_refused(line: str) -> None:
    assert not VALIDATOR.is_valid(parsed(site(line)))


def test_a_secret_must_be_a_reference() -> None:
    assert not VALIDATOR.is_valid(parsed(site().replace("{env: HARBOUR_WINRM}", "hunter2")))
    assert not VALIDATOR.is_valid(parsed(site().replace("{env: HARBOUR_WINRM}", "{env: A, file: b}")))


def test_only_what_extends_a_base_may_leave_things_out() -> None:
    part = {"site": "harbour", "terminals": [{"name": "cr1", "connect": {"port": 5986}}]}
    assert not VALIDATOR.is_valid(part)
    assert VALIDATOR.is_valid({**part, "extends": "../base.yaml"})
    assert not VALIDATOR.is_valid({**part, "extends": "../base.yaml", "bogus": 1})
