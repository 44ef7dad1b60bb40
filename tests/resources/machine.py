"""A machine in memory and a small driver, so that kinds can be tried without engine, wire or lab."""

from __future__ import annotations

import copy
from collections.abc import Generator, Mapping
from hashlib import pbkdf2_hmac
from typing import Any, TypeVar

from pydantic import JsonValue

from provisioner.lab.factory import factory_new
from provisioner.links.wire import filled
from provisioner.resources import network_task_simulated
from provisioner.resources.base import Ask, Change, ClockOffset, Compare, Observed, Reply, Resource, Secret
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

    def start_task(self, name: str) -> None:
        """What a task does, `apply` lets it do."""

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
    return live.get(wanted.key) or Observed({}, {}, present=False)


def writing(wanted: Resource, live: Observed) -> Generator[Change, Reply, None]:
    """The talk with which the engine would write: create, update or delete."""
    if wanted.gone:
        return wanted.delete(live)
    return wanted.update(live) if live.present else wanted.create()


def change_of(machine: MemoryMachine, wanted: Resource) -> Change:
    """The one call of a write."""
    call = next(writing(wanted, observe(machine, wanted)))
    assert isinstance(call, Change)
    return call


def differs_from(wanted: Resource, live: Observed) -> frozenset[str]:
    """What the plan would find: fields, or that the whole thing is there or not."""
    if wanted.gone:
        return frozenset({"(present)"}) if live.present else frozenset()
    return differing(wanted.facts(), live.facts) | (frozenset() if live.present else {"(missing)"})


def drift(machine: MemoryMachine, wanted: Resource) -> frozenset[str]:
    """Top-level fields that are not as declared."""
    return differs_from(wanted, observe(machine, wanted))


def apply(machine: MemoryMachine, wanted: Resource) -> frozenset[str]:
    """Plan and apply one item as the engine would; the fields that differed."""
    live = observe(machine, wanted)
    changed = differs_from(wanted, live)
    if changed:
        assert wanted.refuse(live) is None
        change = change_of(machine, wanted)
        arguments = filled(change.arguments, lambda place: filling(place, machine.offset_ms))
        reply = type(wanted).simulate(machine, change.verb, arguments)
        finish(writing(wanted, live), Reply(reply))
        if wanted.transactional:
            network_task_simulated.apply_wanted(machine)
            type(wanted).simulate(machine, "confirm", arguments)
    return changed


def filling(place: Secret | ClockOffset, offset_ms: int) -> JsonValue:
    """What a link would put in, for tests: a password that tells its reference."""
    return offset_ms if isinstance(place, ClockOffset) else f"Secret.{place.name}.1"


def finish(talk: Generator[Any, Reply, T], reply: Reply) -> T:
    """Give a generator its one reply and take what it returns; a secret is compared as `filling` puts it."""
    next(talk)
    try:
        extra = talk.send(reply)
        while isinstance(extra, Compare):
            value = str(filling(extra.secret, 0)).encode()
            made = pbkdf2_hmac("sha256", value, bytes.fromhex(extra.salt), extra.iterations)
            extra = talk.send(Reply({"same": made.hex() == extra.digest.lower()}))
    except StopIteration as done:
        result: T = done.value
        return result
    raise AssertionError(f"a second call: {extra}")
