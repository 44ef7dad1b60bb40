"""What is made of the reading of the machine itself; unknown stays apart from absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from provisioner.resources.base import Reply
from provisioner.resources.host import NETWORK_STATE_FILE, read_host
from provisioner.resources.host_facts import HostFacts
from provisioner.resources.host_simulated import simulate
from tests.resources.machine import MemoryMachine, factory_machine, finish

SESSION = {"sid": "S-1-5-21-1-2-3-1003", "elevated": True, "sixty_four_bit": True}
UNKNOWN = [
    "account_sid",
    "elevated",
    "write_filter",
    "write_filter_next",
    "part_of_domain",
    "domain",
    "manufacturer",
    "model",
    "serial",
    "bios_version",
    "bios_date",
    "windows",
    "edition",
    "build",
    "pending_restart",
    "logged_on",
    "axis_services",
    "network_change",
]


def _raw(machine: MemoryMachine) -> Mapping[str, Any]:
    return simulate(machine, "read", {}, SESSION)


def _facts(machine: MemoryMachine, **parts: Any) -> HostFacts:
    return finish(read_host(), Reply({**_raw(machine), **parts}))


def test_a_factory_new_terminal() -> None:
    facts = _facts(factory_machine())
    assert facts.model == "AXIS S9002 Mk II"
    assert facts.bios_date == "2021-03-04"
    assert facts.build == "19044.1288"
    assert (facts.part_of_domain, facts.domain) == (False, "")
    assert (facts.write_filter, facts.elevated, facts.sixty_four_bit) == (False, True, True)
    assert facts.account_sid == "S-1-5-21-1-2-3-1003"
    assert (facts.pending_restart, facts.logged_on, facts.network_change) == ((), "", {})
    assert facts.axis_services == ("AxisRecorderToolboxService",)


def test_a_part_that_could_not_be_read_is_unknown_and_never_absent() -> None:
    parts = ("system", "firmware", "windows", "write_filter", "account_sid", "elevated")
    lost = dict.fromkeys((*parts, "pending_restart", "axis_services", "network_change"))
    facts = _facts(factory_machine(), **lost)
    assert {name: getattr(facts, name) for name in UNKNOWN} == dict.fromkeys(UNKNOWN)


def test_the_domain_is_named_where_there_is_one() -> None:
    facts = _facts(factory_machine(domain="harbour.example", logged_on="Operator"))
    assert (facts.part_of_domain, facts.domain) == (True, "harbour.example")
    assert facts.logged_on == "AXIS-1\\Operator"


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("", {}),
        (" \r\n", {}),
        ('{"id": "n1", "state": "armed",\r\n"what": "x"}', {"id": "n1", "state": "armed", "what": "x"}),
        ('{"id": "n1", "sta', None),
        ("[]", None),
    ],
)
def test_a_torn_file_of_a_network_change_is_unknown(text: str, change: object) -> None:
    machine = factory_machine()
    machine.put("files", NETWORK_STATE_FILE, value={"text": text})
    assert _facts(machine).network_change == change


def test_reasons_to_restart_come_in_one_order() -> None:
    machine = factory_machine()
    waits = {**_raw(machine)["pending_restart"], "our_own": True, "windows_update": True}
    assert _facts(machine, pending_restart=waits).pending_restart == ("windows_update", "our_own")
