"""The verb `apply`: from a site or a saved plan to events, with the journal and one question."""

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

import typer
from pydantic import ValidationError

from provisioner.cli.contact import Options, changing_lines, hanging_up, wire
from provisioner.cli.flags import Restart
from provisioner.cli.output import complain
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
from provisioner.steps.plan_value import WRITING, Plan, Wire
from provisioner.steps.read import Live
from provisioner.steps.restart import RestartPolicy
from provisioner.steps.saved import check_file, check_manifest, renewed, stale_hosts


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
    if saved is None and not yes and not (sys.stdin and sys.stdin.isatty()):
        raise UsageError(
            "there is nobody to ask here",
            where="apply",
            next_step="Give --yes, or save the plan with `plan --out FILE` and run `apply FILE`.",
        )
    look = look_at(target, options) if saved is None else _look_as_planned(saved, options)
    lines = changing_lines(look.hosts, look.reach, look.run)
    with hanging_up(lines):
        live, fresh = read_and_plan(look, lines)
        plan = fresh if saved is None else renewed(saved, fresh, live, fresh.run)
        stale = list(stale_hosts(saved, look.desired, live)) if saved is not None else []
        show.plan(plan)
        nothing = not plan.writes and not _restarting(plan, restart)
        if nothing:
            return Ended(exits.of_plan(plan), look.run, wire(lines), None, ())
        if saved is None and not yes and not _agreed(plan, restart, lines):
            complain("nothing was written\n")
            return Ended(exits.of_plan(plan), look.run, wire(lines), None, ())
        with _first_ctrl_c() as stop:
            ended = _run(look, plan, live, lines, options, restart, show, stop, stale)
    return replace(ended, wire=wire(lines))


def _restarting(plan: Plan, restart: Restart) -> set[str]:
    """Hosts on which something waits, or will wait, for a restart that is not switched off."""
    if restart is Restart.NEVER:
        return set()
    return {item.host for item in plan.items if item.restart != "no"}


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


def _agreed(plan: Plan, restart: Restart, lines: Mapping[str, ChangingWindowsLine]) -> bool:
    # A person may take long: no shell and no connection stays open meanwhile.
    for line in lines.values():
        line.hang_up()
    return typer.confirm(_question(plan, restart), default=False, err=True)


def _question(plan: Plan, restart: Restart) -> str:
    changed = [item for item in plan.items if item.action in WRITING]
    hosts = {item.host for item in changed} or {host.name for host in plan.hosts if host.left_over}
    parts = [f"make {_many(len(changed), 'change')} on {_many(len(hosts), 'host')}"] if plan.writes else []
    if restarting := _restarting(plan, restart):
        when = "now" if restart is Restart.NOW else "in its maintenance window"
        parts.append(f"restart {', '.join(sorted(restarting))} {when}")
    text = " and ".join(parts)
    return f"{text[0].upper()}{text[1:]}?"


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
    journal.record(
        {"happened": "began", "run": look.run, "site": plan.site.model_dump(), "commit": plan.run.commit}
    )
    refused = {event.host for event in stale}
    going = {name: line for name, line in lines.items() if name not in refused}
    told = apply(
        plan, look.desired, live, going, journal.record, _policies(look, restart), stop, look.reach.pace
    )
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
