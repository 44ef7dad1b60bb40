"""A new name must not cost the way in."""

from __future__ import annotations

from dataclasses import replace

from provisioner.resources.base import Reason
from provisioner.resources.computer_name import ComputerName

from .machine import factory_machine, observe
from .surroundings import WAY_IN, around

NEW = ComputerName(name="HARBOUR-CR1")
"""The machine is AXIS-1."""


def test_it_must_be_found_under_its_new_name() -> None:
    live = observe(factory_machine(), NEW)
    found = NEW.guard(live, around(way_in=replace(WAY_IN, addresses=("axis-1.harbour.example",))))
    assert found is not None
    assert found.reason is Reason.GUARD
    assert "the name that it gives up" in found.what
    assert "`first_address`" in found.next_step


def test_its_certificate_must_still_be_good() -> None:
    live = observe(factory_machine(), NEW)
    way_in = replace(WAY_IN, addresses=("harbour-cr1.harbour.example", "axis-1.harbour.example"), https=True)
    found = NEW.guard(live, around(way_in=way_in))
    assert found is not None
    assert "made before it had that name" in found.what
    assert "`certificate_sha256`" in found.next_step
    assert NEW.guard(live, around(way_in=replace(way_in, pinned=True))) is None


def test_an_address_does_not_change_with_the_name() -> None:
    live = observe(factory_machine(), NEW)
    assert NEW.guard(live, around(way_in=replace(WAY_IN, https=True))) is None
