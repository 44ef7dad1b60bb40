"""Desired items in, live facts out. Threads per host live here and in `apply`, nowhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from provisioner.errors import HostError, ScriptError
from provisioner.resources import BY_NAME
from provisioner.resources.base import Ask, Observed, Reply, Resource
from provisioner.resources.conversation import AskingLine
from provisioner.resources.host import HostFacts, read_host
from provisioner.steps.items import Desired, address, by_kind
from provisioner.steps.talk import converse

PARALLEL = 32
"""Hosts read at once; a waiting host costs a thread, not a core."""

Send: TypeAlias = Callable[[Sequence[Ask]], Sequence[Reply | ScriptError]]


@dataclass(frozen=True)
class HostLive:
    """One host as it was read: its facts and every declared item, or why there are none."""

    facts: HostFacts | None
    observed: Mapping[str, Observed] = field(default_factory=dict)
    failed: Mapping[str, ScriptError] = field(default_factory=dict)
    """Kinds whose read failed on this host: their items are unknown, never absent."""
    error: HostError | ScriptError | None = None
    heard_at: float = field(default_factory=time.monotonic, compare=False)

    def local_time(self) -> datetime | None:
        """The host's own wall clock now: as it was read, and what has passed since."""
        if self.facts is None:
            return None
        return self.facts.local_time + timedelta(seconds=time.monotonic() - self.heard_at)


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
        live = read_host_live(name, desired[name], lines[name].ask)
        heard(name)
        return live

    names = [name for name in desired if name in lines]
    with ThreadPoolExecutor(min(PARALLEL, max(len(names), 1))) as pool:
        return dict(zip(names, pool.map(one, names), strict=True))


def read_host_live(name: str, resources: Sequence[Resource], send: Send) -> HostLive:
    """One host in one round: what is declared there, and the machine itself."""
    try:
        return _gather(name, converse(_talks(resources), send))
    except HostError as error:
        return HostLive(None, error=error)


def _talks(resources: Sequence[Resource]) -> dict[str, Generator[Ask, Reply, Any]]:
    reads: dict[str, Generator[Ask, Reply, Any]] = {"": read_host()}
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
