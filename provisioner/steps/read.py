"""Desired items in, live facts out. Threads per host live here and in `apply`, nowhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from provisioner.errors import HostError, ScriptError
from provisioner.resources import BY_NAME
from provisioner.resources.base import Asking, Observed, Resource, Surroundings
from provisioner.resources.conversation import AskingLine
from provisioner.resources.host import read_host
from provisioner.resources.host_facts import HostFacts, WayIn
from provisioner.steps.items import Desired, address, by_kind
from provisioner.steps.talk import Prove, Send, converse

PARALLEL = 32
"""Hosts read at once; a waiting host costs a thread, not a core."""


@dataclass(frozen=True)
class HostLive:
    """One host as it was read: its facts and every declared item, or why there are none."""

    facts: HostFacts | None
    observed: Mapping[str, Observed] = field(default_factory=dict)
    failed: Mapping[str, ScriptError] = field(default_factory=dict)
    """Kinds whose read failed on this host: their items are unknown, never absent."""
    error: HostError | ScriptError | None = None
    declared: tuple[Resource, ...] = field(default=(), compare=False)
    """What was asked for on this host."""
    way_in: WayIn | None = None
    heard_at: float = field(default_factory=time.monotonic, compare=False)

    def local_time(self) -> datetime | None:
        """The host's own wall clock now: as it was read, and what has passed since."""
        if self.facts is None:
            return None
        return self.facts.local_time + timedelta(seconds=time.monotonic() - self.heard_at)

    def around(self) -> Surroundings | None:
        """What a guard looks at; None where the host gave no facts."""
        if self.facts is None or self.way_in is None:
            return None
        by_key = {}
        for where, seen in self.observed.items():
            _, kind, *rest = where.split("/", 2)
            by_key[kind, rest[0] if rest else ""] = seen
        return Surroundings(self.facts, self.way_in, self.declared, by_key)


Live: TypeAlias = Mapping[str, HostLive]


def read(
    desired: Desired,
    lines: Mapping[str, AskingLine],
    heard: Callable[[str], None] = lambda _: None,
) -> Live:
    """Read all hosts at once, each in one conversation; `heard` is called with each host that is done.

    Never raises for a host: its error is in `Live`.
    """

    def one(name: str) -> HostLive:
        line = lines[name]
        live = read_host_live(name, desired[name], line, line.ask)
        heard(name)
        return live

    names = [name for name in desired if name in lines]
    with ThreadPoolExecutor(min(PARALLEL, max(len(names), 1))) as pool:
        return dict(zip(names, pool.map(one, names), strict=True))


def read_host_live(name: str, resources: Sequence[Resource], line: AskingLine, send: Send) -> HostLive:
    """One host in one round: what is declared there, and the machine itself. `send` carries the asks."""
    prove: Prove = line.prove
    try:
        found = _gather(name, converse(_talks(resources), send, prove))
    except HostError as error:
        return HostLive(None, error=error)
    return replace(found, declared=tuple(resources), way_in=line.way_in)


def _talks(resources: Sequence[Resource]) -> dict[str, Asking[Any]]:
    reads: dict[str, Asking[Any]] = {"": read_host()}
    for kind, items in by_kind(resources).items():
        reads[kind] = BY_NAME[kind].read(items)
    return reads


def _gather(name: str, results: Mapping[str, Any]) -> HostLive:
    host = results[""]
    if isinstance(host, ScriptError):
        return HostLive(None, error=host)
    kinds = {kind: result for kind, result in results.items() if kind}
    failed = {kind: result for kind, result in kinds.items() if isinstance(result, ScriptError)}
    observed = {
        address(name, kind, key): seen
        for kind, result in kinds.items()
        if kind not in failed
        for key, seen in result.items()
    }
    return HostLive(host, observed, failed)
