"""What was before a change comes back by a declaration, or is said to be lost."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from provisioner.resources.base import Facts, Resource
from provisioner.resources.comparing import differing
from provisioner.resources.taking_back import TakenBack, taking_back
from tests.resources.machine import MemoryMachine, apply, factory_machine, observe
from tests.steps.site import declared
from tests.strategies import SETTINGS


def _forth_and_back(machine: MemoryMachine, wanted: Resource) -> tuple[Facts, TakenBack, Facts]:
    """Facts before a change, its reverse, and the facts after both."""
    before = observe(machine, wanted)
    back = taking_back(wanted, before.facts, present=before.present)
    apply(machine, wanted)
    if back.declared is not None:
        apply(machine, back.declared)
    return before.facts, back, observe(machine, wanted).facts


@given(SETTINGS, SETTINGS)
def test_what_is_not_said_to_be_lost_comes_back(first: dict[str, Any], then: dict[str, Any]) -> None:
    machine = factory_machine()
    for resource in declared(first):
        apply(machine, resource)
    for wanted in declared(then):
        before, back, after = _forth_and_back(machine, wanted)
        lost = {row.field for row in back.lost}
        touched = {name: before[name] for name in wanted.facts() if name in before and name not in lost}
        assert differing(touched, after) == set(), (before, back, after)
