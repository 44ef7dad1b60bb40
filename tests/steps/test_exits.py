"""Which exit code wins, and what each kind of end counts as."""

from __future__ import annotations

import pytest

from provisioner.steps import exits
from provisioner.steps.events import Event, Happened
from tests.views.situations import CHANGED, KEPT, PENDING, PLANS, REFUSED, UNKNOWN, plan


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ((), 0),
        ((6, 2), 2),
        ((2, 3), 3),
        ((3, 5), 5),
        ((5, 1), 1),
        ((1, 4), 4),
        ((4, 130), 130),
        ((130, 64), 64),
        ((64, 70), 70),
    ],
)
def test_precedence(found: tuple[int, ...], code: int) -> None:
    assert exits.worst(found) == code


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ((KEPT,), exits.IN_SYNC),
        ((KEPT, CHANGED), exits.CHANGES),
        ((PENDING,), exits.REMAINS),
        ((PENDING, CHANGED), exits.CHANGES),
        ((UNKNOWN, CHANGED), exits.UNREACHABLE),
        ((REFUSED, UNKNOWN), exits.REFUSED),
    ],
)
def test_of_a_plan(items: tuple, code: int) -> None:  # type: ignore[type-arg]
    assert exits.of_plan(plan(*items)) == code


def test_a_host_that_cannot_be_reached_counts_without_any_item() -> None:
    assert exits.of_plan(PLANS["unreachable"]) == exits.UNREACHABLE
    assert exits.of_plan(PLANS["left_over"]) == exits.CHANGES


@pytest.mark.parametrize(
    ("happened", "code"),
    [
        (Happened.STEP_DONE, exits.IN_SYNC),
        (Happened.STEP_FAILED, exits.FAILED),
        (Happened.NOT_VERIFIED, exits.FAILED),
        (Happened.STEP_MOVED, exits.REFUSED),
        (Happened.HOST_REFUSED, exits.REFUSED),
        (Happened.HOST_FAILED, exits.FAILED),
        (Happened.RESTART_WAITS, exits.REMAINS),
        (Happened.CONNECTION_LOST, exits.IN_SYNC),
    ],
)
def test_of_an_apply(happened: Happened, code: int) -> None:
    assert exits.of_apply(plan(CHANGED), [Event(happened, "cr1")]) == code


def test_every_code_has_a_meaning() -> None:
    assert set(exits.MEANING) == set(exits.PRECEDENCE)
