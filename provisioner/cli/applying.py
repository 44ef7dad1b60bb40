"""The verbs `apply` and `rollback`: from a site, a saved plan or a past run to events, with the journal and
one question."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from threading import Event as Flag
from types import FrameType
from typing import Any

import typer
from pydantic import ValidationError

from provisioner.cli.contact import Options, changing_lines, hanging_up, wire
from provisioner.cli.flags import Restart
from provisioner.cli.output import complain
from provisioner.cli.rolling_back import look_back, what_to_take_back
from provisioner.cli.session import Look, look_at, read_and_plan
from provisioner.errors import InterruptedRun, ProvisionerError, UsageError
from provisioner.links.windows import ChangingWindowsLine
from provisioner.manifest.site import Host
from provisioner.records.journal import Journal
from provisioner.records.paths import state_folder
from provisioner.records.plans import load_plan
from provisioner.steps import exits
from provisioner.steps.apply import apply
from provisioner.steps.events import Event
from provisioner.steps.host_words import interrupted
from provisioner.steps.plan_value import WRITING, Plan, Wire
from provisioner.steps.read import Live
from provisioner.steps.restart import RestartPolicy, still_waiting
from provisioner.steps.reverse import other_machines
from provisioner.steps.saved import check_file, check_manifest, renewed, stale_hosts
from provisioner.views.words import plain


@dataclass(frozen=True)
class Show:
    """What an apply shows, as functions, so that it formats nothing itself."""

    plan: Callable[[Plan], None]
    event: Callable[[Event], None]


@dataclass(frozen=True)
class Ended:
    """How an apply ended."""

    code: int
    run: str
    wire: Mapping[str, Wire]
    journal: Path | None
    events: tuple[Event, ...]


def apply_target(target: Path, options: Options, *, yes: bool, restart: Restart, show: Show) -> Ended:
    """Plan and apply a site, or apply a saved plan. Asks once, unless `yes` or the plan is a saved one."""
    saved = _saved(target)
    if saved is not None:
        return _apply(_look_as_planned(saved, options), options, True, restart, show, saved)
    _check_asking(yes, "apply", "Give --yes, or save the plan with `plan --out FILE` and run `apply FILE`.")
    return _apply(look_at(target, options), options, yes, restart, show)


def roll_back(run: str, options: Options, *, yes: bool, restart: Restart, show: Show) -> Ended:
    """Plan and apply what was there before a run, as a run of its own. Asks once, unless `yes`."""
    _check_asking(yes, "rollback", "Give --yes.")
    back, began = what_to_take_back(run, options)
    if not back.machines:
        complain(f"run {back.run} wrote nothing; there is nothing to take back\n")
        return Ended(exits.IN_SYNC, back.run, {}, None, ())
    return _apply(look_back(back, began, options), options, yes, restart, show)


def _check_asking(yes: bool, verb: str, next_step: str) -> None:
    if not yes and not (sys.stdin and sys.stdin.isatty()):
        raise UsageError("there is nobody to ask here", where=verb, next_step=next_step)


def _apply(
    look: Look, options: Options, yes: bool, restart: Restart, show: Show, saved: Plan | None = None
) -> Ended:
    lines = changing_lines(look.hosts, look.reach, look.run)
    with hanging_up(lines):
        live, fresh = read_and_plan(look, lines)
        plan = fresh if saved is None else renewed(saved, fresh, live, fresh.run)
        stale = _refused_hosts(look, saved, live)
        show.plan(plan)
        nothing = not plan.writes and not _restarting(plan, restart)
        if nothing:
            waiting = _still_waiting(plan, live, _policies(look, restart))
            for event in waiting:
                show.event(event)
            return Ended(exits.of_plan(plan), look.run, wire(lines), None, waiting)
        if not yes and not _agreed(plan, live, restart, lines):
            complain("nothing was written\n")
            return Ended(exits.of_plan(plan), look.run, wire(lines), None, ())
        with _first_ctrl_c() as stop:
            ended = _run(look, plan, live, lines, options, restart, show, stop, stale)
    return replace(ended, wire=wire(lines))


def _refused_hosts(look: Look, saved: Plan | None, live: Live) -> list[Event]:
    """Hosts that are not what a saved plan or a past run rests on."""
    if saved is not None:
        return list(stale_hosts(saved, look.desired, live))
    return list(other_machines(look.back, live)) if look.back is not None else []


def _restarting(plan: Plan, restart: Restart) -> set[str]:
    """Hosts on which something waits, or will wait, for a restart that is not switched off."""
    if restart is Restart.NEVER:
        return set()
    return {item.host for item in plan.items if item.restart != "no"}


def _still_waiting(plan: Plan, live: Live, policies: Mapping[str, RestartPolicy]) -> tuple[Event, ...]:
    """One line a host on which only a restart is left, and that may not be now."""
    hosts = plan.by_host()
    events = (still_waiting(hosts[name], live[name], policies[name]) for name in live)
    return tuple(event for event in events if event is not None)


def _look_as_planned(saved: Plan, options: Options) -> Look:
    """The site that was planned, and of it the hosts that were; refused where either is another now."""
    check_file(saved, in_lab=options.in_lab)
    path = Path(saved.site.path)
    if not path.exists():
        raise UsageError(
            f"the plan was made from {saved.site.path}, and that is not here",
            next_step="Run it from the folder in which it was made.",
        )
    look = look_at(path, replace(options, only=options.only or tuple(host.name for host in saved.hosts)))
    check_manifest(saved, look.site.digest)
    return look


def _saved(target: Path) -> Plan | None:
    """A saved plan, or None where the target is a site's folder or manifest."""
    if target.is_dir() or target.suffix.lower() in (".yaml", ".yml") or not target.exists():
        return None
    try:
        return Plan.model_validate(load_plan(target))
    except ValidationError as error:
        raise UsageError(
            f"this saved plan does not fit this version: {error.errors()[0]['msg']}",
            where=str(target),
            next_step="Make it anew with `plan --out`.",
        ) from error


