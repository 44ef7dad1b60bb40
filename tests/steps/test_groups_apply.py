"""Groups beside accounts in one run: who is in them moves between the plan and the step."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from provisioner.lab.factory import factory_new
from provisioner.lab.stage import Stage
from provisioner.resources import local_group_guards
from provisioner.steps.events import Happened
from provisioner.steps.plan_value import Action
from tests.played import staged
from tests.steps.site import PlayedSite, declared

ADMINISTRATORS, USERS = "S-1-5-32-544", "S-1-5-32-545"
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


def _site(stage: Stage) -> PlayedSite:
    return PlayedSite({"a": declared({"local_groups": list(GROUPS)})}, {"a": stage})


def _make_boss(stage: Stage) -> None:
    """As the step of the account would: made, put among the users and the administrators."""
    machine = stage.machine
    accounts: Any = machine.get("accounts")
    sid = f"{next(iter(accounts)).rpartition('-')[0]}-2001"
    machine.put("accounts", sid, value={"name": "boss", "enabled": True})
    for group in (USERS, ADMINISTRATORS):
        members: Any = machine.get("groups", group, "members")
        machine.put("groups", group, "members", value=[*members, sid])


@pytest.mark.parametrize("language", ["en-US", "sv-SE", "de-DE"])
def test_an_account_that_the_same_run_makes_becomes_a_member(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No kind declares accounts here: the guard would not know that one is made.
    monkeypatch.setattr(local_group_guards, "_nobody", lambda *_: None)
    stage = _terminal(language)
    site = _site(stage)
    plan = site.plan()
    assert [item.action for item in plan.items] == [
        Action.UPDATE,
        Action.UPDATE,
        Action.CREATE,
        Action.UPDATE,
    ]
    requests: list[bytes] = []

    def before(request: bytes) -> None:
        requests.append(request)
        if len(requests) == 2:
            _make_boss(stage)

    site.lines["a"].before = before
    events = site.apply()
    assert [e.address for e in events if e.happened is Happened.STEP_MOVED] == []
    assert len([e for e in events if e.happened is Happened.VERIFIED]) == 4, events
    site.new_run("second")
    assert {item.action for item in site.plan().items} == {Action.KEEP}


def test_a_group_that_was_changed_itself_has_moved() -> None:
    stage = _terminal()
    site = PlayedSite(
        {"a": declared({"local_groups": [{"name": "Installers", "members": []}]})}, {"a": stage}
    )
    sid = next(sid for sid, row in _groups(stage) if row["name"] == "Installers")
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


def _groups(stage: Stage) -> Any:
    groups: Any = stage.machine.get("groups")
    return groups.items()
