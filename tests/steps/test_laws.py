"""Laws that hold for any two manifests."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from provisioner.steps.plan_value import Action
from tests.steps.site import declared, one
from tests.strategies import SETTINGS


@given(SETTINGS, SETTINGS)
def test_after_a_then_b_the_plan_of_b_is_empty(first: dict[str, Any], second: dict[str, Any]) -> None:
    site = one(first)
    for number, settings in enumerate((first, second)):
        site.desired["a"] = declared(settings)
        site.new_run(f"run-{number}")
        site.apply()
        site.new_run(f"check-{number}")
        assert [item for item in site.plan().items if item.action is not Action.KEEP] == []
    before = site.writes()
    site.new_run("again")
    assert site.apply() == []
    assert site.writes() == before


@given(SETTINGS)
def test_a_plan_is_the_same_on_two_fresh_machines(settings: dict[str, Any]) -> None:
    """Only the run object may tell two fresh labs of one site apart."""
    plans = [one(settings, seed).plan() for seed in ("one", "two")]
    assert plans[0].items == plans[1].items
    assert plans[0].summary == plans[1].summary
