"""Plan in, a stream of events out. The only step that changes the world.

Waves over the site; in a wave one batch per host, hosts side by side. After a batch everything touched is
read back, and only what then is as declared counts as verified.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from queue import Empty, Queue
from threading import Event as Flag

from provisioner.errors import InterruptedRun
from provisioner.resources import BY_NAME
from provisioner.resources.base import Facts
from provisioner.resources.conversation import ChangingLine
from provisioner.steps.events import Event, Record
from provisioner.steps.host_apply import HostApply
from provisioner.steps.items import Desired, by_address
from provisioner.steps.order import waves
from provisioner.steps.pace import Pace, real
from provisioner.steps.plan_value import WRITING, Action, Item, Plan
from provisioner.steps.read import PARALLEL, Live
from provisioner.steps.restart import RestartPolicy, restart_host
from provisioner.steps.reverse import before_rows
from provisioner.steps.wave import run_turn


def apply(
    plan: Plan,
    desired: Desired,
    live: Live,
    lines: Mapping[str, ChangingLine],
    record: Record,
    restarts: Mapping[str, RestartPolicy],
    stop: Flag,
    taken_back: Mapping[str, Facts] | None = None,
    pace: Callable[[str], Pace] = real,
) -> Iterator[Event]:
    """Do what the plan says. `live` is the reading that the plan rests on.

    Before anything leaves, the facts of all that will be touched are recorded: a rollback goes back to
    them. A run that is one says by address from what it takes back.

    `pace` is a host's time. When `stop` is set, batches that are already on their way are finished and read
    back, and no other is sent. Raises `InterruptedRun` at the end of such a run.
    """
    items = plan.by_host()
    hosts = {
        name: HostApply(
            name,
            plan.run,
            items[name],
            desired[name],
            live[name],
            facts,
            lines[name],
            record,
            stop,
            taken_back,
            pace(name),
        )
        for name in lines
        if name in live and (facts := live[name].facts) is not None
    }
    _mark_undone(plan, hosts)
    for row in before_rows(plan, desired, live, hosts):
        record(row)
    for wave in _by_host(plan, desired, hosts):
        jobs = [partial(run_turn, host, addresses) for host, addresses in wave]
        yield from _side_by_side(jobs, stop)
        _skip_dependants(hosts, wave)
    endings = [partial(restart_host, host, restarts[host.name]) for host in hosts.values() if not host.broken]
    if not stop.is_set():
        yield from _side_by_side(endings, stop)
    if stop.is_set():
        raise InterruptedRun("interrupted; what was sent before has been finished and recorded")


def _by_host(
    plan: Plan, desired: Desired, hosts: Mapping[str, HostApply]
) -> Iterator[list[tuple[HostApply, list[str]]]]:
    """Wave by wave the addresses per host. A host with nothing but a left-over run file gets its turn."""
    wanted = [item.address for item in plan.items if item.action in WRITING and item.host in hosts]
    left_over = {host.name for host in plan.hosts if host.leaves_something and host.name in hosts}
    owner = {where: host for where, (host, _) in by_address(desired).items()}
    removed = {item.address for item in plan.items if item.action is Action.DELETE}
    moving = {item.host: item.address for item in plan.items if item.address in wanted and _moves(item)}
    last = set(moving.values())
    found = waves(desired, [where for where in wanted if where not in last]) or [[]]
    for number, addresses in enumerate(found):
        groups: dict[str, list[str]] = {name: [] for name in left_over}
        left_over = set()
        for where in addresses:
            groups.setdefault(owner[where], []).append(where)
        later = {owner[where] for rest in found[number + 1 :] for where in rest}
        # Last on its host, since its connection ends with it.
        for host in moving.keys() - later:
            groups.setdefault(host, []).append(moving.pop(host))
        ordered = {name: _in_turn(group, removed, last) for name, group in groups.items()}
        yield [(hosts[name], group) for name, group in ordered.items() if not hosts[name].broken]


def _moves(item: Item) -> bool:
    return BY_NAME[item.kind].transactional


def _in_turn(addresses: list[str], removed: set[str], last: set[str]) -> list[str]:
    """What is removed goes after all else, and backwards: nothing is taken from under what rests on it.

    Only a change of the network goes after that.
    """
    kept = [where for where in addresses if where not in removed | last]
    at_end = [where for where in addresses if where in last]
    return kept + [where for where in reversed(addresses) if where in removed] + at_end


def _mark_undone(plan: Plan, hosts: Mapping[str, HostApply]) -> None:
    """What this run cannot make so: refused and unknown items, and all of the hosts that get nothing."""
    good = {Action.KEEP, *WRITING}
    undone = {item.address for item in plan.items if item.action not in good or item.host not in hosts}
    for host in hosts.values():
        host.undone_elsewhere |= undone


def _skip_dependants(hosts: Mapping[str, HostApply], wave: Sequence[tuple[HostApply, list[str]]]) -> None:
    """What was not done on one host is not done for the items of others that need it."""
    undone = {where for host, _ in wave for where in host.undone}
    for host in hosts.values():
        host.undone_elsewhere |= undone


def _side_by_side(jobs: Sequence[partial[Iterator[Event]]], stop: Flag) -> Iterator[Event]:
    """Run generators in threads and give their events as they come. Starts nothing once `stop` is set."""
    queue: Queue[Event | BaseException | None] = Queue()

    def drain(job: partial[Iterator[Event]]) -> None:
        try:
            if not stop.is_set():
                for event in job():
                    queue.put(event)
            queue.put(None)
        except BaseException as error:
            queue.put(error)

    if not jobs:
        return
    with ThreadPoolExecutor(min(PARALLEL, len(jobs))) as pool:
        for job in jobs:
            pool.submit(drain, job)
        yield from _until_all_ended(queue, len(jobs))


def _until_all_ended(queue: Queue[Event | BaseException | None], running: int) -> Iterator[Event]:
    while running:
        try:
            # With a timeout, since a blocking get cannot be interrupted on Windows.
            heard = queue.get(timeout=0.2)
        except Empty:
            continue
        if isinstance(heard, BaseException):
            raise heard
        if heard is None:
            running -= 1
        else:
            yield heard
