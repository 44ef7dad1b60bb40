"""Every view in every situation, as snapshots; and no view lets a name out of its place."""

from __future__ import annotations

import json
import unicodedata

import jsonschema
import pytest
from syrupy.assertion import SnapshotAssertion

from provisioner.errors import ManifestError, UsageError
from provisioner.manifest.complaint import Complaint
from provisioner.resources.base import Reason, Risk
from provisioner.steps.events import Happened
from provisioner.steps.plan_value import Action, Cause, plan_schema
from provisioner.views import words
from provisioner.views.human import Human
from provisioner.views.json import Json
from tests.views.situations import EVENTS, HOSTILE, PLANS, RUNS


@pytest.mark.parametrize("name", PLANS)
def test_plan_for_people(name: str, snapshot: SnapshotAssertion) -> None:
    assert Human().plan(PLANS[name]) == snapshot


def test_drift_says_the_cause(snapshot: SnapshotAssertion) -> None:
    assert Human().plan(PLANS["every_action"], drift=True) == snapshot


def test_history_for_people(snapshot: SnapshotAssertion) -> None:
    assert Human().history("harbour", RUNS) + Human().history(HOSTILE, ()) == snapshot


def test_history_for_programs() -> None:
    document = json.loads(Json().history("harbour", RUNS))
    assert [row["exit_code"] for row in document["runs"]] == [0, None, 6]


def test_colour_and_wire_when_asked_for(snapshot: SnapshotAssertion) -> None:
    assert Human(colour=True, verbose=1).plan(PLANS["every_action"]) == snapshot


def test_the_machine_itself_when_asked_for(snapshot: SnapshotAssertion) -> None:
    assert Human(verbose=1).plan(PLANS["host_facts"]) == snapshot


def test_events_for_people(snapshot: SnapshotAssertion) -> None:
    assert "".join(map(Human().event, EVENTS)) == snapshot


def test_errors_for_people(snapshot: SnapshotAssertion) -> None:
    faults = (
        Complaint(
            "sites/x/site.yaml",
            4,
            5,
            "unknown-key",
            "unknown key `clok`",
            "Did you mean 'clock'?",
            "    clok: {}",
        ),
        Complaint("sites/x/site.yaml", 9, 1, "missing", f"bad {HOSTILE}", "", ""),
    )
    said = Human().error(ManifestError("faults", complaints=faults))
    assert said + Human().error(UsageError("no", where="apply", next_step="Do.")) == snapshot


@pytest.mark.parametrize("name", PLANS)
def test_plan_for_programs_fits_its_schema(name: str) -> None:
    document = json.loads(Json().plan(PLANS[name]))
    jsonschema.Draft202012Validator(plan_schema()).validate(document)
    assert document["summary"] == dict(PLANS[name].summary)
    assert [row["address"] for row in document["items"]] == [item.address for item in PLANS[name].items]


def test_events_for_programs_are_one_line_each() -> None:
    for event in EVENTS:
        line = Json().event(event)
        assert line.endswith("\n") and line.count("\n") == 1
        assert json.loads(line)["event"]["happened"] == event.happened


def test_no_name_can_steer_a_terminal() -> None:
    said = [Human().plan(plan) for plan in PLANS.values()] + [Human().event(event) for event in EVENTS]
    for char in "".join(said).replace("\n", ""):
        assert unicodedata.category(char)[0] != "C", repr(char)


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (words.SIGN, Action),
        (words.REASON, Reason),
        (words.RISK, Risk),
        (words.CAUSE, Cause),
        (words.HAPPENED, Happened),
    ],
)
def test_every_name_has_its_words(table: dict[object, str], names: type) -> None:
    assert set(table) == set(names)  # type: ignore[call-overload]
