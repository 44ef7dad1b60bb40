"""A machine in memory and a small driver, so that kinds can be tried without engine, wire or lab."""

from __future__ import annotations

import copy
from collections.abc import Generator, Mapping
from typing import Any, TypeVar

from pydantic import JsonValue

from provisioner.lab.factory import factory_new
from provisioner.resources.base import Ask, Change, ClockOffset, Observed, Reply, Resource
from provisioner.resources.comparing import differing

NOW_MS = 1_795_000_000_000
"""2026-11-18, winter in the northern half."""
T = TypeVar("T")


class MemoryMachine:
    """`Machine` on a dict; keys compare without case. `writes` counts puts and drops."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.content = copy.deepcopy(dict(content))
        self.writes = 0

    def get(self, *place: str) -> JsonValue:
        here: Any = self.content
        for key in place:
            here = here.get(_stored(here, key)) if isinstance(here, dict) else None
        found: JsonValue = copy.deepcopy(here)
        return found

    def put(self, *place: str, value: JsonValue) -> None:
        self.writes += 1
        here = self._parent(place)
        here[_stored(here, place[-1])] = copy.deepcopy(value)

    def drop(self, *place: str) -> None:
        self.writes += 1
        here = self._parent(place)
        here.pop(_stored(here, place[-1]), None)

    def now_ms(self) -> int:
        return NOW_MS + self.offset_ms

    def restart(self, delay_seconds: int) -> None:
        raise AssertionError("no kind restarts by itself")

    @property
    def offset_ms(self) -> int:
        return int(self.content["clock"]["offset_ms"])

    def _parent(self, place: tuple[str, ...]) -> dict[str, Any]:
        here: dict[str, Any] = self.content
        for key in place[:-1]:
            here = here.setdefault(_stored(here, key), {})
        return here


def _stored(here: dict[str, Any], key: str) -> str:
    return next((name for name in here if name.casefold() == key.casefold()), key)


def factory_machine(**changes: Any) -> MemoryMachine:
    """A factory-new terminal, with whole places of it replaced."""
    accounts = {"provision": "0" * 32}
    fresh = factory_new(
        "control-room-1", seed="test", computer_name="AXIS-1", accounts=accounts, now_ms=NOW_MS
    )
    return MemoryMachine(fresh | changes)


def ask_of(wanted: Resource) -> Ask:
    """The one call of a read."""
    call = next(type(wanted).read([wanted]))
    assert isinstance(call, Ask)
    return call


def observe(machine: MemoryMachine, wanted: Resource) -> Observed:
    """Read one item, with the clock measured."""
    reply = type(wanted).simulate(machine, "read", ask_of(wanted).arguments)
    return observed_from(wanted, reply, machine.offset_ms)


def observed_from(wanted: Resource, raw: Mapping[str, Any], offset_ms: int | None = 0) -> Observed:
    """What a read makes of a raw reply."""
    live = finish(type(wanted).read([wanted]), Reply(raw, offset_ms))
    return live[wanted.key]


def change_of(machine: MemoryMachine, wanted: Resource) -> Change:
    """The one call of an update."""
    call = next(wanted.update(observe(machine, wanted)))
    assert isinstance(call, Change)
    return call


def drift(machine: MemoryMachine, wanted: Resource) -> frozenset[str]:
    """Top-level fields that are not as declared."""
    return differing(wanted.facts(), observe(machine, wanted).facts)


def apply(machine: MemoryMachine, wanted: Resource) -> frozenset[str]:
    """Plan and apply one item as the engine would; the fields that differed."""
    live = observe(machine, wanted)
    changed = differing(wanted.facts(), live.facts)
    if changed:
        assert wanted.refuse(live) is None
        change = change_of(machine, wanted)
        arguments = {
            name: machine.offset_ms if isinstance(value, ClockOffset) else value
            for name, value in change.arguments.items()
        }
        reply = type(wanted).simulate(machine, change.verb, arguments)  # type: ignore[arg-type]
        finish(wanted.update(live), Reply(reply))
    return changed


def finish(talk: Generator[Any, Reply, T], reply: Reply) -> T:
    """Give a generator its one reply and take what it returns."""
    next(talk)
    try:
        extra = talk.send(reply)
    except StopIteration as done:
        result: T = done.value
        return result
    raise AssertionError(f"a second call: {extra}")
