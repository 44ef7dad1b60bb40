"""The script that a machine runs as its own, in a real engine: it leaves the machine that the lab plays."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from deepdiff import DeepDiff

from provisioner.resources import network_simulated as played
from provisioner.resources.adapters_simulated import INTERFACES
from provisioner.resources.base import Observed
from provisioner.resources.network import Network, task_script
from provisioner.resources.network_live import live_facts
from provisioner.resources.network_task_simulated import apply_wanted, take_back

from .engine import Engine, ask_request
from .fixtures import with_changes
from .machines import StillMachine, terminal

Make = Callable[[dict[str, Any]], None]
STATIC = {"address": "192.0.2.21/25", "gateway": "192.0.2.1", "dns": ["192.0.2.2", "192.0.2.3"]}
ALONE = {"address": "192.0.2.22/24", "gateway": "none", "dns": "automatic", "category": "public"}
LEASED = {"dhcp": True, "category": "private"}
NOBODY, STARTED = "nobody confirmed it in time", "the machine started again before anybody confirmed it"


def _adapter(machine: dict[str, Any]) -> dict[str, Any]:
    return next(iter(machine["adapters"].values()))


def _machine(*, static: bool, **changes: Any) -> StillMachine:
    machine = StillMachine(copy.deepcopy(terminal()))
    if static:
        _armed(machine, {"address": "192.0.2.151/24", "gateway": "192.0.2.1", "dns": ["192.0.2.9"]})
        apply_wanted(machine)
        Network.simulate(machine, "confirm", {"id": played.state_of(machine)["id"]})
    guid = next(iter(machine.content()["adapters"]))
    for name, value in changes.items():
        machine.put("adapters", guid, name, value=value)
    return machine


def _armed(machine: StillMachine, declared: dict[str, Any]) -> None:
    wanted = Network.model_validate(declared)
    raw = played.read(machine, {"by": "up", "value": None})
    change = next(wanted.update(Observed(live_facts(raw), raw)))
    before = {**dict(change.arguments["before"]), "id": "abc"}  # type: ignore[call-overload]
    Network.simulate(machine, "change", {**change.arguments, "id": "abc", "before": before})  # type: ignore[dict-item]


def _run(engine: Engine, machine: StillMachine, act: str) -> dict[str, Any]:
    """The machine after the script has run on a copy of it."""
    text = f"param($Arguments)\n& {{\n{task_script()}}} -Act '{act}'\n[ordered]@{{ ended = $true }}\n"
    said = engine.run(
        machine.content(), ask_request([{"script": "task", "arguments": {}}], {"task.read": text})
    )
    assert said.end["replies"] == [{"ok": True, "value": {"ended": True}}], said.errors
    return with_changes(machine.content(), said.changes)


CHANGES = {
    "to static": (False, STATIC, {}),
    "to another static": (True, STATIC, {}),
    "without router, public": (True, ALONE, {}),
    "to dhcp": (True, LEASED, {}),
    "name servers alone": (True, {"dns": ["192.0.2.77"]}, {}),
    "address in use": (False, STATIC, {"taken": ["192.0.2.21"]}),
    "no dhcp server": (True, LEASED, {"offer": None}),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_change_is_made_or_taken_back_at_once(engine: Engine, case: str) -> None:
    static, declared, changes = CHANGES[case]
    machine = _machine(static=static, **changes)
    _armed(machine, declared)
    after = _run(engine, machine, "change")
    apply_wanted(machine)
    assert DeepDiff(after, machine.content()) == {}
    expected = "reverted" if case in ("address in use", "no dhcp server") else "changed"
    assert played.state_of(machine)["state"] == expected


@pytest.mark.parametrize(("act", "why"), [("revert", NOBODY), ("startup", STARTED)])
@pytest.mark.parametrize("static", [False, True])
def test_what_nobody_confirms_is_taken_back(engine: Engine, act: str, why: str, static: bool) -> None:
    before = _machine(static=static)
    machine = StillMachine(before.content())
    _armed(machine, STATIC)
    apply_wanted(machine)
    assert machine.content()["adapters"] != before.content()["adapters"]
    after = _run(engine, machine, act)
    take_back(machine, why)
    assert DeepDiff(after, machine.content()) == {}
    assert after["adapters"] == before.content()["adapters"]
    assert after["tasks"] == before.content()["tasks"]
    assert played.state_of(machine) == {"id": "abc", "state": "reverted", "what": why}


@pytest.mark.parametrize(("act", "why"), [("revert", NOBODY), ("startup", STARTED)])
def test_a_restoring_that_was_cut_short_is_finished(engine: Engine, act: str, why: str) -> None:
    """By the other task, or at the next start."""
    machine = _machine(static=False)
    _armed(machine, STATIC)
    apply_wanted(machine)
    machine.put("files", played.REVERTING, value=machine.get("files", played.BEFORE))
    machine.drop("files", played.BEFORE)
    after = _run(engine, machine, act)
    take_back(machine, why)
    assert DeepDiff(after, machine.content()) == {}
    assert _adapter(after)["dhcp"] is True


@pytest.mark.parametrize("act", ["revert", "startup"])
def test_what_is_confirmed_stays_and_its_rest_is_cleared_away(engine: Engine, act: str) -> None:
    """Whoever confirmed it died before the tasks and files were gone."""
    machine = _machine(static=False)
    _armed(machine, STATIC)
    apply_wanted(machine)
    machine.put("files", played.CONFIRMED, value=machine.get("files", played.BEFORE))
    machine.drop("files", played.BEFORE)
    confirmed = machine.content()
    after = _run(engine, machine, act)
    take_back(machine, NOBODY)
    assert DeepDiff(after, machine.content()) == {}
    assert after["adapters"] == confirmed["adapters"]
    assert [path for path in after["files"] if "network" in path.casefold()] == []


def test_what_was_not_changed_is_not_written_back(engine: Engine) -> None:
    """A second address would be lost with it."""
    machine = _machine(static=True)
    guid = next(iter(machine.content()["adapters"]))
    rows: Any = machine.get("adapters", guid, "addresses")
    second = rows[0] | {"address": "192.0.2.99"}
    machine.put("adapters", guid, "addresses", value=[*rows, second])
    _armed(machine, {"dns": ["192.0.2.77"]})
    apply_wanted(machine)
    after = _run(engine, machine, "revert")
    take_back(machine, NOBODY)
    assert DeepDiff(after, machine.content()) == {}
    assert _adapter(after)["addresses"] == [*rows, second]


def test_what_cannot_be_restored_is_tried_again_at_the_next_start(engine: Engine) -> None:
    machine = _machine(static=False)
    _armed(machine, STATIC)
    apply_wanted(machine)
    adapters = machine.get("adapters")
    machine.put("adapters", value={})
    after = _run(engine, machine, "revert")
    take_back(machine, NOBODY)
    assert DeepDiff(after["files"], machine.get("files")) == {}
    assert played.state_of(machine)["state"] == "failed"
    assert played.STARTUP_TASK in after["tasks"]
    machine.put("adapters", value=adapters)
    after = _run(engine, machine, "startup")
    take_back(machine, STARTED)
    assert DeepDiff(after, machine.content()) == {}
    assert _adapter(after)["dhcp"] is True
    assert played.state_of(machine)["state"] == "reverted"


@pytest.mark.parametrize("act", ["revert", "startup"])
def test_files_that_a_power_cut_has_damaged_stop_nothing(engine: Engine, act: str) -> None:
    machine = _machine(static=False)
    _armed(machine, STATIC)
    apply_wanted(machine)
    for name in (played.WANTED, played.STATE):
        machine.put("files", name, "text", value="\x00\x00{")
    after = _run(engine, machine, act)
    assert _adapter(after)["dhcp"] is True
    assert [name for name in after["tasks"] if "provisioner" in name] == []


def test_a_pulled_cable_leaves_no_flag_that_keeps_dhcp_off(engine: Engine) -> None:
    machine = _machine(static=True)
    guid = next(iter(machine.content()["adapters"]))
    flag = {"type": "DWord", "data": 1}
    machine.put("registry", rf"{INTERFACES}\{guid}", "DisableDhcpOnConnect", value=flag)
    _armed(machine, LEASED)
    after = _run(engine, machine, "change")
    apply_wanted(machine)
    assert DeepDiff(after, machine.content()) == {}
    assert _adapter(after)["dhcp"] is True
