"""A rollback over played machines: what is remembered, what comes back, and what our record then says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from threading import Event as Flag
from typing import Any

import pytest
from hypothesis import given

from provisioner.errors import UsageError
from provisioner.resources.base import Facts
from provisioner.resources.comparing import differing
from provisioner.resources.host import APPLIED_FILE
from provisioner.steps import exits
from provisioner.steps.apply import apply
from provisioner.steps.events import Event, Happened
from provisioner.steps.items import address
from provisioner.steps.plan import cause
from provisioner.steps.plan_value import Action, Cause
from provisioner.steps.read import read
from provisioner.steps.restart import RestartPolicy
from provisioner.steps.reverse import Backwards, backwards, other_machines, reverse_of, still_remaining
from tests.steps.site import PlayedSite, declared, factory_stage, one
from tests.strategies import SETTINGS

POWER = {"power": {"sleep": "never"}}
BOTH = POWER | {"computer_name": "HARBOUR-CR1"}
SLEEP = "29f6c1db-86da-48c5-9fdb-f2b67b1f44da"


def rows_of(site: PlayedSite) -> list[dict[str, Any]]:
    """The journal as it comes back from a file."""
    rows = json.loads(json.dumps(site.journal, sort_keys=True))
    site.journal.clear()
    assert isinstance(rows, list)
    return rows


def applied(site: PlayedSite, settings: Mapping[str, Any], run: str) -> list[dict[str, Any]]:
    """Apply these settings as a run; its journal."""
    site.desired["a"] = declared(settings)
    site.new_run(run)
    site.apply()
    return rows_of(site)


def roll_back(site: PlayedSite, back: Backwards) -> list[Event]:
    """As the command line does it."""
    site.new_run("back")
    live = read(back.desired, site.lines)
    manifest, site.desired = site.desired, dict(back.desired)
    plan = site.plan(live)
    policies = {name: RestartPolicy("now") for name in back.desired}
    told = apply(
        plan, back.desired, live, site.lines, site.journal.append, policies, Flag(), taken_back=back.undone
    )
    events = list(told)
    site.desired = manifest
    site.new_run("after")
    return events


def causes(site: PlayedSite) -> dict[str, Cause | None]:
    return {item.kind: item.cause for item in site.plan().items}


def facts(site: PlayedSite) -> dict[str, Facts]:
    return {where: seen.facts for where, seen in site.read()["a"].observed.items()}


@given(SETTINGS, SETTINGS)
def test_a_rollback_brings_back_all_that_is_not_said_to_remain(
    first: dict[str, Any], then: dict[str, Any]
) -> None:
    site = one(first)
    applied(site, first, "run-1")
    site.desired["a"] = declared(then)
    before = facts(site)
    back = backwards(applied(site, then, "run-2"), "run-2")
    if not back.machines:
        return
    roll_back(site, back)
    after, remains = facts(site), {(row.address, row.field) for row in back.remains}
    for resource in declared(then):
        where = address("a", resource.kind, resource.key)
        was, now = before.get(where, {}), after.get(where, {})
        touched = {name: was[name] for name in (was if resource.gone else resource.facts()) if name in was}
        left = {name for name in differing(touched, now) if not {(where, name), (where, "")} & remains}
        assert left == set(), (where, was, now)


def test_what_was_there_is_on_disk_before_anything_is_sent() -> None:
    site = one(BOTH)
    at_request: list[list[str]] = []
    site.lines["a"].before = lambda _: at_request.append([row["happened"] for row in site.journal])
    site.apply(restart="never")
    reading, writing, _ = at_request
    assert reading == []
    assert writing == ["before", "sending", "intent"]
    (row,) = [row for row in site.journal if row["happened"] == "before"]
    assert set(row["items"]) == {"a/power", "a/computer_name"}
    assert row["items"]["a/power"]["declared"] == {"sleep": {"both": "never"}}
    assert row["items"]["a/power"]["present"] is True
    assert row["items"]["a/power"]["facts"]["sleep"] == {"ac": "30 min", "dc": "15 min"}


def test_only_what_will_be_touched_is_remembered_and_nothing_where_nothing_is() -> None:
    site = one(POWER)
    applied(site, POWER, "run-1")
    (row,) = [row for row in applied(site, BOTH, "run-2") if row["happened"] == "before"]
    assert set(row["items"]) == {"a/computer_name"}
    assert applied(site, BOTH, "run-3") == []


def test_a_name_is_taken_back_with_its_restart() -> None:
    site = one(BOTH)
    back = backwards(applied(site, BOTH, "run-1"), "run-1")
    events = roll_back(site, back)
    assert Happened.RESTARTED in [event.happened for event in events]
    assert facts(site)["a/computer_name"]["active"] == "AXIS-S9002"
    assert back.remains == ()


def test_what_the_host_left_alone_is_not_taken_back() -> None:
    """It moved meanwhile, so somebody else's value stands there, and the run wrote nothing over it."""
    site = one(BOTH)
    rows = applied(site, BOTH, "run-1")
    rows.append({"happened": "step_moved", "address": "a/power", "host": "a"})
    assert list(backwards(rows, "run-1").undone) == ["a/computer_name"]
    rows.append({"happened": "step_skipped", "address": "a/computer_name", "host": "a"})
    nothing = backwards(rows, "run-1")
    assert (nothing.machines, nothing.desired) == ({}, {})


