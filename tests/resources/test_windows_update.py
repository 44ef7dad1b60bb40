"""The update policies: what they mean, who owns them, and both places they live in."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from provisioner.resources.base import Reason, Risk
from provisioner.resources.registry_pol import numbers, parse, patch
from provisioner.resources.registry_values import read_value
from provisioner.resources.windows_update import WindowsUpdate
from provisioner.resources.windows_update_simulated import GPT_INI, POLICY_FILE
from provisioner.resources.windows_update_values import (
    AUTOMATIC,
    DAYS,
    FIELDS,
    KEYS,
    OPTIONS,
    POLICY,
    changes,
    meaning,
)

from .machine import MemoryMachine, apply, change_of, drift, factory_machine, observe

MANUAL = WindowsUpdate.model_validate(WindowsUpdate.examples[0])
IN_FILE = AUTOMATIC.removeprefix("HKLM\\")


def _set(machine: MemoryMachine, name: str, number: int) -> None:
    machine.put("registry", KEYS[name], name, value={"type": "DWord", "data": number})


def _policy_file(machine: MemoryMachine) -> bytes:
    return b64decode(str(machine.get("files", POLICY_FILE, "base64")))


def _edit_policy(machine: MemoryMachine, name: str, number: int | None) -> None:
    """As gpedit does, before the next refresh."""
    content = patch(_policy_file(machine), [(IN_FILE, name, number)])
    machine.put("files", POLICY_FILE, value={"base64": b64encode(content).decode()})


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"day": "sunday"}, "`day` needs `install: scheduled`"),
        ({"install": "notify_before_install", "time": "03:00"}, "`time` needs `install: scheduled`"),
        (
            {"install": "disabled", "other_microsoft_products": True},
            "`other_microsoft_products` needs `install`",
        ),
        ({"install": "scheduled", "time": "03:30"}, "not a whole hour"),
        ({"install": "scheduled", "time": "24:00"}, "not a whole hour"),
        ({"install": "scheduled", "day": "Sun"}, "Input should be 'every_day', 'sunday'"),
        ({"install": "scheduled", "weeks": "all"}, "say `every`, or a list"),
        ({"install": "scheduled", "weeks": []}, "say `every`, or a list"),
        ({"install": "scheduled", "weeks": ["first", "first"]}, "listed twice"),
        ({"install": "local_admin"}, "Input should be 'scheduled'"),
        ({"restart": {"always_at_scheduled_time": True}}, "`delay_minutes` is needed"),
        ({"restart": {"always_at_scheduled_time": False, "delay_minutes": 15}}, "and only there"),
        ({"restart": {"always_at_scheduled_time": True, "delay_minutes": 14}}, "greater than or equal to 15"),
        ({"restart": {"always_at_scheduled_time": True, "delay_minutes": 181}}, "less than or equal to 180"),
        ({"restart": {"always_at_scheduled_time": "maybe"}}, "say true, false or not_configured"),
        ({"install_minor_immediately": 1}, "say true, false or not_configured"),
        ({"active_hours": {"start": "02:00", "end": "21:00"}}, "at most 18 hours"),
        ({"active_hours": {"start": "02:00", "end": "02:00"}}, "at least 1"),
        ({"active_hours": "off"}, "Input should be 'disabled' or 'not_configured'"),
    ],
)
def test_faults_are_explained(declared: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        WindowsUpdate.model_validate(declared)
    assert caught.value.error_count() == 1
    assert said in caught.value.errors()[0]["msg"]


def test_the_manuals_example_in_windows_numbers() -> None:
    machine = factory_machine()
    apply(machine, MANUAL)
    wanted = {
        "NoAutoUpdate": 0,
        "AUOptions": 4,
        "ScheduledInstallDay": 1,
        "ScheduledInstallTime": 0,
        "AlwaysAutoRebootAtScheduledTime": 1,
        "AlwaysAutoRebootAtScheduledTimeMinutes": 15,
        "AutoInstallMinorUpdates": 1,
    }
    assert {name: read_value(machine, AUTOMATIC, name) for name in wanted} == wanted
    in_file = numbers(_policy_file(machine))
    assert {name: in_file[(IN_FILE.casefold(), name.casefold())] for name in wanted} == wanted


def test_sunday_is_one() -> None:
    assert (DAYS.index("sunday"), DAYS.index("saturday"), DAYS.index("every_day")) == (1, 7, 0)


def test_nothing_is_configured_on_a_factory_new_terminal() -> None:
    facts = observe(factory_machine(), MANUAL).facts
    assert (facts["install"], facts["owner"]) == ("not_configured", "preference")
    assert facts["restart"] == {"always_at_scheduled_time": "not_configured"}
    assert facts["preferred_active_hours"] == {"start": 8, "end": 17}


def test_foreign_policies_and_undeclared_values_stay() -> None:
    machine = factory_machine()
    foreign = parse(_policy_file(machine))
    _set(machine, "ActiveHoursStart", 6)
    apply(machine, MANUAL)
    assert parse(_policy_file(machine))[: len(foreign)] == foreign
    assert read_value(machine, POLICY, "ActiveHoursStart") == 6
    assert b"Version=2" in b64decode(str(machine.get("files", GPT_INI, "base64")))


def test_without_a_policy_file_one_is_made() -> None:
    machine = factory_machine()
    machine.drop("files", POLICY_FILE)
    machine.drop("files", GPT_INI)
    apply(machine, MANUAL)
    assert len(parse(_policy_file(machine))) == 7
    assert drift(machine, MANUAL) == frozenset()


def test_gpt_ini_may_be_kept_as_text() -> None:
    machine = factory_machine()
    machine.put("files", GPT_INI, value={"text": "[General]\r\nVersion=4\r\n"})
    apply(machine, MANUAL)
    assert b"Version=5" in b64decode(str(machine.get("files", GPT_INI, "base64")))


def test_disabled_and_not_configured_take_the_options_with_them() -> None:
    machine = factory_machine()
    apply(machine, WindowsUpdate.model_validate(WindowsUpdate.examples[2]))
    apply(machine, WindowsUpdate.model_validate({"install": "disabled"}))
    assert read_value(machine, AUTOMATIC, "NoAutoUpdate") == 1
    assert read_value(machine, AUTOMATIC, "AUOptions") is None
    assert read_value(machine, AUTOMATIC, "AlwaysAutoRebootAtScheduledTime") == 0
    apply(machine, WindowsUpdate.model_validate({"install": "not_configured"}))
    assert read_value(machine, AUTOMATIC, "NoAutoUpdate") is None


def test_a_leftover_option_is_not_not_configured() -> None:
    machine, wanted = factory_machine(), WindowsUpdate.model_validate({"install": "not_configured"})
    _set(machine, "ScheduledInstallDay", 3)
    assert drift(machine, wanted) == {"install", "policy_file"}
    apply(machine, wanted)
    assert read_value(machine, AUTOMATIC, "ScheduledInstallDay") is None


def test_a_leftover_option_in_the_file_is_not_not_configured() -> None:
    """The next refresh would bring it back."""
    machine, wanted = factory_machine(), WindowsUpdate.model_validate({"install": "not_configured"})
    _edit_policy(machine, "ScheduledInstallDay", 3)
    assert apply(machine, wanted) == {"policy_file"}
    assert drift(machine, wanted) == frozenset()


def test_a_leftover_option_of_a_domain_policy_is_its_own() -> None:
    machine = factory_machine(domain="harbour.example")
    _set(machine, "ScheduledInstallDay", 3)
    wanted = WindowsUpdate.model_validate({"install": "not_configured"})
    refusal = wanted.refuse(observe(machine, wanted))
    assert refusal is not None and refusal.reason is Reason.OWNED_BY_DOMAIN_POLICY


def test_a_policy_file_that_would_undo_us_is_drift() -> None:
    machine = factory_machine()
    apply(machine, MANUAL)
    _edit_policy(machine, "ScheduledInstallDay", 4)
    assert observe(machine, MANUAL).facts["day"] == "sunday"
    assert apply(machine, MANUAL) == {"policy_file"}
    assert drift(machine, MANUAL) == frozenset()


def test_the_policy_file_counts_for_declared_fields_only() -> None:
    machine = factory_machine()
    apply(machine, MANUAL)
    _edit_policy(machine, "SetActiveHours", 1)
    _edit_policy(machine, "AllowMUUpdateService", 1)
    assert drift(machine, MANUAL) == frozenset()


def test_values_that_only_the_registry_has_get_into_the_file() -> None:
    """A tool wrote the registry alone: gpedit shows nothing, and the next refresh is not ours to trust."""
    machine, wanted = factory_machine(), WindowsUpdate.model_validate({"install_minor_immediately": True})
    _set(machine, "AutoInstallMinorUpdates", 1)
    assert apply(machine, wanted) == {"policy_file"}
    assert drift(machine, wanted) == frozenset()


def test_an_unreadable_policy_file_is_refused() -> None:
    machine = factory_machine()
    machine.put("files", POLICY_FILE, value={"base64": b64encode(b"not a policy file").decode()})
    live = observe(machine, MANUAL)
    assert live.facts["policy_file"] == "unreadable"
    refusal = MANUAL.refuse(live)
    assert refusal is not None and refusal.reason is Reason.GUARD


def test_a_domain_policy_is_the_owner() -> None:
    machine = factory_machine(domain="harbour.example")
    _set(machine, "NoAutoUpdate", 1)
    live = observe(machine, MANUAL)
    assert (live.facts["owner"], live.facts["install"]) == ("domain_policy", "disabled")
    refusal = MANUAL.refuse(live)
    assert refusal is not None and refusal.reason is Reason.OWNED_BY_DOMAIN_POLICY


def test_a_domain_policy_as_declared_is_in_sync() -> None:
    machine = factory_machine(domain="harbour.example")
    _set(machine, "NoAutoUpdate", 1)
    assert drift(machine, WindowsUpdate.model_validate({"install": "disabled"})) == frozenset()


def test_a_domain_member_keeps_its_local_policies() -> None:
    machine = factory_machine(domain="harbour.example")
    apply(machine, MANUAL)
    assert observe(machine, MANUAL).facts["owner"] == "local_policy"
    assert drift(machine, MANUAL) == frozenset()


def test_only_what_differs_is_written() -> None:
    machine = factory_machine()
    apply(machine, MANUAL)
    other = WindowsUpdate.model_validate({**WindowsUpdate.examples[0], "day": "monday"})
    rows = change_of(machine, other).arguments["values"]
    assert rows == [{"key": AUTOMATIC, "name": "ScheduledInstallDay", "number": 2}]


def test_restarting_on_schedule_stops_recordings() -> None:
    assert MANUAL.risks(frozenset({"restart"})) == (Risk.STOPS_RECORDING,)
    assert MANUAL.risks(frozenset({"day"})) == ()
    off = WindowsUpdate.model_validate({"restart": {"always_at_scheduled_time": False}})
    assert off.risks(frozenset({"restart"})) == ()


def test_live_values_without_a_word_do_not_break_the_reading() -> None:
    machine = factory_machine()
    for name, number in {"NoAutoUpdate": 0, "AUOptions": 7, "ScheduledInstallDay": 9}.items():
        _set(machine, name, number)
    machine.put("registry", AUTOMATIC, "ScheduledInstallTime", value={"type": "String", "data": "noon"})
    _set(machine, "SetActiveHours", 5)
    facts = observe(machine, MANUAL).facts
    assert (facts["install"], facts["day"], facts["time"]) == ("NoAutoUpdate=0, AUOptions=7", 9, "noon")
    assert facts["active_hours"] == 5


states = st.sampled_from([True, False, "not_configured"])
hours = st.integers(0, 23)
spans = st.tuples(hours, st.integers(1, 18)).map(
    lambda span: {"start": f"{span[0]:02d}:00", "end": f"{sum(span) % 24:02d}:00"}
)
options = {"during_maintenance": st.booleans(), "other_microsoft_products": st.booleans()}
rest = {
    "restart": st.one_of(
        st.fixed_dictionaries(
            {"always_at_scheduled_time": st.just(True), "delay_minutes": st.integers(15, 180)}
        ),
        st.fixed_dictionaries({"always_at_scheduled_time": st.sampled_from([False, "not_configured"])}),
    ),
    "install_minor_immediately": states,
    "active_hours": st.one_of(spans, st.sampled_from(["disabled", "not_configured"])),
}
schedule = {
    "day": st.sampled_from(DAYS),
    "time": hours.map(lambda hour: f"{hour:02d}:00"),
    "weeks": st.one_of(
        st.just("every"),
        st.lists(st.sampled_from(["first", "second", "third", "fourth"]), min_size=1, unique=True),
    ),
}
declarations = st.one_of(
    st.fixed_dictionaries({"install": st.just("scheduled")}, optional={**schedule, **options, **rest}),
    st.fixed_dictionaries({"install": st.sampled_from(sorted(OPTIONS))}, optional={**options, **rest}),
    st.fixed_dictionaries({"install": st.sampled_from(["disabled", "not_configured"])}, optional=rest),
    st.fixed_dictionaries({}, optional=rest),
)
policies = declarations.map(WindowsUpdate.model_validate)


@settings(max_examples=80, deadline=None)
@given(policies, policies)
def test_whatever_was_applied_before_the_last_one_holds(first: WindowsUpdate, then: WindowsUpdate) -> None:
    machine = factory_machine()
    apply(machine, first)
    apply(machine, then)
    assert drift(machine, then) == frozenset()


@given(policies)
def test_numbers_mean_what_made_them(wanted: WindowsUpdate) -> None:
    made: dict[str, Any] = dict.fromkeys(KEYS)
    declared = {name: value for name, value in wanted.facts().items() if name in FIELDS}
    for name, value in declared.items():
        made |= changes(name, value)
    meant = meaning(made)
    assert {name: meant[name] for name in declared} == declared
