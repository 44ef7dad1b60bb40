"""The AXIS Camera Station client: versions, packages, and whom an installation would disturb."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from provisioner.lab.factory_programs import DELIVERED_CLIENT, PACKAGE
from provisioner.resources.base import Observed, Reason, Refusal, Risk, ScriptFailure, Surroundings
from provisioner.resources.camera_station import CameraStation, parsed
from provisioner.resources.camera_station_simulated import FOLDER, LOG, ROOTS, SERVER, TASK
from provisioner.resources.host import RESTART_MARKER
from provisioner.resources.host_facts import HostFacts, WayIn
from provisioner.steps.plan_value import Action
from tests.steps.site import PlayedSite, factory_stage

from .machine import MemoryMachine, apply, change_of, drift, factory_machine, observe

DECLARED: dict[str, Any] = dict(CameraStation.examples[0])
FACTS = HostFacts("guid", "AXIS-1", 1, datetime(2026, 11, 23), None, {})


def client(**changes: Any) -> CameraStation:
    return CameraStation.model_validate({**DECLARED, **changes})


def packaged(**changes: Any) -> dict[str, Any]:
    return {"package": {**DECLARED["package"], **changes}}


def installed(version: str | None, name: str = "AXIS Camera Station Pro Client") -> MemoryMachine:
    """A terminal with this client alone."""
    machine = factory_machine()
    for key in [key for key in machine.content["registry"] if key.startswith(ROOTS[0])]:
        machine.drop("registry", key)
    if version is not None:
        values = {"DisplayName": name, "DisplayVersion": version}
        row = {value: {"type": "String", "data": data} for value, data in values.items()}
        machine.put("registry", rf"{ROOTS[1]}\{{A}}", value=row)  # type: ignore[arg-type]
    machine.writes = 0
    return machine


def refused(machine: MemoryMachine, wanted: CameraStation) -> Refusal:
    refusal = wanted.refuse(observe(machine, wanted))
    assert refusal is not None
    return refusal


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"version": "6.18"}, "String should match"),
        ({"version": "6.18.27687.1"}, "String should match"),
        ({"product": "server"}, "Input should be 'client'"),
        (packaged(path=r"\\server\share\x.msi"), "String should match"),
        (packaged(path=r"D:\a\..\x.exe"), "String should match"),
        (packaged(path='D:\\x" TRANSFORMS=y.msi'), "String should match"),
        (packaged(path=r"D:\%TEMP%\x.msi"), "String should match"),
        (packaged(sha256="ab"), "String should match"),
        ({"package": {"path": PACKAGE, "sha256": "ab" * 32}}, "Field required"),
        ({"version": "6.18.27688"}, "the package is of version 6.18.27687, older than `version`"),
    ],
)
def test_a_slip_is_refused(declared: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        client(**declared)


def test_versions_are_numbers() -> None:
    assert parsed("6.9.1") < parsed("6.18.1")  # type: ignore[operator]
    assert parsed("6.18.27687.0") == (6, 18, 27687)
    assert parsed(None) is None and parsed("6.18") is None and parsed("6.18.x") is None
    assert client(version="6.018.00001").facts() == {"version": "6.18.1"}


def test_an_older_one_is_shown_as_it_is_and_upgraded() -> None:
    machine = factory_machine()
    assert observe(machine, client()).facts == {"version": DELIVERED_CLIENT}
    assert apply(machine, client()) == {"version"}
    live = observe(machine, client())
    assert (live.facts, live.notes) == ({"version": "6.18.27687"}, ())
    assert machine.get("files", FOLDER) is None
    assert machine.get("tasks", TASK) is None


@pytest.mark.parametrize("version", ["6.18.27687", "6.18.27688", "6.19.1.0", "7.0.0"])
def test_what_is_new_enough_is_in_sync_and_its_true_version_said(version: str) -> None:
    machine = installed(version)
    assert drift(machine, client()) == frozenset()
    notes = observe(machine, client()).notes
    assert notes == () if version == "6.18.27687" else version in notes[0]


def test_what_the_installer_is_told() -> None:
    wanted = client(**packaged(feedback=True, firewall_rules=True, desktop_shortcut=False))
    assert change_of(factory_machine(), wanted).arguments["properties"] == [
        "LAUNCHCLIENT=0",
        "FEEDBACKPERMISSION=1",
        "DISABLETLSPERMISSION=1",
        "FIREWALLPERMISSION=1",
        "INSTALLDESKTOPSHORTCUT=0",
    ]


def test_version_5_is_replaced_only_where_that_is_declared() -> None:
    wanted = CameraStation.model_validate(
        {name: value for name, value in DECLARED.items() if name != "replaces_camera_station_5"}
    )
    refusal = refused(factory_machine(), wanted)
    assert refusal.reason is Reason.GUARD
    assert "replaces_camera_station_5: true" in refusal.next_step
    assert wanted.refuse(observe(installed("6.1.1"), wanted)) is None
    assert wanted.refuse(observe(installed(None), wanted)) is None


def test_without_a_package_an_older_version_is_only_reported() -> None:
    wanted = CameraStation.model_validate({"version": "6.18.27687"})
    refusal = refused(installed("6.1.1"), wanted)
    assert "version 6.1.1 is installed" in refusal.what and "Declare `package`" in refusal.next_step
    assert "not installed" in refused(installed(None), wanted).what


def test_a_package_that_is_not_there_is_said_in_the_plan() -> None:
    machine = factory_machine()
    machine.drop("files", PACKAGE)
    refusal = refused(machine, client())
    assert PACKAGE in refusal.what and "Copy the installer" in refusal.next_step


def test_on_a_server_the_client_is_left_alone() -> None:
    machine = factory_machine()
    machine.put("registry", SERVER, value={})
    refusal = refused(machine, client())
    assert "server is installed" in refusal.what and "server's installer" in refusal.next_step


def test_with_the_windows_installer_disabled_nothing_is_begun() -> None:
    machine = factory_machine()
    machine.put("services", "msiserver", "start", value="disabled")
    refusal = refused(machine, client())
    assert "msiserver" in refusal.what and "`start: manual`" in refusal.next_step


def test_a_version_that_cannot_be_compared_is_not_overwritten() -> None:
    refusal = refused(installed("six"), client())
    assert "no version" in refusal.what and "See at the machine" in refusal.next_step


def test_another_program_of_the_name_is_not_taken_for_the_client() -> None:
    machine = installed("9.9.9", "AXIS Camera Station Secure Entry")
    live = observe(machine, client())
    assert live.facts == {"version": None}
    assert live.notes == ("not taken for the client: AXIS Camera Station Secure Entry",)


@pytest.mark.parametrize("user", ["AXIS-1\\Operator", None])
def test_nobody_is_disturbed_at_the_screen(user: str | None) -> None:
    way_in = WayIn(("192.0.2.21",), 5985, False, "provision")
    around = Surroundings(replace(FACTS, logged_on=user), way_in, (), {})
    refusal = client().guard(Observed({}, {}), around)
    assert refusal is not None and refusal.reason is Reason.GUARD
    assert "Sign out at the machine" in refusal.next_step
    assert client().guard(Observed({}, {}), replace(around, host=replace(FACTS, logged_on=""))) is None


def test_a_failed_installation_leaves_its_log_and_says_where() -> None:
    machine = factory_machine()
    machine.put("files", PACKAGE, "msi", "exit_code", value=1603)
    change = change_of(machine, client())
    with pytest.raises(ScriptFailure, match="ended with 1603"):
        CameraStation.simulate(machine, change.verb, copy.deepcopy(dict(change.arguments)))  # type: ignore[arg-type]
    assert machine.get("files", LOG) is not None
    assert FOLDER in observe(machine, client()).notes[0]
    machine.put("files", PACKAGE, "msi", "exit_code", value=0)
    apply(machine, client())
    assert machine.get("files", LOG) is None


def test_what_may_happen_is_said() -> None:
    assert client().risks(frozenset({"version"})) == (Risk.RESTART, Risk.STOPS_RECORDING)


@pytest.mark.parametrize(("code", "restarts"), [(0, False), (3010, True)])
def test_the_restart_that_it_asks_for_is_made_once_and_leaves_no_mark(code: int, restarts: bool) -> None:
    stage = factory_stage()
    stage.machine.set_by_hand("files", PACKAGE, "msi", "exit_code", value=code)
    site = PlayedSite({"a": [client()]}, {"a": stage})
    started = stage.machine.get("boot", "started_ms")
    site.apply(restart="never")
    item = site.plan().items[0]
    assert (item.action, item.restart) == (Action.KEEP, "pending" if restarts else "no")
    assert (stage.machine.get("registry", *RESTART_MARKER) is not None) is restarts
    site.new_run("run-2")
    site.apply(restart="now")
    assert (stage.machine.get("boot", "started_ms") != started) is restarts
    assert stage.machine.get("registry", *RESTART_MARKER) is None
    site.new_run("run-3")
    assert site.plan().items[0].restart == "no"
