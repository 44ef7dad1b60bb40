"""Groups beside accounts in one run: who is in them moves between the plan and the step."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from provisioner.lab.factory import factory_new
from provisioner.lab.stage import Stage
from provisioner.steps.events import Happened
from provisioner.steps.plan_value import Action
from tests.played import staged
from tests.steps.site import PlayedSite, declared
from tests.strategies import PASSWORD

ADMINISTRATORS = "S-1-5-32-544"
GROUPS: tuple[Mapping[str, Any], ...] = (
    {"name": "Administrators", "members": ["provision", "boss"]},
    {"name": "Users", "include": ["boss", "Operator"], "exclude": ["AxisService"]},
    {"name": "ACS Operators", "members": ["boss"], "description": "At the desk"},
    {"sid": "S-1-5-32-555", "members": ["boss", "Operator"]},
)


def _terminal(language: str = "en-US") -> Stage:
    now = time.time_ns() // 1_000_000
    accounts = {"provision": "00" * 16}
    return staged(
        factory_new(
            "a", seed="test", computer_name="AXIS-S9002", accounts=accounts, now_ms=now, language=language
        )
    )


BOSS = {"name": "boss", "password": PASSWORD, "administrator": True}


@pytest.mark.parametrize("language", ["en-US", "sv-SE", "de-DE"])
def test_an_account_that_the_same_run_makes_becomes_a_member(language: str) -> None:
    """Making it puts it among the users and the administrators, of which the plan knew nothing."""
    site = PlayedSite(
        {"a": declared({"local_users": [BOSS], "local_groups": list(GROUPS)})}, {"a": _terminal(language)}
    )
    made, *groups = site.plan().items
    assert made.action is Action.CREATE
    assert [item.action for item in groups] == [Action.UPDATE, Action.UPDATE, Action.CREATE, Action.UPDATE]
    events = site.apply()
    assert [e.address for e in events if e.happened is Happened.STEP_MOVED] == []
    assert len([e for e in events if e.happened is Happened.VERIFIED]) == 5, events
    site.new_run("second")
    assert {item.action for item in site.plan().items} == {Action.KEEP}
    before = site.writes()
    assert site.apply() == []
    assert site.writes() == before


def test_an_account_that_the_same_run_removes_is_no_hindrance() -> None:
    """It is removed last, when the groups have let it go."""
    stage = _terminal()
    operator = next(sid for sid, row in _rows(stage, "accounts") if row["name"] == "Operator")
    members: Any = stage.machine.get("groups", ADMINISTRATORS, "members")
    stage.machine.put("groups", ADMINISTRATORS, "members", value=[*members, operator])
    gone = {"name": "Operator", "absent": True}
    groups = [
        {"name": "Administrators", "members": ["provision"]},
        {"name": "Users", "members": ["S-1-5-11", "S-1-5-4", "provision"]},
    ]
    site = PlayedSite({"a": declared({"local_users": [gone], "local_groups": groups})}, {"a": stage})
    events = site.apply()
    done = [e.address for e in events if e.happened is Happened.STEP_DONE]
    assert done == ["a/local_group/administrators", "a/local_group/users", "a/local_user/operator"]
    site.new_run("second")
    assert {item.action for item in site.plan().items} == {Action.KEEP}


def test_another_administrator_does_not_let_ours_go() -> None:
    groups = [{"name": "Administrators", "exclude": ["provision"]}]
    site = PlayedSite({"a": declared({"local_users": [BOSS], "local_groups": groups})}, {"a": _terminal()})
    made, refused = site.plan().items
    assert (made.action, refused.action) == (Action.CREATE, Action.REFUSED)
    assert "the account that we log on with" in refused.what


def test_a_group_that_was_changed_itself_has_moved() -> None:
    stage = _terminal()
    site = PlayedSite(
        {"a": declared({"local_groups": [{"name": "Installers", "members": []}]})}, {"a": stage}
    )
    sid = next(sid for sid, row in _rows(stage, "groups") if row["name"] == "Installers")
    requests: list[bytes] = []

    def before(request: bytes) -> None:
        requests.append(request)
        if len(requests) == 2:
            stage.machine.put("groups", sid, "description", value="Somebody needs it")

    site.lines["a"].before = before
    events = site.apply()
    assert [e.fields for e in events if e.happened is Happened.STEP_MOVED] == [
        ("groups.installers.description",)
    ]
    assert stage.machine.get("groups", sid, "members")


def _rows(stage: Stage, room: str) -> Any:
    rows: Any = stage.machine.get(room)
    return rows.items()
