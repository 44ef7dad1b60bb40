"""Services: what may be said, what is refused, and which must go on as they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from provisioner.resources.base import Observed, Reason, Resource, Risk, Surroundings
from provisioner.resources.camera_station import CameraStation
from provisioner.resources.clock import Clock
from provisioner.resources.host_facts import HostFacts, WayIn
from provisioner.resources.windows_service import WindowsService
from provisioner.resources.windows_service_needed import ALWAYS, ON_DEMAND
from provisioner.resources.windows_update import WindowsUpdate

from .machine import apply, change_of, drift, factory_machine, observe

HOST_FACTS = HostFacts("guid", "AXIS-1", 1, datetime(2026, 11, 23), None, {}, axis_services=())
WAY_IN = WayIn(("192.0.2.21",), 5985, False, "provision")


def service(**declared: Any) -> WindowsService:
    return WindowsService.model_validate(declared)


def around(
    *declared: Resource, observed: dict[tuple[str, str], Observed] | None = None, **host: Any
) -> Surroundings:
    return Surroundings(replace(HOST_FACTS, **host), WAY_IN, declared, observed or {})


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"name": "Spooler"}, "say how the service starts"),
        ({"name": "Spooler", "start": "disabled", "running": True}, "a disabled service cannot be started"),
        ({"name": "Spooler", "absent": True}, "Extra inputs"),
        ({"name": "Print*", "running": False}, "String should match"),
        ({"name": "x' OR Name = 'y", "running": False}, "String should match"),
        ({"name": "", "running": False}, "String should match"),
        ({"name": "Spooler", "start": "boot"}, "Input should be"),
    ],
)
def test_a_slip_is_refused(declared: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        WindowsService.model_validate(declared)


def test_a_name_is_looked_up_without_case_and_kept_out_of_the_facts() -> None:
    wanted = service(name="BITS", start="automatic_delayed")
    assert wanted.key == "bits"
    assert drift(factory_machine(), wanted) == frozenset()
    assert drift(factory_machine(), service(name="BITS", start="automatic")) == {"start"}


def test_only_what_differs_is_written() -> None:
    machine = factory_machine()
    change = change_of(machine, service(name="Spooler", start="automatic", running=False))
    assert change.arguments == {"name": "spooler", "start": None, "running": False}


def test_several_are_read_at_once_and_rest_each_on_its_own() -> None:
    wanted = [service(name="Spooler", running=False), service(name="BITS", start="manual")]
    talk = WindowsService.read(wanted)
    ask: Any = next(talk)
    assert ask.arguments == {
        "services": [{"name": "spooler", "dependents": True}, {"name": "bits", "dependents": False}]
    }
    for one in wanted:
        assert list(observe(factory_machine(), one).rests_on["services"]) == [one.key]  # type: ignore[arg-type]


def test_a_service_that_is_not_there_is_refused() -> None:
    wanted = service(name="Fax", running=True)
    live = observe(factory_machine(), wanted)
    assert not live.present
    refusal = wanted.refuse(live)
    assert refusal is not None and refusal.reason is Reason.NOT_ON_THIS_HOST
    assert "no service Fax" in refusal.what and "sc.exe query" in refusal.next_step


def test_a_disabled_one_is_not_started_without_a_start() -> None:
    wanted = service(name="tzautoupdate", running=True)
    refusal = wanted.refuse(observe(factory_machine(), wanted))
    assert refusal is not None and "disabled" in refusal.what and "`start`" in refusal.next_step
    other = service(name="tzautoupdate", running=True, start="manual")
    assert other.refuse(observe(factory_machine(), other)) is None


def test_what_others_depend_on_is_not_stopped() -> None:
    machine = factory_machine()
    machine.put("services", "PrintNotify", value={"running": True, "needs": ["spooler"], "start": "manual"})
    wanted = service(name="Spooler", running=False)
    refusal = wanted.refuse(observe(machine, wanted))
    assert refusal is not None and refusal.reason is Reason.GUARD
    assert "PrintNotify" in refusal.what and "`running: false`" in refusal.next_step
    machine.put("services", "PrintNotify", "running", value=False)
    assert wanted.refuse(observe(machine, wanted)) is None


def test_one_with_triggers_is_said_to_start_by_itself() -> None:
    live = observe(factory_machine(), service(name="w32time", running=True))
    assert "events" in live.notes[0]


NOTHING = Observed({}, {})


@pytest.mark.parametrize("name", ALWAYS)
@pytest.mark.parametrize("declared", [{"running": False}, {"start": "manual"}, {"start": "disabled"}])
def test_our_way_in_and_what_we_work_with_must_run(name: str, declared: dict[str, Any]) -> None:
    refusal = service(name=name.upper(), **declared).guard(NOTHING, around())
    assert refusal is not None and refusal.reason is Reason.GUARD
    assert ALWAYS[name] in refusal.what
    assert "Leave it out" in refusal.next_step


@pytest.mark.parametrize(
    "name",
    ["nlasvc", "eventlog", "lanmanworkstation", "systemeventsbroker", "lsm", "gpsvc"],
)
def test_what_our_way_in_rests_on_is_among_them(name: str) -> None:
    assert name in ALWAYS
    assert service(name=name, start="automatic", running=True).guard(NOTHING, around()) is None


@pytest.mark.parametrize("name", ["NetProfM", "KeyIso"])
def test_what_starts_on_demand_is_not_disabled_or_stopped(name: str) -> None:
    for declared in ({"start": "disabled"}, {"running": False}, {"start": "manual", "running": False}):
        refusal = service(name=name, **declared).guard(NOTHING, around())
        assert refusal is not None and refusal.reason is Reason.GUARD
        assert ON_DEMAND[name.casefold()] in refusal.what
        assert "declare `start: manual`" in refusal.next_step
    for start in ("manual", "automatic"):
        assert service(name=name, start=start).guard(NOTHING, around()) is None


@pytest.mark.parametrize("declared", [{"start": "disabled"}, {"start": "manual"}, {"running": False}])
def test_signatures_are_checked_where_a_package_is_installed(declared: dict[str, Any]) -> None:
    wanted = service(name="CryptSvc", **declared)
    station = CameraStation.model_validate(CameraStation.examples[0])
    refusal = wanted.guard(NOTHING, around(station))
    assert refusal is not None and "`camera_station` of the same host" in refusal.what
    assert wanted.guard(NOTHING, around()) is None
    kept = service(name="CryptSvc", start="automatic", running=True)
    assert kept.guard(NOTHING, around(station)) is None


def test_a_delay_is_allowed_to_our_way_in_alone() -> None:
    assert service(name="BFE", start="automatic_delayed").guard(NOTHING, around()) is not None


@pytest.mark.parametrize("start", ["automatic", "automatic_delayed"])
def test_winrm_may_be_made_to_start_by_itself(start: str) -> None:
    assert service(name="WinRM", start=start, running=True).guard(NOTHING, around()) is None


def test_dhcp_may_stop_only_where_the_address_is_known_to_be_fixed() -> None:
    wanted = service(name="Dhcp", start="disabled", running=False)
    refusal = wanted.guard(NOTHING, around())
    assert refusal is not None and "fixed address under `network`" in refusal.next_step
    leased = around(observed={("network", ""): Observed({"dhcp": True}, {})})
    assert wanted.guard(NOTHING, leased) is not None
    fixed = around(observed={("network", ""): Observed({"dhcp": False}, {})})
    assert wanted.guard(NOTHING, fixed) is None


@pytest.mark.parametrize(("member", "refused"), [(True, True), (None, True), (False, False)])
def test_netlogon_is_needed_in_a_domain(member: bool | None, refused: bool) -> None:
    wanted = service(name="Netlogon", start="disabled")
    assert (wanted.guard(NOTHING, around(part_of_domain=member)) is not None) is refused


def test_the_time_service_is_not_declared_against_the_clock() -> None:
    ntp = Clock.model_validate({"ntp": ["ntp.example"]})
    for declared in ({"start": "manual"}, {"start": "automatic_delayed"}, {"running": False}):
        refusal = service(name="W32Time", **declared).guard(NOTHING, around(ntp))
        assert (
            refusal is not None and "clock.ntp" in refusal.what and "Leave w32time out" in refusal.next_step
        )
    assert service(name="W32Time", start="automatic", running=True).guard(NOTHING, around(ntp)) is None
    manual = Clock.model_validate({"manual": True})
    assert service(name="W32Time", start="manual").guard(NOTHING, around(manual)) is None


def test_the_update_service_is_not_disabled_under_a_policy_that_needs_it() -> None:
    wanted = service(name="wuauserv", start="disabled")
    policy = WindowsUpdate.model_validate({"install": "notify_before_install"})
    refusal = wanted.guard(NOTHING, around(policy))
    assert refusal is not None and "windows_update" in refusal.next_step
    off = WindowsUpdate.model_validate({"install": "disabled"})
    assert wanted.guard(NOTHING, around(off)) is None
    assert wanted.guard(NOTHING, around()) is None


@pytest.mark.parametrize(
    ("declared", "running", "risky"),
    [
        ({"running": False}, ("RecorderService",), True),
        ({"start": "manual"}, ("RecorderService",), True),
        ({"start": "automatic"}, ("RecorderService",), False),
        ({"running": False}, (), False),
        ({"running": False}, None, True),
    ],
)
def test_recording_stops_with_a_service_of_axis(
    declared: dict[str, Any], running: tuple[str, ...] | None, risky: bool
) -> None:
    wanted = service(name="RECORDERSERVICE", **declared)
    risks = wanted.risks_around(frozenset(declared), around(axis_services=running))
    assert risks == ((Risk.STOPS_RECORDING,) if risky else ())


def test_applied_from_any_state_it_is_as_declared() -> None:
    machine = factory_machine()
    for declared in (
        {"start": "disabled"},
        {"start": "automatic_delayed", "running": True},
        {"start": "disabled", "running": False},
        {"start": "manual", "running": True},
    ):
        wanted = service(name="spooler", **declared)
        apply(machine, wanted)
        assert drift(machine, wanted) == frozenset()
