"""What is peculiar to accounts: what is declared, what is refused, and how a password is known to be ours."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from provisioner.resources.base import (
    Compare,
    Observed,
    Reason,
    Refusal,
    Reply,
    Resource,
    Risk,
    Secret,
    Surroundings,
)
from provisioner.resources.host_facts import Account, HostFacts, WayIn
from provisioner.resources.local_user import ITERATIONS, LocalUser
from provisioner.resources.local_user_live import ANOTHER, CHANGED_SINCE, NO_MOMENT, NOT_FROM_HERE
from provisioner.resources.password_markers_simulated import FILE
from provisioner.resources.taking_back import REMOVED_WITH_ITS_SECRET, SECRET, taking_back
from tests.resources.machine import (
    MemoryMachine,
    apply,
    ask_of,
    change_of,
    drift,
    factory_machine,
    observe,
)

PASSWORD = {"env": "OPERATOR_PASSWORD"}
HOST = HostFacts("guid", "AXIS-1", 0, datetime(2026, 11, 18), None, {}, account_sid="S-1-5-21-9-9-9-1003")
WAY_IN = WayIn(("192.0.2.21",), 5985, False, "provision")


def user(name: str = "Operator", **more: Any) -> LocalUser:
    return LocalUser.model_validate({"name": name, **more})


def sid_of(machine: MemoryMachine, name: str) -> str:
    rows: Any = machine.get("accounts")
    return next(sid for sid, row in rows.items() if row["name"] == name)


def guarded(
    wanted: LocalUser, machine: MemoryMachine | None = None, also: Sequence[Resource] = (), **host: Any
) -> Refusal | None:
    machine = machine or factory_machine()
    rows: Any = machine.get("accounts")
    administrators: Any = machine.get("groups", "S-1-5-32-544", "members")
    people = {
        "account_sid": sid_of(machine, "provision"),
        "accounts": tuple(Account(sid, row["name"], row["enabled"]) for sid, row in rows.items()),
        "administrators": tuple(administrators),
    }
    facts = replace(HOST, **{**people, **host})
    declared = [wanted, *also]
    return wanted.guard(observe(machine, wanted), Surroundings(facts, WAY_IN, declared, {}))


@pytest.mark.parametrize(
    "name", ["a" * 21, "a/b", "a\\b", "a@b", 'a"b', "a[b", "x\ty", "", "...", " a", "a "]
)
def test_names_that_windows_does_not_take(name: str) -> None:
    with pytest.raises(ValidationError):
        user(name)


@pytest.mark.parametrize("name", ["J\u00f6rg \u00d6st", "o'neill", "x.y", "$svc-1", "a" * 20])
def test_names_that_windows_takes(name: str) -> None:
    assert user(name).key == name.casefold()


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"must_change_password": True, "password_never_expires": True}, "keep one"),
        ({"must_change_password": True, "user_cannot_change_password": True}, "keep one"),
        ({"delete_profile": True}, "absent: true"),
        ({"absent": True, "password": PASSWORD}, "`absent` stands alone"),
        ({"absent": True, "full_name": ""}, "`absent` stands alone"),
        ({"absent": True, "enabled": False}, "`absent` stands alone"),
        ({"absent": True, "delete_profile": True, "administrator": True}, "`absent` stands alone"),
        ({"description": "x" * 49}, "48"),
        ({"password": "hunter2"}, "a reference"),
    ],
)
def test_what_cannot_be_declared_together(declared: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        user(**declared)
    assert said in str(refused.value)
    assert "hunter2" not in str(refused.value.errors()[0]["msg"])


def test_the_password_is_a_reference_in_the_call_and_nothing_in_the_facts() -> None:
    wanted = user("New", password=PASSWORD)
    change = change_of(factory_machine(), wanted)
    assert change.arguments["password"] == Secret("env", "OPERATOR_PASSWORD")
    assert wanted.facts() == {"password": "as declared"}


def test_a_new_account_is_a_user_and_has_its_marker() -> None:
    machine = factory_machine()
    apply(machine, user("New", password=PASSWORD, administrator=True))
    sid = sid_of(machine, "New")
    assert sid.endswith("-1051")
    for group in ("S-1-5-32-544", "S-1-5-32-545"):
        assert sid in machine.get("groups", group, "members")  # type: ignore[operator]
    kept = json.loads(str(machine.get("files", FILE, "text")))
    assert kept[sid]["iterations"] == ITERATIONS >= 100_000
    assert "Secret" not in json.dumps(kept)
    assert machine.get("files", r"C:\Program Files\provisioner", "acl") == "administrators"


def test_a_password_that_was_never_set_from_here_is_set_once() -> None:
    machine, wanted = factory_machine(), user(password=PASSWORD)
    assert observe(machine, wanted).facts["password"] == NOT_FROM_HERE
    assert apply(machine, wanted) == {"password"}
    assert apply(machine, wanted) == frozenset()


def test_a_password_that_was_set_by_hand_is_drift() -> None:
    machine, wanted = factory_machine(), user(password=PASSWORD)
    apply(machine, wanted)
    machine.put("accounts", sid_of(machine, "Operator"), "password_last_set", value=1)
    assert observe(machine, wanted).facts["password"] == CHANGED_SINCE


def test_another_secret_than_the_one_that_was_set_is_drift() -> None:
    machine = factory_machine()
    apply(machine, user(password=PASSWORD))
    assert observe(machine, user(password={"env": "OTHER"})).facts["password"] == ANOTHER


def test_without_the_secret_only_the_moment_is_compared_and_said_so() -> None:
    machine, wanted = factory_machine(), user(password=PASSWORD)
    apply(machine, wanted)
    live = _read(machine, wanted, same=None)
    assert live.facts["password"] == "as declared"
    assert "could not be compared" in live.notes[0]
    machine.put("accounts", sid_of(machine, "Operator"), "password_last_set", value=1)
    with pytest.raises(AssertionError):  # The secret is not even asked for.
        _read(machine, wanted, same=None)
    assert observe(machine, wanted).facts["password"] == CHANGED_SINCE


def _read(machine: MemoryMachine, wanted: LocalUser, same: bool | None) -> Observed:
    talk = LocalUser.read([wanted])
    next(talk)
    try:
        call = talk.send(Reply(LocalUser.simulate(machine, "read", ask_of(wanted).arguments)))
        assert isinstance(call, Compare)
        talk.send(Reply({"same": same}))
    except StopIteration as done:
        found: Mapping[str, Observed] = done.value
        if "call" not in locals():
            raise AssertionError("nothing was compared") from None
        return found[wanted.key]
    raise AssertionError("it goes on")


def test_no_secret_is_compared_where_none_is_declared() -> None:
    machine = factory_machine()
    apply(machine, user(password=PASSWORD))
    assert "password" not in observe(machine, user(enabled=True)).facts


def test_the_duty_to_change_a_password_does_not_look_like_a_change_by_hand() -> None:
    """Windows keeps it as the moment at which the password was set."""
    machine = factory_machine()
    apply(machine, user(password=PASSWORD))
    machine.put("clock", "offset_ms", value=60_000)
    for must in (True, False):
        wanted = user(password=PASSWORD, must_change_password=must)
        assert apply(machine, wanted) == {"must_change_password"}
        assert drift(machine, wanted) == frozenset()


def test_without_a_moment_it_is_said_that_nobody_knows_of_a_reset_by_hand() -> None:
    """It stays in sync, since it would be set at every run: a new one has no moment either."""
    machine = factory_machine()
    wanted = user(password=PASSWORD, must_change_password=True)
    apply(machine, wanted)
    machine.put("accounts", sid_of(machine, "Operator"), "password", value={"plain": "By.Hand.1"})
    live = observe(machine, wanted)
    assert live.facts["password"] == "as declared"
    assert live.notes == (NO_MOMENT,)
    assert len(_read(machine, wanted, same=None).notes) == 2
    apply(machine, user(must_change_password=False))
    assert observe(machine, user(password=PASSWORD)).notes == ()


def test_a_new_password_does_not_end_the_duty_to_change_it() -> None:
    machine = factory_machine()
    apply(machine, user(must_change_password=True))
    wanted = user(password=PASSWORD)
    assert apply(machine, wanted) == {"password"}
    live = observe(machine, wanted)
    assert live.facts["must_change_password"] is True
    assert live.facts["password"] == "as declared"


def test_an_account_that_goes_takes_its_marker_along() -> None:
    machine = factory_machine()
    apply(machine, user(password=PASSWORD))
    apply(machine, user("Second", password=PASSWORD))
    apply(machine, user(absent=True))
    assert list(json.loads(str(machine.get("files", FILE, "text")))) == [sid_of(machine, "Second")]
    apply(machine, user("Second", absent=True))
    assert machine.get("files", FILE) is None


@pytest.mark.parametrize("damaged", ["", "{", "[]", "null", '{"x"', "7"])
def test_a_damaged_file_of_markers_knows_of_no_password(damaged: str) -> None:
    machine, wanted = factory_machine(), user(password=PASSWORD)
    machine.put("files", FILE, value={"text": damaged})
    assert observe(machine, wanted).facts["password"] == NOT_FROM_HERE
    apply(machine, wanted)
    assert drift(machine, wanted) == frozenset()


def test_the_profile_stays_or_goes_and_the_plan_says_which() -> None:
    machine, stays, goes = factory_machine(), user(absent=True), user(absent=True, delete_profile=True)
    sid = sid_of(machine, "Operator")
    assert observe(machine, stays).notes == (
        "its profile stays with all files and settings in C:\\Users\\Operator",
    )
    assert observe(machine, goes).notes == (
        "its profile goes with all files and settings in C:\\Users\\Operator",
    )
    apply(machine, stays)
    assert machine.get("profiles", sid) is not None
    second = factory_machine()
    apply(second, goes)
    assert second.get("profiles", sid) is None


def test_an_account_without_profile_is_said_to_have_none() -> None:
    assert observe(factory_machine(profiles={}), user(absent=True)).notes == (
        "it has no profile folder on the machine",
    )


def test_an_administrator_is_said_to_have_every_right() -> None:
    wanted = user(administrator=True)
    assert "AXIS Camera Station" in observe(factory_machine(), wanted).notes[0]
    assert wanted.risks(frozenset({"administrator"})) == (Risk.RIGHTS_GAINED,)
    assert wanted.risks(frozenset({"enabled"})) == ()
    assert user(administrator=False).risks(frozenset({"administrator"})) == ()
    assert user(absent=True).risks(frozenset({"administrator"})) == ()


def test_a_reset_password_is_said_to_cost_what_is_encrypted() -> None:
    assert "encrypted" in observe(factory_machine(), user(password=PASSWORD)).notes[0]
    assert observe(factory_machine(), user("New", password=PASSWORD)).notes == ()


def test_no_account_is_made_without_a_password() -> None:
    machine, wanted = factory_machine(), user("New", enabled=True)
    refusal = wanted.refuse(observe(machine, wanted))
    assert refusal is not None and "`password: {env: NAME}`" in refusal.next_step


def test_no_account_is_made_with_the_name_of_a_group() -> None:
    machine, wanted = factory_machine(), user("INSTALLERS", password=PASSWORD)
    refusal = wanted.refuse(observe(machine, wanted))
    assert refusal is not None and "another name" in refusal.next_step
    gone = user("Installers", absent=True)
    assert drift(machine, gone) == frozenset() and not observe(machine, gone).present


@pytest.mark.parametrize("flag", ["password_never_expires", "user_cannot_change_password"])
def test_who_is_never_asked_for_a_new_password_cannot_be_made_to(flag: str) -> None:
    machine = factory_machine()
    apply(machine, user(**{flag: True}))
    wanted = user(must_change_password=True)
    refusal = wanted.refuse(observe(machine, wanted))
    assert refusal is not None and f"`{flag}: false`" in refusal.next_step
    both = user(must_change_password=True, **{flag: False})
    assert both.refuse(observe(machine, both)) is None
    apply(machine, both)
    assert drift(machine, both) == frozenset()


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"absent": True}, "remove its own account"),
        ({"enabled": False}, "disable its own account"),
        ({"administrator": False}, "take the administrator's rights"),
        ({"must_change_password": True, "password_never_expires": False}, "let in again"),
        ({"password_never_expires": False}, "let the password of our own account expire"),
        ({"password": PASSWORD}, "change the password of its own account"),
    ],
)
def test_our_own_account_stays_as_we_need_it(declared: Mapping[str, Any], said: str) -> None:
    for host in ({}, {"account_sid": None}):
        refusal = guarded(user("PROVISION", **declared), **host)
        assert refusal is not None and said in refusal.what and "another administrator" in refusal.next_step
        assert refusal.reason is Reason.GUARD
    other = guarded(user("provision", **declared), account_sid="S-1-5-21-1-2-3-1009")
    assert other is None or said not in other.what


def test_what_does_not_shut_us_out_of_our_own_account_is_done() -> None:
    assert guarded(user("provision", full_name="X", enabled=True, administrator=True)) is None
    assert guarded(user("provision", password_never_expires=True)) is None


@pytest.mark.parametrize("name", ["Administrator", "Guest"])
def test_built_in_accounts_are_disabled_and_never_removed(name: str) -> None:
    refusal = guarded(user(name, absent=True))
    assert refusal is not None and "`enabled: false`" in refusal.next_step
    machine = factory_machine()
    machine.put("accounts", sid_of(machine, name), "enabled", value=True)
    assert guarded(user(name, enabled=False), machine) is None


def test_the_built_in_administrator_stays_one() -> None:
    refusal = guarded(user("Administrator", administrator=False))
    assert refusal is not None and "Leave `administrator` out" in refusal.next_step


ANOTHER_SID = "S-1-5-21-1-2-3-1009"


@pytest.mark.parametrize("declared", [{"absent": True}, {"enabled": False}, {"administrator": False}])
def test_an_enabled_administrator_remains(declared: Mapping[str, Any]) -> None:
    """We come in with an account of a domain, and the machine's own administrator is to go."""
    wanted = user("provision", **declared)
    host = {"account_sid": ANOTHER_SID}
    administrators = factory_machine().get("groups", "S-1-5-32-544", "members")
    host["administrators"] = (*administrators, ANOTHER_SID)  # type: ignore[misc, assignment]
    refusal = guarded(wanted, **host)
    assert refusal is not None and "`administrator: true` and `enabled: true`" in refusal.next_step
    new = user("New", password=PASSWORD, administrator=True)
    assert guarded(wanted, also=[new], **host) is None
    disabled = user("New", password=PASSWORD, administrator=True, enabled=False)
    assert guarded(wanted, also=[disabled], **host) is not None


