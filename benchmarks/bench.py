"""Measures what we hold ourselves to, each beside a peer or a limit in the same run. Run by hand."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from provisioner.records.journal import Journal, new_run_id
from provisioner.resources import ALL
from provisioner.steps.apply import apply
from provisioner.steps.plan import plan_items
from provisioner.steps.restart import RestartPolicy
from tests.steps.site import PlayedSite, declared, factory_stage

SETTINGS = {
    kind.place(): [dict(kind.examples[0])] if kind.section else dict(kind.examples[0]) for kind in ALL
}
HOSTS = 5000 // len(SETTINGS)
OBJECTS = HOSTS * len(SETTINGS)


def seconds(act: Callable[[], Any]) -> float:
    """Wall seconds of one call."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def cpu_of(*command: str) -> float:
    """CPU seconds of a child, the median of five."""
    found = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *command], stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return sorted(found)[2]


def row(what: str, figure: float, bound: str, peer: str, limit: float) -> None:
    """One line of the table."""
    print(
        f"{what:<52} {figure:8.2f} s  bound {bound:<8} {peer:<34} {limit:8.3f} s  ratio {figure / limit:6.1f}"
    )


def site() -> PlayedSite:
    """Hosts with zero latency, all settings declared."""
    names = [f"host-{number}" for number in range(HOSTS)]
    return PlayedSite(
        {name: declared(SETTINGS) for name in names}, {name: factory_stage(name) for name in names}
    )


def bench_help() -> None:
    """Start-up."""
    row(
        "provisioner --help, CPU",
        cpu_of("-m", "provisioner", "--help"),
        "0.2",
        "python -c pass",
        cpu_of("-c", "pass"),
    )


def bench_apply(big: PlayedSite) -> None:
    """A fresh apply with the journal on disk, beside writing as many journal rows alone."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder), "bench", new_run_id(datetime.now(UTC)))
        live = big.read()
        plan = big.plan(live)
        policies = dict.fromkeys(big.desired, RestartPolicy("never"))
        events: list[Any] = []
        took = seconds(
            lambda: events.extend(
                apply(plan, big.desired, live, big.lines, journal.record, policies, Event())
            )
        )
        rows = len(journal.path.read_bytes().splitlines())
        alone = Journal(Path(folder), "alone", new_run_id(datetime.now(UTC)))
        limit = seconds(lambda: [alone.record({"happened": "step_done", "host": "a"}) for _ in range(rows)])
    row(f"apply of {OBJECTS} steps, journal fsynced", took, "10", f"{rows} journal rows alone", limit)


def bench_plan(big: PlayedSite) -> None:
    """Planning what is unchanged, compute only, beside plain comparison of the same facts."""
    big.new_run("again")
    live = big.read()
    facts = [(resource, resource.facts()) for resources in big.desired.values() for resource in resources]
    limit = seconds(lambda: [resource.facts() == declared for resource, declared in facts])
    row(
        f"plan of {OBJECTS} unchanged objects",
        seconds(lambda: plan_items(big.desired, live)),
        "1",
        "facts, compared by ==",
        limit,
    )
    tracemalloc.start()
    plan_items(big.desired, live)
    print(f"{'  its peak memory':<52} {tracemalloc.get_traced_memory()[1] / 1e6:8.1f} MB bound 140")
    tracemalloc.stop()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).parents[1]))
    bench_help()
    everything = site()
    bench_apply(everything)
    bench_plan(everything)
