"""Time zone, time servers and the clock itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue, ValidationError

from provisioner.resources.base import ClockOffset, Reason, Risk
from provisioner.resources.clock import Clock
from provisioner.resources.clock_simulated import POLICY, TIME, ZONE
from provisioner.resources.ntp_peers import live_peers
from provisioner.resources.registry_values import read_value
from provisioner.resources.time_zones import bias_minutes, windows_id

from .machine import MemoryMachine, apply, change_of, drift, factory_machine, observe, observed_from

NTP = Clock.model_validate({"ntp": ["ntp.harbour.example"]})
MANUAL = Clock.model_validate({"manual": True})


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"time_zone": "Europe/Stokholm"}, "did you mean 'Europe/Stockholm'?"),
        ({"time_zone": "W. Europe Standart Time"}, "did you mean 'W. Europe Standard Time'?"),
        ({"manual": "2026-11-18 10:00"}, "wrong the moment it is written"),
        ({"manual": False}, "say `manual: true`"),
        ({"ntp": ["a.example"], "manual": True}, "exclude each other"),
        ({"ntp": ["a.example,b.example"]}, "one server per list entry"),
        ({"ntp": ["a.example b.example"]}, "one server per list entry"),
        ({"ntp": ["a.example,0x8"]}, "not a host name"),
        ({"ntp": ["192.0.2.400"]}, "not an IPv4 address"),
        ({"ntp": ["a.example", "A.example"]}, "listed twice"),
        ({"ntp": [{"host": "a.example", "fallback": True}]}, "every server is a fallback"),
        ({"ntp": []}, "at least 1 item"),
        ({"ntp": ["a.example"], "poll_seconds": 900}, "greater than or equal to 1024"),
        ({"ntp": ["a.example"], "poll_seconds": 40000}, "less than or equal to 32768"),
        ({"poll_seconds": 1024}, "needs `ntp`"),
        ({"tolerance_seconds": 2}, "needs `manual: true`"),
        ({"manual": True, "tolerance_seconds": 0}, "greater than or equal to 1"),
    ],
)
def test_faults_are_explained(declared: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Clock.model_validate(declared)
    assert caught.value.error_count() == 1
    assert said in caught.value.errors()[0]["msg"]


@pytest.mark.parametrize("name", ["Europe/Stockholm", "europe/berlin", "w. europe standard time"])
def test_zones_compare_as_windows_ids(name: str) -> None:
    assert Clock.model_validate({"time_zone": name}).facts() == {"time_zone": "W. Europe Standard Time"}


def test_a_zone_that_windows_does_not_know_is_unknown() -> None:
    with pytest.raises(ValueError, match="no time zone is called"):
        windows_id("Antarctica/Troll")


@pytest.mark.parametrize(
    ("zone", "summer", "winter"),
    [
        ("W. Europe Standard Time", -120, -60),
        ("Pacific Standard Time", 420, 480),
        ("India Standard Time", -330, -330),
    ],
)
def test_bias_is_utc_minus_local_time(zone: str, summer: int, winter: int) -> None:
    july, january = 1_783_000_000_000, 1_767_800_000_000
    assert bias_minutes(zone, july, True) == (winter, summer)
    assert bias_minutes(zone, january, True) == (winter, winter)
    assert bias_minutes(zone, july, False) == (winter, winter)


@pytest.mark.parametrize(
    ("declared", "peers"),
    [
        (["A.example"], ["a.example,0x9"]),
        (["a.example", "b.example"], ["a.example,0x9", "b.example,0xa"]),
        ([{"host": "a.example", "fallback": True}, "b.example"], ["a.example,0xa", "b.example,0x9"]),
        (["a.example", {"host": "b.example", "fallback": False}], ["a.example,0x9", "b.example,0x9"]),
        (["a.example", "b.example", "c.example"], ["a.example,0x9", "b.example,0x9", "c.example,0x9"]),
    ],
)
def test_of_exactly_two_servers_the_second_is_a_fallback(declared: list[Any], peers: list[str]) -> None:
    assert Clock.model_validate({"ntp": declared}).facts()["ntp"] == peers


def test_live_peers_are_normalised_and_stay_in_order() -> None:
    assert live_peers("B.example,0x09  a.example,0xA c.example bogus,x\0") == [
        "b.example,0x9",
        "a.example,0xa",
        "c.example,0x0",
        "bogus,x",
    ]


def test_the_workgroup_traps_are_drift_by_themselves() -> None:
    """Peers as declared, but the trigger that stops the service is still there."""
    machine = factory_machine()
    apply(machine, NTP)
    machine.put("registry", rf"{TIME}\TriggerInfo\0", value={})
    assert drift(machine, NTP) == {"service"}
    machine.put("services", "w32time", "start", value="manual")
    apply(machine, NTP)
    assert observe(machine, NTP).facts["service"] == {
        "start": "automatic",
        "delayed": False,
        "running": True,
        "triggered": False,
    }
    assert machine.get("registry", rf"{TIME}\TriggerInfo\1") is None


def test_undeclared_fields_stay() -> None:
    machine = factory_machine()
    apply(machine, Clock.model_validate({"daylight_saving": False}))
    apply(machine, Clock.model_validate({"time_zone": "Europe/Stockholm"}))
    facts = observe(machine, NTP).facts
    assert (facts["time_zone"], facts["daylight_saving"]) == ("W. Europe Standard Time", False)
    assert (facts["mode"], facts["ntp"]) == ("ntp", ["time.windows.com,0x9"])
    assert read_value(machine, ZONE, "ActiveTimeBias") == 2**32 - 60


def _off_by(offset_ms: int) -> MemoryMachine:
    return factory_machine(clock={"offset_ms": offset_ms})


@pytest.mark.parametrize("offset_ms", [-5000, 0, 5000])
def test_within_the_tolerance_the_clock_is_left_alone(offset_ms: int) -> None:
    machine = _off_by(offset_ms)
    assert "in_tolerance" not in apply(machine, MANUAL)
    assert machine.offset_ms == offset_ms
    assert drift(machine, MANUAL) == frozenset()


def test_a_clock_that_is_off_is_set_by_the_difference() -> None:
    machine = _off_by(-90_000)
    assert "in_tolerance" in apply(machine, MANUAL)
    assert machine.offset_ms == 0
    assert change_of(_off_by(-90_000), MANUAL).arguments["clock_offset_ms"] == ClockOffset()
    assert read_value(machine, rf"{TIME}\Parameters", "Type") == "NoSync"
    assert machine.get("services", "w32time", "running") is False


def test_ntp_sets_the_clock_only_beyond_what_the_service_corrects() -> None:
    near, far = _off_by(54_000_000), _off_by(54_000_001)
    assert "within_ntp_reach" not in apply(near, NTP)
    assert "within_ntp_reach" in apply(far, NTP)
    assert (near.offset_ms, far.offset_ms) == (54_000_000, 0)


def test_the_figure_is_in_no_fact() -> None:
    near, nearer = (observe(_off_by(offset), MANUAL) for offset in (1234, 99))
    assert near == nearer


def test_an_unmeasured_clock_is_unknown_and_not_touched() -> None:
    raw = observe(factory_machine(), MANUAL).rests_on
    live = observed_from(MANUAL, raw, offset_ms=None)
    assert live.facts["in_tolerance"] is None
    refusal = MANUAL.refuse(live)
    assert refusal is not None and refusal.reason is Reason.READ_FAILED


def test_moving_the_clock_is_a_risk() -> None:
    assert MANUAL.risks(frozenset({"in_tolerance", "mode"})) == (Risk.MOVES_CLOCK,)
    assert MANUAL.risks(frozenset({"mode", "ntp"})) == ()


def test_a_zone_that_this_windows_lacks_is_refused() -> None:
    edmonton = Clock.model_validate({"time_zone": "Alberta Standard Time"})
    refusal = edmonton.refuse(observe(factory_machine(), edmonton))
    assert refusal is not None and refusal.reason is Reason.NOT_ON_THIS_HOST


@pytest.mark.parametrize(
    ("domain", "reason"), [(None, Reason.GUARD), ("harbour.example", Reason.OWNED_BY_DOMAIN_POLICY)]
)
def test_servers_that_a_policy_sets_are_refused(domain: str | None, reason: Reason) -> None:
    machine = factory_machine(domain=domain)
    machine.put(
        "registry", rf"{POLICY}\Parameters", "NtpServer", value={"type": "String", "data": "x.example,0x9"}
    )
    live = observe(machine, NTP)
    assert live.facts["ntp"] == ["x.example,0x9"]
    refusal = NTP.refuse(live)
    assert refusal is not None and refusal.reason is reason
    zone = Clock.model_validate({"time_zone": "Europe/Stockholm"})
    assert zone.refuse(observe(machine, zone)) is None


def test_a_policy_that_says_what_is_declared_is_in_sync() -> None:
    machine = factory_machine()
    apply(machine, NTP)
    row: JsonValue = {"type": "String", "data": "NTP.harbour.example,0x09"}
    machine.put("registry", rf"{POLICY}\Parameters", "NtpServer", value=row)
    assert drift(machine, NTP) == frozenset()


@pytest.mark.parametrize("wanted", [NTP, MANUAL])
def test_the_clock_of_a_domain_member_belongs_to_the_domain(wanted: Clock) -> None:
    machine = factory_machine(domain="harbour.example")
    machine.put("registry", rf"{TIME}\Parameters", "Type", value={"type": "String", "data": "NT5DS"})
    live = observe(machine, wanted)
    assert live.facts["mode"] == "domain"
    refusal = wanted.refuse(live)
    assert refusal is not None and "domain member" in refusal.what


hosts = st.sampled_from(["a.example", "B.example", "192.0.2.1", "c", "d-e.example"])
servers = st.lists(
    st.one_of(hosts, st.fixed_dictionaries({"host": hosts, "fallback": st.just(False)})),
    min_size=1,
    max_size=4,
    unique_by=lambda server: server if isinstance(server, str) else server["host"],
)
zones = {
    "time_zone": st.sampled_from(["Europe/Stockholm", "UTC", "Asia/Kolkata", "America/Los_Angeles"]),
    "daylight_saving": st.booleans(),
}
clocks = st.one_of(
    st.fixed_dictionaries({"ntp": servers}, optional={**zones, "poll_seconds": st.integers(1024, 32768)}),
    st.fixed_dictionaries(
        {"manual": st.just(True)}, optional={**zones, "tolerance_seconds": st.integers(1, 100)}
    ),
    st.fixed_dictionaries({}, optional=zones),
).map(Clock.model_validate)


@settings(max_examples=60, deadline=None)
@given(clocks, clocks, st.integers(-100_000_000, 100_000_000))
def test_whatever_was_applied_before_the_last_one_holds(first: Clock, then: Clock, offset_ms: int) -> None:
    machine = _off_by(offset_ms)
    apply(machine, first)
    apply(machine, then)
    assert drift(machine, then) == frozenset()
