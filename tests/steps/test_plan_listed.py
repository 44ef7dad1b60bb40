"""Several of a kind on a host: planned, guarded, ordered and shown; no kind and no script is needed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from provisioner.resources.base import Observed, Reason, Resource
from provisioner.resources.host_facts import HostFacts, WayIn
from provisioner.steps.apply import _in_turn
from provisioner.steps.items import asked, by_address
from provisioner.steps.plan import digested, plan_item, plan_items, resource_digest
from provisioner.steps.plan_value import Action, Cause, Plan, PlannedSite, Run, summary
from provisioner.steps.read import HostLive
from provisioner.steps.reverse import before_rows, reverse_of
from tests.toys import Account, Share

CLIPS = Share.model_validate({"name": "Clips", "path": "D:"})
NO_CLIPS = Share.model_validate({"name": "Clips", "absent": True})
THERE = {"name": "Clips", "path": "D:"}


def live(*declared: Resource, username: str = "provision", applied: Any = None, **seen: Any) -> HostLive:
    """A host on which these shares were read; None for one that is not there."""
    items = {} if applied is None else {"items": {"a/share/clips": applied}}
    good = {"elevated": True, "sixty_four_bit": True, "write_filter": False}
    facts = HostFacts("guid", "A", 1, datetime(2026, 11, 23), None, items, **good)
    observed = {
        f"a/share/{name}": Observed(row or {}, {name: row}, row is not None) for name, row in seen.items()
    }
    way_in = WayIn(("192.0.2.21",), 5985, False, username)
    return HostLive(facts, observed, declared=tuple(declared), way_in=way_in)


def planned(resource: Resource, host: HostLive) -> tuple[Action, Reason]:
    item = plan_item("a", resource, host)
    return item.action, item.reason


def test_each_action() -> None:
    assert planned(CLIPS, live(clips=None)) == (Action.CREATE, Reason.MISSING)
    assert planned(CLIPS, live(clips=THERE)) == (Action.KEEP, Reason.AS_DECLARED)
    assert planned(CLIPS, live(clips=THERE | {"path": "E:"})) == (Action.UPDATE, Reason.DIFFERS)
    assert planned(NO_CLIPS, live(clips=THERE)) == (Action.DELETE, Reason.DECLARED_ABSENT)
    assert planned(NO_CLIPS, live(clips=None)) == (Action.KEEP, Reason.DECLARED_ABSENT)


def test_an_answer_that_leaves_one_out_is_a_missing_one() -> None:
    assert planned(CLIPS, live()) == (Action.CREATE, Reason.MISSING)
    assert planned(NO_CLIPS, live()) == (Action.KEEP, Reason.DECLARED_ABSENT)


def test_a_removal_shows_what_goes_and_what_it_may_cost() -> None:
    item = plan_item("a", NO_CLIPS, live(clips=THERE))
    assert [(row.field, row.before, row.after) for row in item.changes] == [
        ("name", "Clips", None),
        ("path", "D:", None),
    ]
    assert [risk.value for risk in item.risks] == ["stops_recording"]
    assert item.rests_on == {"clips": THERE}
    assert (item.address, item.key) == ("a/share/clips", "clips")


def test_what_is_gone_already_still_says_what_it_rests_on() -> None:
    assert plan_item("a", NO_CLIPS, live(clips=None)).rests_on == {"clips": None}


@pytest.mark.parametrize("seen", [None, THERE | {"path": "E:"}])
def test_a_host_that_cannot_have_it_refuses_it(seen: Any) -> None:
    item = plan_item("a", Share.model_validate({"name": "Clips", "path": "Q:"}), live(clips=seen))
    assert (item.action, item.reason) == (Action.REFUSED, Reason.NOT_ON_THIS_HOST)
    assert item.next_step == "Choose another."
    assert item.changes


@pytest.mark.parametrize(
    ("resource", "seen"), [(CLIPS, None), (CLIPS, THERE | {"path": "E:"}), (NO_CLIPS, THERE)]
)
def test_a_guard_is_asked_for_every_write(resource: Share, seen: Any) -> None:
    item = plan_item("a", resource, live(username="clips", clips=seen))
    assert (item.action, item.reason, item.what) == (Action.REFUSED, Reason.GUARD, "we come in by it")


@pytest.mark.parametrize(("resource", "seen"), [(CLIPS, THERE), (NO_CLIPS, None)])
def test_a_guard_is_not_asked_where_nothing_is_written(resource: Share, seen: Any) -> None:
    assert plan_item("a", resource, live(username="clips", clips=seen)).action is Action.KEEP


def test_causes_of_what_is_there_or_not() -> None:
    def why(resource: Share, applied: Any, seen: Any) -> Cause | None:
        return plan_item("a", resource, live(applied=applied, clips=seen)).cause

    assert why(CLIPS, None, None) is Cause.NEVER_APPLIED
    assert why(CLIPS, THERE, None) is Cause.CHANGED_BY_HAND
    assert why(CLIPS, {}, None) is Cause.MANIFEST_CHANGED
    assert why(CLIPS, {"(taken back)": THERE}, None) is Cause.ROLLED_BACK
    assert why(NO_CLIPS, {}, THERE) is Cause.CHANGED_BY_HAND
    assert why(NO_CLIPS, THERE, THERE) is Cause.MANIFEST_CHANGED
    assert why(NO_CLIPS, THERE | {"(taken back)": {}}, THERE) is Cause.ROLLED_BACK


def test_items_of_one_kind_are_told_apart_by_key() -> None:
    logs = Share.model_validate({"name": "Logs"})
    desired = {"a": [CLIPS, logs]}
    items = plan_items(desired, {"a": live(clips=THERE, logs=None)})
    assert [(item.address, item.action) for item in items] == [
        ("a/share/clips", Action.KEEP),
        ("a/share/logs", Action.CREATE),
    ]
    assert set(by_address(desired)) == {"a/share/clips", "a/share/logs"}
    assert asked(logs).arguments == {"names": ["logs"]}


def test_removals_go_last_and_backwards() -> None:
    addresses = ["user/a", "user/b", "group/a", "group/b"]
    assert _in_turn(addresses, set(), set()) == addresses
    assert _in_turn(addresses, {"user/a", "group/a"}, set()) == ["user/b", "group/b", "group/a", "user/a"]
    assert _in_turn(addresses, set(addresses), set()) == addresses[::-1]
    assert _in_turn(addresses, {"elsewhere"}, set()) == addresses


def test_what_is_long_or_confidential_stands_in_a_plan_by_its_digest() -> None:
    shown = digested(
        {"a": "x" * 201, "b": "x" * 200, "c": [{"pin": 7}], "d": {"pin": None}}, frozenset({"pin"})
    )
    assert str(shown["a"]).startswith("sha256:")
    assert shown["b"] == "x" * 200
    assert str(shown["c"][0]["pin"]).startswith("sha256:")  # type: ignore[index,call-overload]
    assert shown["d"] == {"pin": None}
    assert digested({"pin": 7}, frozenset({"pin"})) != digested({"pin": 8}, frozenset({"pin"}))


def test_a_kind_says_what_of_its_reply_is_confidential() -> None:
    class Closed(Share):
        confidential = frozenset({"path"})

    seen = Observed({}, {"clips": {"name": "Clips", "path": "D:"}})
    assert resource_digest(CLIPS, seen) == {"clips": {"name": "Clips", "path": "D:"}}
    closed: Any = resource_digest(Closed.model_validate({"name": "Clips"}), seen)
    assert closed["clips"]["name"] == "Clips"
    assert closed["clips"]["path"].startswith("sha256:")


def _plan(desired: dict[str, list[Resource]], host: HostLive) -> Plan:
    items = plan_items(desired, {"a": host})
    site = PlannedSite(name="t", path="t", digest="0")
    return Plan(site=site, summary=summary(items), hosts=(), items=items, run=Run(id="r", started=""))


def test_the_reverse_removes_what_is_made_and_makes_what_is_removed() -> None:
    logs = Share.model_validate({"name": "Logs", "absent": True})
    guest = Account.model_validate({"name": "Guest", "absent": True})
    desired: dict[str, list[Resource]] = {"a": [CLIPS, logs, guest]}
    host = live(clips=None, logs={"name": "Logs", "path": "E:"})
    host = HostLive(
        host.facts, {**host.observed, "a/account/guest": Observed({"name": "Guest"}, {})}, way_in=host.way_in
    )
    reverse = reverse_of(_plan(desired, host), desired, {"a": host})
    assert [(item.address, item.action) for item in reverse.items] == [
        ("a/share/clips", Action.DELETE),
        ("a/share/logs", Action.CREATE),
    ]
    assert [(row.address, row.field) for row in reverse.remains] == [("a/account/guest", "")]
    assert "its secret is not known" in reverse.remains[0].what


def test_what_was_not_there_is_remembered_as_not_there() -> None:
    desired: dict[str, list[Resource]] = {"a": [CLIPS]}
    host = live(clips=None)
    (row,) = before_rows(_plan(desired, host), desired, {"a": host}, ["a"])
    declared = {"name": "Clips", "path": "D:"}
    assert row["items"] == {"a/share/clips": {"present": False, "facts": {}, "declared": declared}}
