"""Sleep, display and hibernation, on mains and on battery."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from provisioner.lab.factory import BALANCED
from provisioner.resources.base import Reason
from provisioner.resources.power import SETTINGS, Power, seconds
from provisioner.resources.power_simulated import POLICY

from .machine import MemoryMachine, apply, change_of, drift, factory_machine, observe

AWAKE = Power.model_validate({"sleep": "never", "display_off": "never"})


def _without_battery() -> MemoryMachine:
    machine = factory_machine()
    for _, setting in SETTINGS.values():
        machine.drop("power", "plans", BALANCED, "settings", setting, "dc")
    machine.writes = 0
    return machine


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"sleep": 30}, "30 has no unit; write `30 min`"),
        ({"sleep": "30"}, "is no duration"),
        ({"sleep": "0 min"}, "is no duration"),
        ({"sleep": "half an hour"}, "is no duration"),
        ({"sleep": "9999999 h"}, "more than Windows can hold"),
        ({"sleep": {}}, "either one duration"),
        ({"sleep": {"both": "never", "dc": "1 h"}}, "either one duration"),
        ({"sleep": {"ac": "never", "battery": "1 h"}}, "Extra inputs"),
        ({"sleep": {"dc": 5}}, "5 has no unit"),
    ],
)
def test_faults_are_explained(declared: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Power.model_validate(declared)
    assert caught.value.error_count() == 1
    assert said in caught.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    ("text", "amount"), [("never", 0), ("90 s", 90), ("30 min", 1800), ("30min", 1800), ("2 h", 7200)]
)
def test_durations_are_seconds(text: str, amount: int) -> None:
    assert seconds(text) == amount


def test_live_facts_take_the_form_that_was_declared() -> None:
    machine = factory_machine()
    before = observe(machine, AWAKE).facts
    assert (before["sleep"], before["hibernate"]) == (
        {"ac": "30 min", "dc": "15 min"},
        {"ac": "3 h", "dc": "3 h"},
    )
    apply(machine, AWAKE)
    after = observe(machine, AWAKE).facts
    assert (after["sleep"], after["display_off"], after["plan"]) == ("never", "never", BALANCED)


def test_undeclared_settings_and_sources_stay() -> None:
    machine = factory_machine()
    apply(machine, Power.model_validate({"sleep": {"dc": "never"}}))
    facts = observe(machine, Power()).facts
    assert facts["sleep"] == {"ac": "30 min", "dc": "never"}
    assert facts["display_off"] == {"ac": "10 min", "dc": "5 min"}


def test_only_what_differs_is_written() -> None:
    machine = factory_machine()
    apply(machine, Power.model_validate({"sleep": "never"}))
    rows = change_of(machine, AWAKE).arguments["settings"]
    subgroup, setting = SETTINGS["display_off"]
    assert rows == [{"subgroup": subgroup, "setting": setting, "ac": 0, "dc": 0}]


def test_one_duration_means_the_power_sources_that_there_are() -> None:
    machine = _without_battery()
    assert apply(machine, AWAKE) == {"sleep", "display_off"}
    assert drift(machine, AWAKE) == frozenset()
    assert machine.writes == 2


def test_a_battery_that_is_named_but_not_there_is_refused() -> None:
    wanted = Power.model_validate({"sleep": {"ac": "never", "dc": "never"}})
    refusal = wanted.refuse(observe(_without_battery(), wanted))
    assert refusal is not None and refusal.reason is Reason.NOT_ON_THIS_HOST


def test_a_setting_that_the_plan_lacks_is_refused() -> None:
    machine = factory_machine()
    machine.drop("power", "plans", BALANCED, "settings", SETTINGS["hibernate"][1])
    wanted = Power.model_validate({"hibernate": "never"})
    refusal = wanted.refuse(observe(machine, wanted))
    assert refusal is not None and refusal.reason is Reason.NOT_ON_THIS_HOST


@pytest.mark.parametrize(
    ("domain", "reason"), [(None, Reason.GUARD), ("harbour.example", Reason.OWNED_BY_DOMAIN_POLICY)]
)
def test_a_policy_hides_the_plan(domain: str | None, reason: Reason) -> None:
    machine = factory_machine(domain=domain)
    apply(machine, AWAKE)
    key = rf"{POLICY}\{SETTINGS['sleep'][1]}"
    machine.put("registry", key, "ACSettingIndex", value={"type": "DWord", "data": 600})
    live = observe(machine, AWAKE)
    assert live.facts["sleep"] == {"ac": "10 min", "dc": "never"}
    refusal = AWAKE.refuse(live)
    assert refusal is not None and refusal.reason is reason


def test_another_plan_brings_its_own_timeouts() -> None:
    machine = factory_machine()
    apply(machine, AWAKE)
    machine.put("power", "active", value="8c5e7fda-e8bf-4a96-9a85-a6e23a8c635c")
    assert drift(machine, AWAKE) == {"sleep", "display_off"}


durations = st.sampled_from(["never", "90 s", "1 min", "30 min", "2 h"])
timeouts = st.one_of(
    durations,
    st.fixed_dictionaries({"ac": durations}, optional={"dc": durations}),
    st.fixed_dictionaries({"dc": durations}),
)
powers = st.fixed_dictionaries({}, optional=dict.fromkeys(SETTINGS, timeouts)).map(Power.model_validate)


@settings(max_examples=60, deadline=None)
@given(powers, powers)
def test_whatever_was_applied_before_the_last_one_holds(first: Power, then: Power) -> None:
    machine = factory_machine()
    apply(machine, first)
    apply(machine, then)
    assert drift(machine, then) == frozenset()
