"""Plan, apply, read back, plan is empty: on played machines, everything above the wire for real."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from provisioner.resources.base import Change
from provisioner.resources.conversation import Batch, Step
from provisioner.resources.host import APPLIED_FILE, RUN_FILE
from provisioner.resources.power import Power
from provisioner.steps import exits
from provisioner.steps.events import Happened
from provisioner.steps.plan_value import Action, Cause
from provisioner.steps.saved import stale_hosts
from tests.steps.site import PlayedSite, declared, factory_stage, one

EVERYTHING = {
    "computer_name": "HARBOUR-CR1",
    "clock": {"time_zone": "Europe/Stockholm", "ntp": ["ntp.harbour.example"]},
    "power": {"sleep": "never", "display_off": "never"},
    "windows_update": {
        "install": "scheduled",
        "day": "sunday",
        "time": "00:00",
        "restart": {"always_at_scheduled_time": True, "delay_minutes": 15},
        "install_minor_immediately": True,
    },
}
NAME = (
    "registry",
    r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName",
    "ComputerName",
    "data",
)
POWER = {"power": {"sleep": "never"}}


def happened(events: list, kind: Happened) -> list[str]:  # type: ignore[type-arg]
    return [event.address or event.host for event in events if event.happened is kind]


def test_a_factory_new_machine_becomes_as_declared() -> None:
    site = one(EVERYTHING)
    assert {item.kind: item.action for item in site.plan().items} == dict.fromkeys(EVERYTHING, Action.UPDATE)
    events = site.apply()
    assert happened(events, Happened.STEP_DONE) == [f"a/{kind}" for kind in EVERYTHING]
    assert happened(events, Happened.VERIFIED) == [f"a/{kind}" for kind in EVERYTHING]
    assert happened(events, Happened.RESTARTED) == ["a"]
    assert exits.of_apply(site.plan(), events) == exits.IN_SYNC
    assert {item.action for item in site.plan().items} == {Action.KEEP}


def test_the_second_apply_writes_nothing() -> None:
    site = one(EVERYTHING)
    site.apply()
    before = site.writes()
    site.new_run("run-2")
    assert site.apply() == []
    assert site.writes() == before
    assert len(site.lines["a"].requests) == 1


def test_one_request_reads_whatever_is_declared() -> None:
    for settings in (POWER, EVERYTHING):
        site = one(settings)
        site.plan()
        assert len(site.lines["a"].requests) == 1


def test_plan_apply_and_read_back_are_three_conversations() -> None:
    site = one(EVERYTHING)
    site.apply(restart="never")
    assert len(site.lines["a"].requests) == 3


def test_nothing_of_ours_but_the_record_stays() -> None:
    site = one(EVERYTHING)
    site.apply()
    machine = site.stages["a"].machine
    assert machine.get("files", RUN_FILE) is None
    assert machine.get("files", APPLIED_FILE) is not None


def test_without_a_restart_the_name_waits_and_the_exit_says_so() -> None:
    site = one({"computer_name": "HARBOUR-CR1"})
    events = site.apply(restart="never")
    assert happened(events, Happened.RESTART_WAITS) == ["a/computer_name"]
    assert exits.of_apply(site.plan(), events) == exits.REMAINS
    (item,) = site.plan().items
    assert (item.action, item.restart) == (Action.KEEP, "pending")
    assert exits.of_plan(site.plan()) == exits.REMAINS
    site.new_run("run-2")
    later = site.apply(restart="now")
    assert happened(later, Happened.RESTARTED) == ["a"]
    assert exits.of_plan(site.plan()) == exits.IN_SYNC


def test_a_rename_is_taken_back_before_its_restart() -> None:
    site = one({"computer_name": "HARBOUR-CR1"})
    site.apply(restart="never")
    site.desired["a"] = declared({"computer_name": "AXIS-S9002"})
    site.new_run("run-2")
    site.apply(restart="never")
    assert [item.restart for item in site.plan().items] == ["no"]


def test_causes_by_our_record() -> None:
    site = one(POWER)
    assert site.plan().items[0].cause is Cause.NEVER_APPLIED
    site.apply()
    site.desired["a"] = declared({"power": {"sleep": "2 h"}})
    assert site.plan().items[0].cause is Cause.MANIFEST_CHANGED
    site.desired["a"] = declared(POWER)
    plans = site.stages["a"].machine.get("power", "plans")
    assert isinstance(plans, dict)
    active = str(site.stages["a"].machine.get("power", "active"))
    sleep = "29f6c1db-86da-48c5-9fdb-f2b67b1f44da"
    site.stages["a"].machine.set_by_hand("power", "plans", active, "settings", sleep, "ac", value=900)
    assert site.plan().items[0].cause is Cause.CHANGED_BY_HAND


def test_a_failing_read_is_unknown_and_never_written() -> None:
    site = one(EVERYTHING)
    site.stages["a"].broken = lambda script: "Access is denied." if script == "power.read" else None
    plan = site.plan()
    (power,) = [item for item in plan.items if item.kind == "power"]
    assert power.action is Action.UNKNOWN
    assert "Access is denied." in power.what
    events = site.apply()
    assert "a/power" not in happened(events, Happened.STEP_DONE)
    assert exits.of_apply(plan, events) == exits.UNREACHABLE


def test_a_failing_write_fails_its_step_and_no_other() -> None:
    site = one(EVERYTHING)
    site.stages["a"].broken = lambda script: "powercfg.exe ended with 1." if script == "power.write" else None
    events = site.apply()
    assert happened(events, Happened.STEP_FAILED) == ["a/power"]
    assert happened(events, Happened.STEP_DONE) == ["a/computer_name", "a/clock", "a/windows_update"]
    assert exits.of_apply(site.plan(), events) == exits.FAILED
    assert "a/power" not in str(site.stages["a"].machine.get("files", APPLIED_FILE))


def test_what_moved_since_the_plan_is_not_written() -> None:
    site = one({"computer_name": "HARBOUR-CR1", "power": {"sleep": "never"}})
    machine = site.stages["a"].machine
    asked = iter(range(10))

    def rename_by_hand_after_the_plan(_: bytes) -> None:
        if next(asked) == 1:
            machine.set_by_hand(*NAME, value="SOMEBODY-ELSE")

    site.lines["a"].before = rename_by_hand_after_the_plan
    events = site.apply()
    (moved,) = [event for event in events if event.happened is Happened.STEP_MOVED]
    assert (moved.address, moved.fields) == ("a/computer_name", ("pending",))
    assert happened(events, Happened.STEP_DONE) == ["a/power"]
    assert machine.get(*NAME) == "SOMEBODY-ELSE"
    assert exits.of_apply(site.plan(), events) == exits.REFUSED


def test_a_saved_plan_is_refused_for_the_host_that_moved_and_applied_for_the_other() -> None:
    desired = {name: declared({"computer_name": f"NAME-{name}"}) for name in "ab"}
    site = PlayedSite(desired, {name: factory_stage(name) for name in "ab"})
    saved = site.plan()
    site.stages["a"].machine.set_by_hand(*NAME, value="SOMEBODY-ELSE")
    (refused,) = stale_hosts(saved, site.desired, site.read())
    assert (refused.host, refused.fields) == ("a", ("computer_name: pending",))


def test_a_saved_plan_is_refused_on_another_machine() -> None:
    site = one(POWER)
    saved = site.plan()
    other = PlayedSite(site.desired, {"a": factory_stage("a", seed="another")})
    (refused,) = stale_hosts(saved, site.desired, other.read())
    assert "another machine" in refused.what


def test_a_machine_swapped_during_the_run_is_not_written() -> None:
    site = one(POWER)
    other = factory_stage("a", seed="another")
    line = site.lines["a"]

    def swap_before_the_batch(_: bytes) -> None:
        if len(line.requests) == 2:
            line.stage = other

    line.before = swap_before_the_batch
    events = site.apply()
    (failed,) = [event for event in events if event.happened is Happened.HOST_FAILED]
    assert "another machine" in failed.what
    assert other.machine.writes == other.machine.bookkeeping_writes == 0


def test_an_interrupted_run_is_one_line_of_the_plan_and_taken_over() -> None:
    site = one(POWER)
    machine = site.stages["a"].machine
    lines = '{"run":"run-0","steps":1}\r\n{"type":"step","id":"a/power","state":"done"}\r\n{"type":"st'
    machine.set_by_hand("files", RUN_FILE, value={"text": lines})
    plan = site.plan()
    assert (plan.hosts[0].left_over, plan.hosts[0].left_over_results) == ("run-0", {"a/power": "done"})
    assert exits.of_plan(plan) == exits.CHANGES
    events = site.apply()
    (taken,) = [event for event in events if event.happened is Happened.LEFT_OVER_TAKEN]
    assert (taken.run, taken.what) == ("run-0", "a/power done")
    assert machine.get("files", RUN_FILE) is None


def test_a_left_over_alone_is_taken_over_too() -> None:
    site = one(POWER)
    site.apply()
    site.stages["a"].machine.set_by_hand("files", RUN_FILE, value={"text": '{"run":"run-0","steps":1}\r\n'})
    site.new_run("run-2")
    events = site.apply()
    assert happened(events, Happened.LEFT_OVER_TAKEN) == ["a"]
    assert site.plan().writes is False


def test_a_second_writer_is_told_who_holds_the_host() -> None:
    site = one(POWER)
    site.stages["a"].mutex.acquire()
    site.stages["a"].machine.set_by_hand("files", RUN_FILE, value={"text": '{"run":"run-0","steps":1}\r\n'})
    events = site.apply()
    (refused,) = [event for event in events if event.happened is Happened.HOST_REFUSED]
    assert "run-0" in refused.what
    assert exits.of_apply(site.plan(), events) == exits.REFUSED
    assert site.stages["a"].machine.writes == 0


def test_intents_are_recorded_before_the_batch_leaves() -> None:
    site = one(POWER)
    seen: list[int] = []
    site.lines["a"].before = lambda _: seen.append(len(site.journal))
    site.apply()
    intents = [row for row in site.journal if row["happened"] == "intent"]
    assert intents == [
        {"happened": "intent", "host": "a", "steps": [{"id": "a/power", "script": "power", "verb": "update"}]}
    ]
    assert seen[1] >= 1


@pytest.mark.parametrize("settings", [{kind: value} for kind, value in EVERYTHING.items()])
def test_each_setting_alone_settles(settings: dict[str, object]) -> None:
    site = one(settings)
    site.apply()
    assert {item.action for item in site.plan().items} == {Action.KEEP}


def test_a_step_waits_for_what_it_needs_in_its_batch() -> None:
    """`needs` reaches the wire: the second step is skipped where the first one failed."""
    site = one({**POWER, "computer_name": "NEW"})
    live = site.read()["a"]
    assert live.facts is not None
    rests = {where: seen.rests_on for where, seen in live.observed.items()}
    asks = {r.kind: next(type(r).read([r])) for r in site.desired["a"]}
    first = Step("a/power", Change("power", "update", {}), (), asks["power"], {"never": "so"})
    change = next(iter(site.desired["a"][0].update(live.observed["a/computer_name"])))
    second = Step("a/computer_name", change, ("a/power",), asks["computer_name"], rests["a/computer_name"])
    news = list(site.lines["a"].change(Batch(live.facts.machine_guid, (first, second), ())))
    assert [getattr(row, "state", "") for row in news] == ["moved", "skipped", ""]


def test_a_batch_that_stops_outside_its_steps_says_why() -> None:
    """Something else stands where the run file belongs: no step's fault, and no lost connection."""
    site = one(POWER)
    line, machine = site.lines["a"], site.stages["a"].machine
    folder = {"folder": True}
    line.before = lambda _: len(line.requests) == 2 and machine.set_by_hand("files", RUN_FILE, value=folder)
    events = site.apply()
    failed = [event for event in events if event.happened is Happened.HOST_FAILED]
    assert "the batch stopped on the host: Access to the path" in failed[0].what
    assert Happened.CONNECTION_LOST not in {event.happened for event in events}
    assert exits.of_apply(site.plan(), events) in (exits.FAILED, exits.UNREACHABLE)
    assert machine.writes == 0


