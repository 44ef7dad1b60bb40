"""What was before a change comes back by a declaration, or is said to be lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from provisioner.resources import ALL
from provisioner.resources.base import Resource
from provisioner.resources.clock import ALWAYS_ON, Clock
from provisioner.resources.comparing import differing
from provisioner.resources.computer_name import ComputerName
from provisioner.resources.local_group import LocalGroup
from provisioner.resources.local_user import LocalUser
from provisioner.resources.power import Power
from provisioner.resources.taking_back import (
    CANNOT_BE_REMOVED,
    DOES_NOT_COME_BACK,
    NO_FORM,
    NOT_SET,
    REMOVED_WITH_ITS_SECRET,
    SECRET,
    TakenBack,
    apart_from_the_lost,
    taking_back,
)
from provisioner.resources.windows_update import WindowsUpdate
from tests.resources.machine import MemoryMachine, apply, factory_machine, observe
from tests.steps.site import declared
from tests.strategies import SETTINGS
from tests.toys import Account, Share


def _comes_back(machine: MemoryMachine, wanted: Resource) -> None:
    """A change and its reverse: all is as before but for what is said to be lost."""
    before = observe(machine, wanted)
    back = taking_back(wanted, before.facts, present=before.present)
    apply(machine, wanted)
    if back.declared is not None:
        apply(machine, back.declared)
    after, lost = observe(machine, wanted), {row.field for row in back.lost}
    names = (before.facts if wanted.gone else wanted.facts()).keys() & before.facts.keys()
    touched = {name: before.facts[name] for name in names - lost}
    if "" not in lost:
        assert after.present == before.present, back
        assert differing(touched, after.facts) == set(), (before.facts, back, after.facts)


@given(SETTINGS, SETTINGS)
def test_what_is_not_said_to_be_lost_comes_back(first: dict[str, Any], then: dict[str, Any]) -> None:
    machine = factory_machine()
    for resource in declared(first):
        apply(machine, resource)
    for wanted in declared(then):
        _comes_back(machine, wanted)
        # What comes after it may rest on it: an account that a group names.
        apply(machine, wanted)


@pytest.mark.parametrize(("kind", "example"), [(kind, example) for kind in ALL for example in kind.examples])
def test_every_example_comes_back(kind: type[Resource], example: dict[str, Any]) -> None:
    _comes_back(factory_machine(), kind.model_validate(example))


def _back(kind: type[Resource], wanted: Any, **changes: Any) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """The declaration that takes `wanted` back on a factory-new machine, and what is lost."""
    resource = kind.model_validate(wanted)
    facts = {**observe(factory_machine(), resource).facts, **changes}
    return _said(taking_back(resource, facts))


def _said(back: TakenBack) -> tuple[dict[str, Any] | None, dict[str, str]]:
    lost = {row.field: row.what for row in back.lost}
    if back.declared is None:
        return None, lost
    return back.declared.model_dump(mode="json", exclude_unset=True, exclude_none=True), lost


def test_a_name_comes_back_and_one_that_we_would_never_write_does_not() -> None:
    assert _back(ComputerName, "NEW") == ({"name": "AXIS-1"}, {})
    assert _back(ComputerName, "NEW", name="OLD_NAME") == (None, {"name": NO_FORM})


def test_durations_come_back_in_words_and_by_power_source() -> None:
    assert _back(Power, {"sleep": "never"}) == ({"sleep": {"ac": "30 min", "dc": "15 min"}}, {})
    assert _back(Power, {"sleep": {"ac": "1 h"}}) == ({"sleep": {"ac": "30 min"}}, {})
    no_battery = _back(Power, {"sleep": "never"}, sleep={"ac": "30 min", "dc": None})
    assert no_battery == ({"sleep": {"ac": "30 min"}}, {})
    assert _back(Power, {"sleep": "never"}, sleep={}) == (None, {"sleep": NO_FORM})


def test_a_policy_that_was_not_configured_takes_its_options_along() -> None:
    wanted = {"install": "scheduled", "day": "sunday", "time": "00:00", "during_maintenance": True}
    assert _back(WindowsUpdate, wanted) == ({"install": "not_configured"}, {})
    restart = {"restart": {"always_at_scheduled_time": True, "delay_minutes": 15}}
    assert _back(WindowsUpdate, restart) == ({"restart": {"always_at_scheduled_time": "not_configured"}}, {})


def test_a_policy_that_is_swept_away_comes_back_with_its_options() -> None:
    """Only `install` was declared, and gpedit takes day and time along: they are part of what was."""
    before = {"install": "scheduled", "day": "sunday", "time": "03:00", "weeks": []}
    back, lost = _back(WindowsUpdate, {"install": "disabled"}, **before)
    assert back == {"install": "scheduled", "day": "sunday", "time": "03:00"}
    assert lost == {}


def test_a_policy_in_a_state_that_we_have_no_word_for_is_lost() -> None:
    back, lost = _back(WindowsUpdate, {"install": "disabled"}, install="NoAutoUpdate=0, AUOptions=7")
    assert (back, lost) == (None, {"install": NO_FORM})


def test_a_policy_file_out_of_step_stays_in_step() -> None:
    back, lost = _back(WindowsUpdate, {"install": "disabled"}, policy_file="out_of_step")
    assert back == {"install": "not_configured"}
    assert list(lost) == ["policy_file"]


def test_time_servers_come_back_with_their_flags() -> None:
    peers = ["a.example,0x9", "b.example,0x9", "c.example,0xa"]
    back, lost = _back(Clock, {"ntp": ["new.example"]}, ntp=peers, service=ALWAYS_ON)
    assert back is not None and lost == {}
    assert Clock.model_validate(back).facts()["ntp"] == peers


def test_time_servers_with_flags_that_we_never_write_are_lost_and_the_zone_is_not() -> None:
    wanted = {"time_zone": "UTC", "ntp": ["new.example"]}
    back, lost = _back(Clock, wanted, ntp=["a.example,0x1"], service=ALWAYS_ON)
    assert (back, lost) == ({"time_zone": "Pacific Standard Time"}, {"ntp": NO_FORM})


def test_the_service_and_the_moment_of_a_clock_are_lost_in_their_own_words() -> None:
    back, lost = _back(Clock, {"manual": True, "time_zone": "UTC"}, in_tolerance=False)
    assert back is not None and "ntp" in back
    assert lost["in_tolerance"] == "a clock is not set back to a wrong time"
    assert lost["service"] == "how the time service started is not declared by itself"


def test_back_from_servers_to_manual_moves_no_clock() -> None:
    back, lost = _back(Clock, {"ntp": ["new.example"]}, mode="manual", ntp=[])
    assert back == {"manual": True, "tolerance_seconds": 54_000}
    assert {"ntp", "service"} == set(lost)


@pytest.mark.parametrize("mode", ["domain", "domain_and_ntp", "client_off"])
def test_a_source_that_cannot_be_declared_is_lost(mode: str) -> None:
    back, lost = _back(Clock, {"ntp": ["new.example"]}, mode=mode)
    assert back is None
    assert {"mode", "ntp"} <= set(lost)


GUEST = {"name": "Guest", "full_name": "A guest", "password": {"env": "GUEST"}}


def test_what_was_not_there_is_taken_back_as_absent() -> None:
    back = taking_back(Account.model_validate(GUEST), {}, present=False)
    assert _said(back) == ({"name": "Guest", "absent": True}, {})
    nowhere = taking_back(Power.model_validate({"sleep": "never"}), {}, present=False)
    assert _said(nowhere) == (None, {"": CANNOT_BE_REMOVED})


def test_what_was_absent_and_shall_be_stays_so() -> None:
    gone = Account.model_validate({"name": "Guest", "absent": True})
    assert taking_back(gone, {}, present=False) == TakenBack(gone)


def test_what_was_removed_is_made_again_from_its_facts() -> None:
    gone = Share.model_validate({"name": "Clips", "absent": True})
    assert _said(taking_back(gone, {"path": r"D:\clips"})) == ({"name": "Clips", "path": r"D:\clips"}, {})
    assert _said(taking_back(gone, {"name": "clips"})) == ({"name": "clips"}, {})


def test_what_was_removed_with_its_password_is_not_made_again() -> None:
    gone = Account.model_validate({"name": "Guest", "absent": True})
    assert _said(taking_back(gone, {"full_name": "A guest"})) == (None, {"": REMOVED_WITH_ITS_SECRET})


def test_an_earlier_password_is_not_known_and_the_rest_comes_back() -> None:
    wanted = Account.model_validate(GUEST)
    before = {"name": "Guest", "full_name": "Old", "password": "differs"}
    assert _said(taking_back(wanted, before)) == ({"name": "Guest", "full_name": "Old"}, {"password": SECRET})
    same = before | {"password": "as_declared"}
    assert _said(taking_back(wanted, same)) == ({"name": "Guest", "full_name": "Old"}, {})


def test_a_field_that_was_not_set_and_cannot_be_unset_is_lost() -> None:
    wanted = Share.model_validate({"name": "Clips", "path": r"D:\clips"})
    assert _said(taking_back(wanted, {"name": "Clips", "path": None})) == (
        {"name": "Clips"},
        {"path": NOT_SET},
    )


def test_facts_of_another_thing_are_not_taken_for_this_one() -> None:
    wanted = Share.model_validate({"name": "Clips", "path": r"D:\clips"})
    back, lost = _said(taking_back(wanted, {"name": "Else", "path": r"E:\else"}))
    assert back is None
    assert set(lost) == {"name", "path"}


def test_a_group_comes_back_without_the_accounts_that_do_not() -> None:
    """Else the group would be refused whole, since nobody makes its member."""
    machine = factory_machine()
    ops = {"name": "Ops", "description": "d", "members": ["Operator", "Guest"]}
    apply(machine, LocalGroup.model_validate(ops))
    gone = {
        "a/local_user/operator": LocalUser.model_validate({"name": "Operator", "absent": True}),
        "a/local_group/ops": LocalGroup.model_validate({"name": "Ops", "absent": True}),
    }
    backs = {where: taking_back(wanted, observe(machine, wanted).facts) for where, wanted in gone.items()}
    declared, lost = _said(apart_from_the_lost(backs)["a/local_group/ops"])
    assert declared == {"name": "Ops", "description": "d", "members": ["Guest"]}
    assert lost == {"members": DOES_NOT_COME_BACK}