def test_who_administers_must_be_known_before_an_administrator_goes() -> None:
    refusal = guarded(user("provision", absent=True), administrators=None, account_sid=ANOTHER_SID)
    assert refusal is not None and refusal.reason is Reason.READ_FAILED
    assert guarded(user(absent=True), administrators=None) is None


@pytest.mark.parametrize("name", ["DefaultAccount", "WDAGUtilityAccount"])
@pytest.mark.parametrize("declared", [{"absent": True}, {"enabled": True}])
def test_accounts_of_windows_own_are_left_alone(name: str, declared: Mapping[str, Any]) -> None:
    refusal = guarded(user(name, **declared))
    assert refusal is not None and "Take it out" in refusal.next_step


@pytest.mark.parametrize("who", ["Operator", "AXIS-1\\operator"])
def test_who_is_logged_on_is_not_removed(who: str) -> None:
    refusal = guarded(user(absent=True), logged_on=who)
    assert refusal is not None and "Log the account off" in refusal.next_step
    assert guarded(user(absent=True), logged_on="HARBOUR\\Operator") is None
    assert guarded(user(enabled=False), logged_on=who) is None


def test_whose_profile_is_loaded_is_not_removed() -> None:
    machine = factory_machine()
    machine.put("profiles", sid_of(machine, "Operator"), "loaded", value=True)
    refusal = guarded(user(absent=True), machine)
    assert refusal is not None and "Log the account off" in refusal.next_step