def test_a_window_that_closed_since_the_reading_is_closed() -> None:
    """The host's own clock runs on while others are written and a person thinks."""
    site = one({"computer_name": "HARBOUR-CR1"})
    live = site.read()["a"]
    assert live.facts is not None
    later = replace(live, heard_at=live.heard_at - 3600)
    moved = later.local_time() - live.local_time()  # type: ignore[operator]
    assert abs(moved.total_seconds() - 3600) < 60


def test_an_item_that_needs_an_unknown_one_elsewhere_is_not_written() -> None:
    class NeedsClock(Power):
        @property
        def needs(self) -> tuple[str, ...]:
            return ("a/clock",)

    stages = {name: factory_stage(name) for name in "ab"}
    desired = {
        "a": declared({"clock": {"time_zone": "UTC"}}),
        "b": [NeedsClock.model_validate({"sleep": "never"})],
    }
    site = PlayedSite(desired, stages)
    stages["a"].broken = lambda script: "no" if script == "clock.read" else None
    events = site.apply()
    assert happened(events, Happened.STEP_SKIPPED) == ["b/power"]
    assert stages["b"].machine.writes == 0


def test_the_record_holds_what_was_applied_and_nothing_else() -> None:
    """A failed step's item is not recorded as applied; what was recorded before stays."""
    site = one(POWER)
    site.apply()
    site.desired["a"] = declared({**POWER, "computer_name": "HARBOUR-CR1", "clock": {"time_zone": "UTC"}})
    site.stages["a"].broken = lambda script: "no" if script == "clock.write" else None
    site.new_run("run-2")
    site.apply(restart="never")
    record = json.loads(str(site.stages["a"].machine.get("files", APPLIED_FILE, "text")))
    assert set(record["items"]) == {"a/power", "a/computer_name"}


def test_what_cannot_be_read_after_writing_is_unknown_and_not_wrong() -> None:
    site = one(POWER)
    reads = iter(range(10))
    site.stages["a"].broken = lambda script: "no" if script == "power.read" and next(reads) > 1 else None
    events = site.apply()
    assert happened(events, Happened.STEP_DONE) == ["a/power"]
    assert happened(events, Happened.UNKNOWN) == ["a/power"]
    assert exits.of_apply(site.plan(), events) == exits.UNREACHABLE