def test_an_interrupted_run_can_be_taken_back() -> None:
    site = one(POWER)
    rows = [row for row in applied(site, POWER, "run-1") if row["happened"] in ("before", "intent")]
    roll_back(site, backwards(rows, "run-1"))
    assert facts(site)["a/power"]["sleep"] == {"ac": "30 min", "dc": "15 min"}


def test_a_rollback_can_be_taken_back() -> None:
    site = one(POWER)
    back = backwards(applied(site, POWER, "run-1"), "run-1")
    roll_back(site, back)
    roll_back(site, backwards(rows_of(site), "back"))
    assert facts(site)["a/power"]["sleep"] == "never"


def test_drift_says_what_was_rolled_back_and_leaves_the_rest_of_the_record() -> None:
    site = one(POWER)
    applied(site, POWER, "run-1")
    rows = applied(site, BOTH, "run-2")
    roll_back(site, backwards(rows, "run-2"))
    assert causes(site) == {"computer_name": Cause.ROLLED_BACK, "power": None}
    assert "a/power" in str(site.stages["a"].machine.get("files", APPLIED_FILE))
    site.stages["a"].machine.set_by_hand("power", "plans", _active(site), "settings", SLEEP, "ac", value=900)
    assert causes(site)["power"] is Cause.CHANGED_BY_HAND


def test_after_a_rollback_a_hand_a_new_manifest_and_an_apply_are_told_apart() -> None:
    site = one(POWER)
    roll_back(site, backwards(applied(site, POWER, "run-1"), "run-1"))
    site.desired["a"] = declared({"power": {"sleep": "2 h"}})
    assert causes(site) == {"power": Cause.MANIFEST_CHANGED}
    site.desired["a"] = declared(POWER)
    site.stages["a"].machine.set_by_hand("power", "plans", _active(site), "settings", SLEEP, "ac", value=900)
    assert causes(site) == {"power": Cause.CHANGED_BY_HAND}
    applied(site, POWER, "run-3")
    assert causes(site) == {"power": None}
    assert "taken back" not in str(site.stages["a"].machine.get("files", APPLIED_FILE))


def _active(site: PlayedSite) -> str:
    return str(site.stages["a"].machine.get("power", "active"))


@pytest.mark.parametrize(
    ("declared_now", "live", "recorded", "expected"),
    [
        ({"x": 1}, {}, {"x": 1}, Cause.CHANGED_BY_HAND),
        ({"x": 1}, {}, {}, Cause.MANIFEST_CHANGED),
        ({"x": 1}, {}, {"(taken back)": {"x": 1}}, Cause.ROLLED_BACK),
        ({"x": 2}, {}, {"(taken back)": {"x": 1}}, Cause.MANIFEST_CHANGED),
        ({"x": 1}, {"x": 3}, {"x": 2, "(taken back)": {"x": 1}}, Cause.CHANGED_BY_HAND),
        ({"x": 4}, {"x": 3}, {"x": 2, "(taken back)": {"x": 1}}, Cause.BOTH),
        ({}, {"x": 1}, {"x": 1, "(taken back)": {}}, Cause.ROLLED_BACK),
        ({}, {"x": 1}, None, Cause.NEVER_APPLIED),
    ],
)
def test_causes(declared_now: Facts, live: Facts, recorded: Facts | None, expected: Cause) -> None:
    assert cause(declared_now, live, recorded) is expected