def test_what_is_there_already_is_not_guarded() -> None:
    assert guarded(user("New", password=PASSWORD)) is None


def test_a_password_is_not_taken_back_and_what_was_removed_is_not_made_again() -> None:
    machine = factory_machine()
    wanted = user(password=PASSWORD, full_name="X")
    back = taking_back(wanted, observe(machine, wanted).facts)
    assert back.declared is not None and back.declared.facts() == {"full_name": ""}
    assert [(row.field, row.what) for row in back.lost] == [("password", SECRET)]
    gone = user(absent=True)
    back = taking_back(gone, observe(machine, gone).facts)
    assert back.declared is None and back.lost[0].what == REMOVED_WITH_ITS_SECRET


def test_the_digest_of_a_password_stands_in_no_plan() -> None:
    from provisioner.steps.plan import resource_digest

    machine, wanted = factory_machine(), user(password=PASSWORD)
    apply(machine, wanted)
    live = observe(machine, wanted)
    marker: Any = live.rests_on["users"]["Operator"]["marker"]  # type: ignore[index, call-overload]
    assert marker["digest"] not in json.dumps(resource_digest(wanted, live))


def test_names_are_compared_letter_by_letter() -> None:
    machine = factory_machine()
    apply(machine, user("Stra\u00dfe", password=PASSWORD))
    assert observe(machine, user("STRA\u00dfE")).present
    assert not observe(machine, user("Strasse")).present
