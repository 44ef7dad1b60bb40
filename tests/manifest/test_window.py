"""Maintenance windows in the host's local time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from provisioner.manifest.window import MaintenanceWindow

SATURDAY = datetime(2026, 8, 1)


def window(start: str, end: str, *days: str) -> MaintenanceWindow:
    declared: dict[str, Any] = {"from": start, "to": end} | ({"days": [*days]} if days else {})
    return MaintenanceWindow.model_validate(declared)


@pytest.mark.parametrize(
    ("hours", "inside"), [(1.99, False), (2, True), (4.99, True), (5, False), (24 + 3, True), (48 + 3, False)]
)
def test_in_the_night_of_two_days(hours: float, inside: bool) -> None:
    weekend = window("02:00", "05:00", "saturday", "sunday")
    assert weekend.contains(SATURDAY + timedelta(hours=hours)) is inside


@pytest.mark.parametrize(
    ("hours", "inside"), [(1, False), (22.9, False), (23, True), (24 + 0.9, True), (24 + 1, False)]
)
def test_over_midnight_it_belongs_to_the_day_it_starts_on(hours: float, inside: bool) -> None:
    assert window("23:00", "01:00", "saturday").contains(SATURDAY + timedelta(hours=hours)) is inside


def test_next_start() -> None:
    night = window("23:00", "01:00", "saturday")
    start = SATURDAY + timedelta(hours=23)
    assert night.next_start(SATURDAY) == night.next_start(start) == start
    assert night.next_start(start + timedelta(seconds=1)) == start + timedelta(days=7)
    assert window("02:00", "03:00").next_start(SATURDAY + timedelta(hours=3)) == SATURDAY + timedelta(
        hours=26
    )


times = st.times().map(lambda time: f"{time:%H:%M}")
days = st.lists(st.sampled_from(["monday", "wednesday", "sunday"]), min_size=1, unique=True)


@given(start=times, end=times, days=days, local=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))
def test_a_window_is_open_from_its_next_start(start: str, end: str, days: list[str], local: datetime) -> None:
    assume(start != end)
    some = window(start, end, *days)
    opens = some.next_start(local)
    assert local <= opens <= local + timedelta(days=7) and some.contains(opens)
    if not some.contains(local):
        assert not some.contains(local + (opens - local) / 2)
