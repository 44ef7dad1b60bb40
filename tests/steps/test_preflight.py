"""What forbids every change on a host, in words that say how to proceed; and what a plan tells of a host."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provisioner.resources.base import Reason
from provisioner.resources.host_facts import HostFacts
from provisioner.steps import exits
from provisioner.steps.events import Happened
from provisioner.steps.plan_value import Action
from provisioner.steps.preflight import forbids
from provisioner.steps.restart import RestartPolicy, still_waiting
from tests.steps.site import PlayedSite, one

SETTINGS = {"computer_name": "HARBOUR-CR1", "power": {"sleep": "never"}}
KEEPING = {"power": {"sleep": {"ac": "30 min", "dc": "15 min"}}}


def _facts(**more: Any) -> HostFacts:
    live = one({}).read()["a"]
    assert live.facts is not None
    return replace(live.facts, **more)


def _set(site: PlayedSite, *place: str, value: Any) -> PlayedSite:
    site.stages["a"].machine.set_by_hand(*place, value=value)
    return site


def test_nothing_forbids_on_a_terminal_as_it_is_delivered() -> None:
    assert forbids(_facts()) is None


@pytest.mark.parametrize(
    ("facts", "reason", "what", "next_step"),
    [
        ({"write_filter": True, "write_filter_next": True}, Reason.WRITE_FILTER, "lost", "Run `uwfmgr"),
        ({"write_filter": True, "write_filter_next": False}, Reason.WRITE_FILTER, "lost", "Restart it"),
        ({"write_filter": None}, Reason.READ_FAILED, "Filter", "uwfmgr filter get-config"),
        ({"elevated": False}, Reason.NOT_ELEVATED, "rights", "LocalAccountTokenFilterPolicy"),
        ({"elevated": None}, Reason.READ_FAILED, "rights", "whoami /groups"),
        ({"sixty_four_bit": False}, Reason.NOT_64_BIT, "32-bit", "64-bit"),
        ({"sixty_four_bit": None}, Reason.READ_FAILED, "", "plan again"),
        ({"elevated": False, "write_filter": None}, Reason.NOT_ELEVATED, "", ""),
        ({"elevated": None, "write_filter": True}, Reason.WRITE_FILTER, "", ""),
    ],
)
def test_a_host_that_must_not_be_written(
    facts: dict[str, Any], reason: Reason, what: str, next_step: str
) -> None:
    refusal = forbids(_facts(**facts))
    assert refusal is not None
    assert refusal.reason is reason
    assert what in refusal.what
    assert next_step in refusal.next_step


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        (("write_filter", "on"), True, Reason.WRITE_FILTER),
        (("wmi",), {"denied": ["UWF_Filter"]}, Reason.READ_FAILED),
        (("session", "elevated"), False, Reason.NOT_ELEVATED),
        (("session", "sixty_four_bit"), False, Reason.NOT_64_BIT),
    ],
)
def test_what_would_write_is_refused_and_nothing_is_written(
    place: tuple[str, ...], value: object, reason: Reason
) -> None:
    site = _set(one(SETTINGS), *place, value=value)
    plan = site.plan()
    assert {(item.action, item.reason) for item in plan.items} == {(Action.REFUSED, reason)}
    assert {item.restart for item in plan.items} == {"no"}
    assert all(item.what and item.next_step for item in plan.items)
    assert exits.of_plan(plan) == exits.REFUSED
    assert site.apply() == []
    assert site.writes() == 0


def test_what_is_as_declared_stays_so_under_a_write_filter() -> None:
    site = _set(one(KEEPING), "write_filter", "on", value=True)
    assert [item.action for item in site.plan().items] == [Action.KEEP]


def test_a_plan_tells_of_the_host_and_no_digest_covers_that() -> None:
    site = one(SETTINGS)
    plan = site.plan().sealed()
    facts = plan.hosts[0].facts
    assert (facts["model"], facts["pending_restart"], facts["logged_on"]) == ("AXIS S9002 Mk II", [], "")
    later = _set(site, "logged_on", value="Operator").plan()
    assert later.hosts[0].facts["logged_on"] == "AXIS-S9002\\Operator"
    assert later.content_digest() == plan.digest


def test_a_restart_says_who_and_what_it_hits() -> None:
    site = _set(one({"computer_name": "HARBOUR-CR1"}), "logged_on", value="Operator")
    (restarting,) = [event for event in site.apply() if event.happened is Happened.RESTARTING]
    assert "AXIS-S9002\\Operator is logged on" in restarting.what
    assert "AXIS services run, and recording stops with them: AxisRecorderTool" in restarting.what


def test_under_a_write_filter_no_restart_is_made_either() -> None:
    site = one({"computer_name": "HARBOUR-CR1"})
    site.apply(restart="never")
    _set(site, "write_filter", "on", value=True)
    events = site.apply(restart="now")
    assert [event.happened for event in events] == [Happened.HOST_REFUSED]
    assert "Write Filter" in events[0].what
    assert exits.of_apply(site.plan(), events) == exits.REFUSED


def test_where_it_may_not_restart_one_line_says_what_waits_and_until_when() -> None:
    site = one({"computer_name": "HARBOUR-CR1"})
    site.apply(restart="never")
    key = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired"
    live = _set(site, "registry", key, value={}).read()["a"]
    items = site.plan().items
    policy = RestartPolicy("window", lambda _: False, lambda _: "Saturday 02:00")
    event = still_waiting(items, live, policy)
    assert event is not None
    assert (event.happened, event.address) == (Happened.RESTART_WAITS, "a/computer_name")
    assert event.what == "Windows waits too: windows update; the maintenance window opens Saturday 02:00"
    assert still_waiting(items, live, RestartPolicy("now")) is None
