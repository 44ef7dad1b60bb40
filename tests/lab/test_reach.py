"""Which address of a machine the controller reaches, by cable, subnet, router and duplicates."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.lab.machine import SimulatedMachine
from provisioner.lab.reach import reachable, segments

ON = segments(["192.0.2.21", "192.0.2.151", "recorder.harbour.example", None])
GOOD: dict[str, Any] = {
    "up": True,
    "addresses": [{"address": "192.0.2.21", "prefix": 24, "origin": "Manual", "state": "Preferred"}],
    "gateways": ["192.0.2.1"],
}


def _machine(**changes: Any) -> SimulatedMachine:
    return SimulatedMachine({"name": "a", "adapters": {"{1}": GOOD | changes}})


def _at(address: str, prefix: int, state: str = "Preferred") -> list[dict[str, Any]]:
    return [{"address": address, "prefix": prefix, "origin": "Manual", "state": state}]


def test_it_answers_where_cable_mask_and_router_fit() -> None:
    assert reachable(_machine(), ON) == "192.0.2.21"
    assert reachable(_machine(addresses=_at("192.0.2.21", 25)), ON) == "192.0.2.21"


@pytest.mark.parametrize(
    "changes",
    [
        {"up": False},
        {"addresses": []},
        {"gateways": []},
        {"gateways": ["192.0.2.99"]},
        {"addresses": _at("192.0.2.21", 30), "gateways": ["192.0.2.22"]},
        {"addresses": _at("192.0.2.21", 30)},
        {"addresses": _at("192.0.2.21", 4)},
        {"addresses": _at("192.0.2.21", 24, "Duplicate")},
        {"addresses": _at("203.0.113.21", 24), "gateways": ["203.0.113.1"]},
        {"addresses": _at("169.254.7.7", 16)},
    ],
)
def test_nobody_reaches_it_where_one_of_them_does_not(changes: dict[str, Any]) -> None:
    assert reachable(_machine(**changes), ON) is None


def test_a_name_lies_in_no_segment_and_a_site_of_names_takes_what_the_machine_has() -> None:
    assert [str(one) for one in ON] == ["192.0.2.0/24"]
    assert reachable(_machine(), segments(["recorder.harbour.example"])) == "192.0.2.21"
