"""A password that is set on a simulated machine opens its door, and is kept as Windows keeps one."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from winrm.exceptions import InvalidCredentialsError, WSManFaultError

from provisioner.lab.factory import factory_new
from provisioner.lab.handle import LabHandle
from provisioner.lab.logon import LogonRefused, basic_user
from provisioner.lab.machine import SimulatedMachine
from provisioner.lab.nt_hash import nt_hash
from provisioner.resources.local_user import LocalUser
from tests.lab.clients import protocol
from tests.resources.machine import NOW_MS, apply

ONE = "control-room-1"
SECRET = {"env": "OPERATOR_PASSWORD"}
SET = "Secret.OPERATOR_PASSWORD.1"
"""What the reference is followed to here."""


class Machine(SimulatedMachine):
    """Factory-new, with a clock that stands still."""

    offset_ms = 0

    def __init__(self) -> None:
        super().__init__(factory_new("a", seed="s", computer_name="A", accounts={}, now_ms=NOW_MS))


def _logged_on(machine: SimulatedMachine, name: str, password: str) -> str:
    return basic_user(machine, base64.b64encode(f"{name}:{password}".encode()).decode())


def _row(machine: SimulatedMachine, name: str) -> dict[str, Any]:
    rows: Any = machine.get("accounts")
    return next(row for row in rows.values() if row["name"] == name)


@pytest.mark.parametrize("name", ["Operator", "J\u00f6rg \u00d6st"])
def test_a_password_that_was_set_opens_the_door(name: str) -> None:
    machine: Any = Machine()
    wanted = LocalUser.model_validate({"name": name, "password": SECRET})
    apply(machine, wanted)
    assert _row(machine, name)["password"] == nt_hash(SET)
    assert _logged_on(machine, name, SET) == name
    with pytest.raises(LogonRefused):
        _logged_on(machine, name, "another")
    apply(machine, LocalUser.model_validate({"name": name, "enabled": False}))
    with pytest.raises(LogonRefused):
        _logged_on(machine, name, SET)


def test_a_password_is_kept_nowhere_as_it_is() -> None:
    machine: Any = Machine()
    apply(machine, LocalUser.model_validate({"name": "New", "password": SECRET, "administrator": True}))
    assert SET not in str(machine.content())


def test_the_door_takes_it_over_ntlm(lab: LabHandle) -> None:
    accounts: Any = lab.machine(ONE)["accounts"]
    sid = next(sid for sid, row in accounts.items() if row["name"] == "Operator")
    with pytest.raises(InvalidCredentialsError):
        protocol(lab, ONE, username="Operator", password=SET).open_shell()
    lab.set_place(ONE, f"accounts/{sid}/password", {"plain": SET})
    with pytest.raises(WSManFaultError) as refused:
        protocol(lab, ONE, username="Operator", password=SET).open_shell()
    assert refused.value.wsman_fault_code == 5  # Let in, and no administrator.
