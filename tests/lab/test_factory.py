"""Factory-new terminals: alike to a plan, different machines."""

from __future__ import annotations

import json
import struct
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import pytest

from provisioner.lab.factory import factory_new
from provisioner.lab.time_zone_rules import zone_rule

NOW_MS = 1_795_000_000_000


def _fresh(name: str = "control-room-1", seed: str = "one") -> dict[str, Any]:
    return factory_new(
        name, seed=seed, computer_name="axis-1", accounts={"provision": "A" * 32}, now_ms=NOW_MS
    )


def _walk(value: Any) -> Any:
    yield value
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _walk(inner)


def test_the_same_seed_gives_the_same_machine() -> None:
    assert _fresh() == _fresh()
    assert json.loads(json.dumps(_fresh())) == _fresh()


def test_two_labs_and_two_hosts_have_different_identities() -> None:
    guid = (r"HKLM\SOFTWARE\Microsoft\Cryptography", "MachineGuid")
    machines = [_fresh(), _fresh(seed="two"), _fresh(name="control-room-2")]
    assert len({machine["registry"][guid[0]][guid[1]]["data"] for machine in machines}) == 3
    # Of SIDs only two hosts: two labs of a site show the same plan, and that names them.
    assert len({tuple(machine["accounts"]) for machine in machines}) == 2


def test_it_is_json_that_both_powershells_read_alike() -> None:
    for part in _walk(_fresh()):
        assert not isinstance(part, float)
        if isinstance(part, Mapping):
            assert "" not in part
            assert len({key.casefold() for key in part}) == len(part)


def test_who_may_log_on_is_an_administrator() -> None:
    machine = factory_new(
        "a",
        seed="s",
        computer_name="A",
        accounts={"provision": "A" * 32, "Administrator": "B" * 32},
        now_ms=NOW_MS,
    )
    may = {row["name"]: sid for sid, row in machine["accounts"].items() if row.get("password")}
    assert set(may) == {"provision", "Administrator"}
    assert may["Administrator"].endswith("-500")
    assert set(may.values()) <= set(machine["groups"]["S-1-5-32-544"]["members"])
    assert {row["name"] for row in machine["accounts"].values()} >= {"Guest", "AxisService", "Operator"}


@pytest.mark.parametrize(
    ("zone", "biases", "standard", "daylight"),
    [
        ("W. Europe Standard Time", (-60, 0, -60), (10, 0, 5, 3), (3, 0, 5, 2)),
        ("Pacific Standard Time", (480, 0, -60), (11, 0, 1, 2), (3, 0, 2, 2)),
        ("AUS Eastern Standard Time", (-600, 0, -60), (4, 0, 1, 3), (10, 0, 1, 2)),
        ("India Standard Time", (-330, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0)),
    ],
)
def test_zones_carry_the_rule_that_windows_keeps(
    zone: str, biases: tuple[int, ...], standard: tuple[int, ...], daylight: tuple[int, ...]
) -> None:
    """Month, weekday, which one (5 is the last), hour: as a Windows registry shows them."""
    rule = struct.unpack("<3i8h8h", b64decode(zone_rule(zone, 2026)))
    assert (rule[:3], rule[4:8], rule[12:16]) == (biases, standard, daylight)
