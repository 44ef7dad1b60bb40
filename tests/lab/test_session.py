"""Who a script finds itself to be on a simulated machine: the account that is logged on."""

from __future__ import annotations

from provisioner.lab.stage import Hold, Stage, always_alive
from provisioner.resources import host
from tests.steps.site import factory_stage


def _sid_of(stage: Stage, name: str) -> str:
    accounts = stage.machine.get("accounts")
    assert isinstance(accounts, dict)
    return next(sid for sid, row in accounts.items() if isinstance(row, dict) and row["name"] == name)


def test_a_process_runs_as_the_account_that_is_logged_on() -> None:
    stage = factory_stage()
    for name in ("provision", "Operator"):
        read = stage.logged_on(name.upper()).run(f"{host.SCRIPT}.read", "read", {})
        assert read["account_sid"] == _sid_of(stage, name)
    assert stage.run(f"{host.SCRIPT}.read", "read", {})["account_sid"] is None


def test_a_hold_that_is_set_later_stops_a_process_that_runs_already() -> None:
    stage = factory_stage()
    view = stage.logged_on("provision")
    stage.hold = Hold("before", 1)
    stage.hold.released.set()
    view.at_step("before", 1, always_alive)
    assert stage.hold.reached.is_set()


def test_the_mutex_of_a_process_is_the_machine_s() -> None:
    stage = factory_stage()
    with stage.logged_on("provision").mutex:
        assert stage.holding
