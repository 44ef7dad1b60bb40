"""Needs make waves over the site, and an order inside a host's batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from provisioner.errors import ManifestError
from provisioner.resources.base import Resource
from provisioner.steps.order import waves


class Thing(Resource):
    """A kind with a name and needs, as later kinds have."""

    kind: ClassVar = "thing"
    title: ClassVar = "Thing"
    examples: ClassVar[tuple[Mapping[str, Any], ...]] = ()

    name: str
    after: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.name

    @property
    def needs(self) -> tuple[str, ...]:
        return self.after


SITE = {
    "server": [
        Thing(name="device", after=("camera/thing/account",)),
        Thing(name="evidence", after=("server/thing/device",)),
    ],
    "camera": [Thing(name="account")],
    "terminal": [Thing(name="rule", after=("terminal/thing/group",)), Thing(name="group")],
}
ALL = [f"{host}/thing/{thing.name}" for host, things in SITE.items() for thing in things]


def test_a_need_on_another_host_starts_a_new_wave() -> None:
    first, second = waves(SITE, ALL)
    assert set(first) == {"camera/thing/account", "terminal/thing/rule", "terminal/thing/group"}
    assert second == ["server/thing/device", "server/thing/evidence"]


def test_a_need_on_the_same_host_orders_the_batch() -> None:
    (only,) = waves(SITE, ["terminal/thing/rule", "terminal/thing/group"])
    assert only == ["terminal/thing/group", "terminal/thing/rule"]


def test_a_need_that_is_done_already_costs_no_wave() -> None:
    assert waves(SITE, ["server/thing/device"]) == [["server/thing/device"]]


def test_a_circle_is_a_fault_of_the_manifest() -> None:
    site = {"a": [Thing(name="x", after=("b/thing/y",))], "b": [Thing(name="y", after=("a/thing/x",))]}
    with pytest.raises(ManifestError, match="circle"):
        waves(site, [])


def test_nothing_to_do_is_no_wave() -> None:
    assert waves(SITE, []) == []