def test_only_the_named_hosts_are_taken_back() -> None:
    both = {name: declared(POWER) for name in "ab"}
    site = PlayedSite(both, {name: factory_stage(name, name) for name in "ab"})
    site.apply()
    rows = rows_of(site)
    assert set(backwards(rows, "run-1").desired) == {"a", "b"}
    back = backwards(rows, "run-1", ["b"])
    assert (set(back.desired), set(back.undone), set(back.machines)) == ({"b"}, {"b/power"}, {"b"})


def test_another_machine_at_the_address_is_refused() -> None:
    site = one(POWER)
    back = backwards(applied(site, POWER, "run-1"), "run-1")
    other = PlayedSite(dict(back.desired), {"a": factory_stage("a", "another")})
    (event,) = other_machines(back, other.read())
    assert (event.happened, event.host) == (Happened.HOST_REFUSED, "a")
    assert list(other_machines(back, site.read())) == []


def test_the_reverse_of_a_plan_swaps_before_and_after_or_says_why_not() -> None:
    settings = BOTH | {"clock": {"time_zone": "Europe/Stockholm", "ntp": ["ntp.harbour.example"]}}
    site = one(settings)
    live = site.read()
    plan = site.plan(live)
    reverse = reverse_of(plan, site.desired, live)
    assert [item.address for item in reverse.items] == [item.address for item in plan.items]
    forth = {(i.address, c.field): (c.before, c.after) for i in plan.items for c in i.changes}
    back = {(i.address, c.field): (c.after, c.before) for i in reverse.items for c in i.changes}
    lost = {row.field for row in reverse.remains}
    assert lost == {"service"}
    assert back == {key: pair for key, pair in forth.items() if key[1].partition(".")[0] not in lost}
    assert [item.restart for item in reverse.items if item.kind == "computer_name"] == ["needed"]


def test_what_the_plan_would_not_write_has_no_reverse() -> None:
    site = one(POWER)
    site.apply()
    live = site.read()
    reverse = reverse_of(site.plan(live), site.desired, live)
    assert (reverse.items, reverse.remains) == ((), ())


def test_what_remains_counts_as_a_persons_step_until_it_is_done() -> None:
    settings = {"clock": {"ntp": ["ntp.harbour.example"]}}
    site = one(settings)
    back = backwards(applied(site, settings, "run-1"), "run-1")
    roll_back(site, back)
    live = read(back.desired, site.lines)
    remains = still_remaining(back, live)
    assert [row.field for row in remains] == ["service"]
    plan = site.plan().model_copy(update={"items": (), "remains": remains})
    assert exits.of_plan(plan) == exits.of_apply(plan, []) == exits.REMAINS
    machine = site.stages["a"].machine
    machine.set_by_hand("services", "w32time", "running", value=False)
    machine.set_by_hand("services", "w32time", "start", value="manual")
    trigger = r"HKLM\SYSTEM\CurrentControlSet\Services\W32Time\TriggerInfo\0"
    machine.set_by_hand("registry", trigger, value={"Type": {"type": "DWord", "data": 3}})
    assert still_remaining(back, read(back.desired, site.lines)) == ()


def test_a_journal_of_another_version_is_refused() -> None:
    kept = {"present": True, "facts": {}, "declared": {"nope": 1}}
    for where in ("a/power", "a/unheard_of"):
        rows = [
            {"happened": "before", "host": "a", "machine": "m", "items": {where: kept}},
            {"happened": "intent", "host": "a", "steps": [{"id": where}]},
        ]
        with pytest.raises(UsageError, match="does not understand"):
            backwards(rows, "run-1")


def test_nothing_is_sent_where_all_is_as_before_already() -> None:
    site = one(POWER)
    back = backwards(applied(site, POWER, "run-1"), "run-1")
    roll_back(site, back)
    written = site.writes()
    assert roll_back(site, back) == []
    assert site.writes() == written
    live = read(back.desired, site.lines)
    manifest, site.desired = site.desired, dict(back.desired)
    assert [item.action for item in site.plan(live).items] == [Action.KEEP]
    site.desired = manifest