def _agreed(plan: Plan, live: Live, restart: Restart, lines: Mapping[str, ChangingWindowsLine]) -> bool:
    # A person may take long: no shell and no connection stays open meanwhile.
    for line in lines.values():
        line.hang_up()
    return typer.confirm(_question(plan, live, restart), default=False, err=True)


def _question(plan: Plan, live: Live, restart: Restart) -> str:
    changed = [item for item in plan.items if item.action in WRITING]
    hosts = {item.host for item in changed} or {host.name for host in plan.hosts if host.left_over}
    parts = [f"make {_many(len(changed), 'change')} on {_many(len(hosts), 'host')}"] if plan.writes else []
    if restarting := _restarting(plan, restart):
        when = "now" if restart is Restart.NOW else "in its maintenance window"
        parts.append(f"restart {', '.join(sorted(restarting))} {when}")
    text = " and ".join(parts)
    hit = {name: interrupted(facts) for name in sorted(restarting) if (facts := live[name].facts)}
    lines = [f"A restart of {name}: {plain(what)}.\n" for name, what in hit.items() if what]
    return f"{''.join(lines)}{text[0].upper()}{text[1:]}?"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _run(
    look: Look,
    plan: Plan,
    live: Live,
    lines: Mapping[str, ChangingWindowsLine],
    options: Options,
    restart: Restart,
    show: Show,
    stop: Flag,
    stale: list[Event],
) -> Ended:
    journal = Journal(state_folder(options.state), look.site.name, look.run)
    journal.record(_began(look, plan))
    refused = {event.host for event in stale}
    going = {name: line for name, line in lines.items() if name not in refused}
    undone = None if look.back is None else look.back.undone
    policies, pace = _policies(look, restart), look.reach.pace
    told = apply(plan, look.desired, live, going, journal.record, policies, stop, undone, pace)
    events: list[Event] = []
    code = exits.BUG
    try:
        for event in stale:
            journal.record(event.as_row())
        for event in chain(stale, told):
            events.append(event)
            show.event(event)
        code = exits.of_apply(plan, events)
    except InterruptedRun as error:
        complain(f"{error.what}\n")
        code = exits.worst([exits.INTERRUPTED, exits.of_apply(plan, events)])
    except ProvisionerError as error:
        code = error.exit_code
        raise
    finally:
        journal.record({"happened": "ended", "exit_code": code, "run": look.run})
        journal.close()
    return Ended(code, look.run, wire(lines), journal.path, tuple(events))


def _began(look: Look, plan: Plan) -> dict[str, Any]:
    """The whole path, since a rollback may be started in another folder."""
    row = {
        "happened": "began",
        "run": look.run,
        "site": plan.site.model_dump(),
        "from": str(Path(look.path).resolve()),
        "lab": look.in_lab,
        "commit": plan.run.commit,
    }
    return row if look.back is None else row | {"takes_back": look.back.run}


def _policies(look: Look, restart: Restart) -> dict[str, RestartPolicy]:
    return {host.name: _policy(host, restart) for host in look.hosts}


def _policy(host: Host, restart: Restart) -> RestartPolicy:
    window = host.window
    if window is None:
        return RestartPolicy(restart.value)
    return RestartPolicy(restart.value, window.contains, lambda local: f"{window.next_start(local):%A %H:%M}")


@contextmanager
def _first_ctrl_c() -> Iterator[Flag]:
    """The first Ctrl-C asks to stop; the second leaves at once, and what runs on the hosts runs on."""
    stop = Flag()

    def pressed(signum: int, frame: FrameType | None) -> None:
        if stop.is_set():
            complain("left; the next run takes over what the hosts go on with\n")
            os._exit(exits.INTERRUPTED)  # threads wait for their hosts, and would keep us for minutes
        stop.set()
        complain("\nfinishing what was already sent (Ctrl-C again leaves it to the hosts)\n")

    # A cancelled job of a pipeline sends SIGTERM and means the same.
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, pressed) for number in numbers]
    try:
        yield stop
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
