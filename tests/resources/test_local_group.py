"""Groups: who is in them, in any language, and what would lock somebody out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from provisioner.lab.factory import factory_new
from provisioner.resources.administrators import ADMINISTRATORS, built_in
from provisioner.resources.base import Ask, Reason, Refusal, Reply, Resource, Risk, Surroundings
from provisioner.resources.host_facts import Account, HostFacts, WayIn
from provisioner.resources.local_group import LocalGroup
from provisioner.resources.taking_back import taking_back

from .machine import NOW_MS, MemoryMachine, apply, change_of, drift, factory_machine, finish, observe

DOMAIN = "S-1-5-21-4-4-4"
DOMAIN_ADMINS, GUARDS = f"{DOMAIN}-512", f"{DOMAIN}-1109"


class LocalUser(Resource):
    """Stands in for the kind of accounts, of which a guard knows the name, the key and the facts."""

    kind = "local_user"
    title = "Accounts"
    examples = ()
    name: str
    enabled: bool | None = None
    administrator: bool | None = None
    absent: bool = False

    @property
    def key(self) -> str:
        return self.name.casefold()

    @property
    def gone(self) -> bool:
        return self.absent

    def facts(self) -> Any:
        return self.model_dump(exclude_unset=True, exclude={"name", "absent"})


def group(**declared: Any) -> LocalGroup:
    return LocalGroup.model_validate(declared)


def machine_in(language: str) -> MemoryMachine:
    accounts = {"provision": "0" * 32}
    return MemoryMachine(
        factory_new("a", seed="s", computer_name="A", accounts=accounts, now_ms=NOW_MS, language=language)
    )


def domain_member(**changes: Any) -> MemoryMachine:
    accounts = {DOMAIN_ADMINS: "HARBOUR\\Domain Admins", GUARDS: "HARBOUR\\guards"}
    machine = factory_machine(domain="harbour.example", domain_accounts=accounts, **changes)
    members = [*members_of(machine, ADMINISTRATORS), DOMAIN_ADMINS]
    machine.content["groups"][ADMINISTRATORS]["members"] = members
    return machine


def members_of(machine: MemoryMachine, sid: str) -> list[str]:
    return list(machine.content["groups"][sid]["members"])


def sid_of(machine: MemoryMachine, name: str) -> str:
    accounts: Mapping[str, Any] = machine.content["accounts"]
    return next(sid for sid, row in accounts.items() if row["name"] == name)


def around(machine: MemoryMachine, *declared: Resource, **facts: Any) -> Surroundings:
    rows = machine.content["accounts"].items()
    known = {
        "account_sid": sid_of(machine, "provision"),
        "administrators": tuple(members_of(machine, ADMINISTRATORS)),
        "accounts": tuple(Account(sid, row["name"], row["enabled"]) for sid, row in rows),
        "part_of_domain": machine.content["domain"] is not None,
    }
    host = HostFacts("guid", "AXIS-1", 1, datetime(2026, 11, 23), None, {}, **(known | facts))
    observed = {(one.kind, one.key): observe(machine, one) for one in declared if isinstance(one, LocalGroup)}
    return Surroundings(host, WayIn(("192.0.2.21",), 5985, False, "provision"), declared, observed)


def refusal(machine: MemoryMachine, wanted: LocalGroup, *others: Resource, **facts: Any) -> Refusal | None:
    live = observe(machine, wanted)
    return wanted.refuse(live) or wanted.guard(live, around(machine, *others, wanted, **facts))


def refused(machine: MemoryMachine, wanted: LocalGroup, *others: Resource, **facts: Any) -> Refusal:
    found = refusal(machine, wanted, *others, **facts)
    assert found is not None
    assert found.next_step
    return found


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"members": []}, "`name` or `sid`"),
        ({"name": "X", "sid": "S-1-5-32-555"}, "`name` or `sid`"),
        ({"name": "X", "members": ["a"], "include": ["b"]}, "leave `include` and `exclude` out"),
        ({"name": "X", "include": ["a"], "exclude": ["A"]}, "'a' is in `include` and in `exclude`"),
        ({"name": "X", "members": ["a", ".\\A"]}, "'a' is there twice"),
        ({"name": "X", "members": ["NT AUTHORITY\\INTERACTIVE"]}, "declare the SID instead"),
        ({"name": "X", "members": ["a/b"]}, "is no name of an account"),
        ({"name": "X", "members": ["\\a"]}, "is no account"),
        ({"name": "X", "members": ["a@"]}, "is no account"),
        ({"name": "X:Y"}, "is no name of a group"),
        ({"name": "S-1-5-32-555"}, "declare it as `sid`"),
        ({"sid": "Users"}, "is no SID"),
        ({"name": "Users", "absent": True}, "cannot be removed"),
        ({"sid": "S-1-5-32-999", "absent": True}, "cannot be removed"),
        ({"sid": "S-1-5-21-1-2-3-1001", "absent": True}, "`absent` needs `name`"),
    ],
)
def test_faults_are_explained(declared: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        LocalGroup.model_validate(declared)
    assert said in caught.value.errors()[0]["msg"]


def test_a_group_has_one_key_however_it_is_declared() -> None:
    assert group(name="REMOTE DESKTOP USERS").key == group(sid="s-1-5-32-555").key == "remote desktop users"
    assert group(name="ACS Operators").key == "acs operators"


MANIFEST: tuple[dict[str, Any], ...] = (
    {"name": "Administrators", "members": ["provision", "Operator"]},
    {"name": "Remote Desktop Users", "include": ["Operator", "Administrator"]},
    {"sid": "S-1-5-32-546", "exclude": ["Guest"], "description": "Nobody"},
    {"name": "ACS Operators", "members": [".\\operator", "S-1-5-11", "Guest"]},
    {"name": "Installers", "absent": True},
)


@pytest.mark.parametrize("language", ["en-US", "sv-SE", "de-DE", "fi-FI", "domain member"])
def test_one_manifest_fits_machines_in_every_language(language: str) -> None:
    domain = language == "domain member"
    machine = domain_member() if domain else machine_in(language)
    declared = [group(**row) for row in MANIFEST]
    if domain:
        declared[0] = group(
            name="Administrators", include=["Operator", "HARBOUR\\guards", "guards@harbour.example"]
        )
    for wanted in declared:
        assert refusal(machine, wanted) is None
        assert apply(machine, wanted)
    written = machine.writes
    for wanted in declared:
        assert apply(machine, wanted) == frozenset()
    assert machine.writes == written
    guest = next(sid for sid in machine.content["accounts"] if sid.endswith("-501"))
    made = next(row for row in machine.content["groups"].values() if row["name"] == "ACS Operators")
    assert made["members"] == [sid_of(machine, "Operator"), "S-1-5-11", guest]
    assert members_of(machine, "S-1-5-32-546") == []


def test_a_bare_name_is_never_a_domains() -> None:
    machine = domain_member()
    machine.content["domain_accounts"][f"{DOMAIN}-1110"] = "HARBOUR\\Operator"
    apply(
        machine, group(sid="S-1-5-32-555", members=["Operator", "harbour\\operator", "AXIS-1\\AxisService"])
    )
    own, service = sid_of(machine, "Operator"), sid_of(machine, "AxisService")
    assert members_of(machine, "S-1-5-32-555") == [own, f"{DOMAIN}-1110", service]


def test_exactly_takes_out_whom_nobody_knows_and_says_so() -> None:
    machine = factory_machine()
    machine.content["groups"]["S-1-5-32-555"]["members"] = [f"{DOMAIN}-2000", sid_of(machine, "Operator")]
    wanted = group(sid="S-1-5-32-555", members=["Operator"])
    live = observe(machine, wanted)
    assert live.facts["members"] == ["Operator", f"{DOMAIN}-2000"]
    assert any("nobody knows" in note and f"{DOMAIN}-2000" in note for note in live.notes)
    assert refusal(machine, wanted) is None
    apply(machine, wanted)
    assert members_of(machine, "S-1-5-32-555") == [sid_of(machine, "Operator")]


def test_at_least_leaves_the_others_alone() -> None:
    machine = factory_machine()
    before = members_of(machine, "S-1-5-32-545")
    wanted = group(name="Users", include=["provision"], exclude=["AxisService", "nobody"])
    assert observe(machine, wanted).facts["members"] == {
        "provision": False,
        "AxisService": True,
        "nobody": False,
    }
    apply(machine, wanted)
    left = [sid for sid in before if sid != sid_of(machine, "AxisService")]
    assert members_of(machine, "S-1-5-32-545") == [*left, sid_of(machine, "provision")]
    assert drift(machine, wanted) == frozenset()


def test_a_domain_that_is_silent_is_unknown_and_never_nobody() -> None:
    machine = domain_member(domain_silent=True)
    machine.content["groups"]["S-1-5-32-555"]["members"] = [GUARDS]
    for declared in (
        {"members": ["HARBOUR\\guards"]},
        {"include": ["guards@harbour.example"]},
        {"exclude": ["HARBOUR\\guards"]},
    ):
        wanted = group(sid="S-1-5-32-555", **declared)
        assert drift(machine, wanted) == {"members"}
        found = refused(machine, wanted)
        assert (found.reason, "cannot be asked" in found.what) == (Reason.READ_FAILED, True)
    assert drift(machine, group(sid="S-1-5-32-555", members=[GUARDS])) == frozenset()
    machine.content["domain_silent"] = False
    assert drift(machine, group(sid="S-1-5-32-555", members=["HARBOUR\\guards"])) == frozenset()


def test_a_member_must_be_there_or_be_made_in_the_same_run() -> None:
    machine = factory_machine()
    for declared in ({"name": "New"}, {"name": "Users"}):
        wanted = group(**declared, include=["boss"])
        assert "there is no account 'boss'" in refused(machine, wanted).what
        assert refusal(machine, wanted, LocalUser(name="BOSS")) is None
        gone = refused(machine, wanted, LocalUser(name="Boss", absent=True))
        assert "declares it absent" in gone.what
    qualified = group(name="Users", include=["axis-1\\boss"])
    assert refusal(machine, qualified, LocalUser(name="boss")) is None


def test_what_this_machine_cannot_have_is_refused() -> None:
    machine = factory_machine()
    assert "a SID cannot be chosen" in refused(machine, group(sid="S-1-5-32-578", description="x")).what
    assert "called 'Operator'" in refused(machine, group(name="operator", members=[])).what


def test_windows_own_groups_are_not_removed_by_a_translated_name() -> None:
    wanted = group(name="Anv\u00e4ndare", absent=True)
    assert "Windows' own" in refused(machine_in("sv-SE"), wanted).what
    assert refusal(factory_machine(), group(name="Installers", absent=True)) is None


def test_our_own_account_stays_an_administrator() -> None:
    for declared in ({"members": ["Operator"]}, {"exclude": ["provision"]}):
        found = refused(factory_machine(), group(name="Administrators", **declared))
        assert found.reason is Reason.GUARD
        assert "'provision' is the account that we log on with" in found.what
    wanted = group(name="Administrat\u00f6rer", members=["Operator"])
    assert "the account that we log on with" in refused(machine_in("sv-SE"), wanted).what


def test_the_built_in_administrator_stays_without_a_word_in_the_manifest() -> None:
    machine = machine_in("sv-SE")
    wanted = group(name="Administrators", members=["provision"])
    live = observe(machine, wanted)
    assert drift(machine, wanted) == frozenset()
    assert any("'Administrat\u00f6r' stays" in note for note in live.notes)
    assert drift(machine, group(name="Administrators", members=["provision", "Administrator"])) == frozenset()


def test_windows_own_administrator_cannot_be_excluded() -> None:
    found = refused(machine_in("sv-SE"), group(name="Administrators", exclude=["Administrator"]))
    assert "'Administrat\u00f6r' is Windows' own administrator" in found.what


def test_the_domains_administrators_go_only_by_name() -> None:
    machine = domain_member()
    found = refused(machine, group(name="Administrators", members=["provision"]))
    assert (found.reason, DOMAIN_ADMINS in found.what) == (Reason.GUARD, True)
    assert "declare `exclude`" in found.next_step
    assert refusal(machine, group(name="Administrators", exclude=[DOMAIN_ADMINS])) is None
    assert refusal(machine, group(name="Administrators", members=["provision", DOMAIN_ADMINS])) is None


def test_a_group_through_which_we_administer_stays() -> None:
    machine = domain_member()
    wanted = group(name="Administrators", exclude=["HARBOUR\\Domain Admins"])
    found = refused(machine, wanted, account_sid=GUARDS)
    assert f"may be an administrator through {DOMAIN_ADMINS}" in found.what


def test_somebody_of_the_machines_own_administers_it_after_all_changes() -> None:
    """Each by itself is harmless: the group keeps an administrator, and the account is no longer enabled."""
    machine = domain_member()
    apply(machine, group(name="Administrators", include=["Operator", GUARDS]))
    wanted, ours = group(name="Administrators", exclude=["provision"]), {"account_sid": GUARDS}
    assert refusal(machine, wanted, **ours) is None
    found = refused(machine, wanted, LocalUser(name="OPERATOR", enabled=False), **ours)
    assert "no enabled administrator of the machine's own would remain" in found.what
    assert refused(machine, wanted, LocalUser(name="Operator", absent=True), **ours) == found
    assert refused(machine, wanted, LocalUser(name="Operator", administrator=False), **ours) == found
    new = LocalUser(name="Boss", administrator=True)
    assert refusal(machine, wanted, LocalUser(name="Operator", enabled=False), new, **ours) is None


@pytest.mark.parametrize("unknown", ["administrators", "accounts", "account_sid"])
def test_where_administrators_are_unknown_nobody_loses_rights(unknown: str) -> None:
    machine = factory_machine()
    found = refused(
        machine, group(name="Administrators", exclude=["Operator", "provision"]), **{unknown: None}
    )
    assert found.reason is Reason.READ_FAILED
    assert refusal(machine, group(name="Administrators", include=["Operator"]), **{unknown: None}) is None


def test_new_administrators_are_a_risk_and_the_plan_says_what_they_may() -> None:
    machine = factory_machine()
    wanted = group(name="Administrators", include=["Operator"])
    assert _risks(machine, wanted) == (Risk.RIGHTS_GAINED,)
    assert _risks(machine, group(name="Users", include=["Operator"])) == ()
    notes = " ".join(observe(machine, wanted).notes)
    assert "every right in AXIS Camera Station" in notes and "at the next logon" in notes
    apply(machine, wanted)
    assert observe(machine, wanted).notes == ()


def test_what_a_step_rests_on_is_the_group_and_not_who_is_in_it() -> None:
    """An account that the same run makes is in no group when the plan is made, and in two when we write."""
    machine = factory_machine()
    wanted = group(sid="S-1-5-32-545", include=["boss"])
    before = observe(machine, wanted).rests_on
    machine.content["accounts"]["S-1-5-21-1-2-3-2000"] = {"name": "boss", "enabled": True}
    machine.content["groups"]["S-1-5-32-545"]["members"].append("S-1-5-21-1-2-3-2000")
    after = observe(machine, wanted).rests_on
    assert before["groups"] == after["groups"]
    assert before.keys() - {"aside"} == after.keys() - {"aside"} == {"groups"}


def test_one_of_many_rests_on_what_it_would_answer_alone() -> None:
    machine, declared = factory_machine(), [group(**row) for row in MANIFEST]
    call = next(LocalGroup.read(declared))
    assert isinstance(call, Ask)
    reply = LocalGroup.simulate(machine, "read", call.arguments)
    together = finish(LocalGroup.read(declared), Reply(reply))
    assert {one.key: observe(machine, one) for one in declared} == together


def test_who_goes_is_named_by_sid() -> None:
    machine = factory_machine()
    change = change_of(machine, group(name="Users", members=["Operator", "provision"]))
    service, provision = sid_of(machine, "AxisService"), sid_of(machine, "provision")
    assert change.arguments["remove"] == ["S-1-5-4", "S-1-5-11", service]
    assert change.arguments["add"] == [{"name": None, "sid": provision, "ending": None}]


def test_members_come_back_as_they_were_declared() -> None:
    machine = factory_machine()
    wanted = group(name="Users", include=["provision", "Operator"], exclude=["AxisService", "Guest"])
    back = taking_back(wanted, observe(machine, wanted).facts)
    assert back.declared == group(
        name="Users", include=["Operator", "AxisService"], exclude=["provision", "Guest"]
    )
    assert back.lost == ()
    gone = group(name="Installers", absent=True)
    again = taking_back(gone, observe(machine, gone).facts)
    assert again.declared == group(name="Installers", members=["Operator"])


def test_windows_own_accounts_are_known_by_their_sids() -> None:
    assert built_in("S-1-5-21-1-2-3-500") == "Administrator"
    assert built_in("S-1-5-21-1-2-3-504") == "WDAGUtilityAccount"
    assert built_in("S-1-5-21-1-2-3-1500") is None
    assert built_in("S-1-5-32-500") is None


def _said(wanted: LocalGroup, machine: MemoryMachine, *others: Resource) -> str:
    """What the guard says, seen with the other groups that are declared."""
    seen = around(machine, wanted, *others)
    observed = {
        (one.kind, one.key): observe(machine, one) for one in (wanted, *others) if one.kind == "local_group"
    }
    found = wanted.guard(observed[wanted.kind, wanted.key], replace(seen, observed=observed))
    assert found is not None
    assert found.next_step == "Keep one of the two."
    return found.what


def test_one_group_under_two_names_is_refused() -> None:
    machine = machine_in("sv-SE")
    other = group(sid=ADMINISTRATORS, include=["Operator"])
    said = _said(group(name="Administrat\u00f6rer", members=["provision"]), machine, other)
    assert "are one group on this machine" in said


def test_one_account_under_two_names_is_refused() -> None:
    machine = factory_machine()
    wanted = group(name="Installers", include=["Operator"], exclude=[sid_of(machine, "Operator")])
    assert "are one account" in _said(wanted, machine)


@pytest.mark.parametrize(
    ("administrator", "declared"),
    [
        (True, {"members": ["provision"]}),
        (True, {"exclude": ["Operator"]}),
        (False, {"members": ["provision", "Operator"]}),
        (False, {"include": ["Operator"]}),
    ],
)
def test_an_account_and_the_administrators_must_agree(administrator: bool, declared: dict[str, Any]) -> None:
    """Else each run would take back what the last one did, and call it done."""
    user = LocalUser(name="Operator", administrator=administrator)
    said = _said(group(sid=ADMINISTRATORS, **declared), factory_machine(), user)
    assert "`local_users` says" in said


def test_a_member_by_its_sid_may_not_be_declared_absent() -> None:
    machine = factory_machine()
    wanted = group(name="Installers", members=[sid_of(machine, "AxisService")])
    user = LocalUser(name="AxisService", absent=True)
    assert "declares it absent" in _said(wanted, machine, user)


def _risks(machine: MemoryMachine, wanted: LocalGroup) -> tuple[Risk, ...]:
    observed = {(wanted.kind, wanted.key): observe(machine, wanted)}
    seen = replace(around(machine, wanted), observed=observed)
    return wanted.risks_around(frozenset({"members"}), seen)


def test_who_is_only_taken_out_gains_no_rights() -> None:
    machine = factory_machine()
    apply(machine, group(sid=ADMINISTRATORS, include=["Operator"]))
    assert _risks(machine, group(sid=ADMINISTRATORS, members=["provision"])) == ()


def test_whom_windows_lets_log_on_is_said_when_it_leaves() -> None:
    machine = factory_machine()
    inside = [*members_of(machine, "S-1-5-32-545"), "S-1-5-11"]
    machine.content["groups"]["S-1-5-32-545"]["members"] = inside
    notes = observe(machine, group(name="Users", members=[])).notes
    assert any("log on at the machine itself" in note for note in notes)
