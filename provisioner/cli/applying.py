"""The verb `apply`: from a site or a saved plan to events, with the journal and one question."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event as Flag
from types import FrameType

import typer
from pydantic import ValidationError

from provisioner.cli.contact import Options, changing_lines, hanging_up, wire
from provisioner.cli.flags import Restart
from provisioner.cli.output import complain
from provisioner.cli.session import Look, look_at, read_and_plan
from provisioner.errors import InterruptedRun, UsageError
from provisioner.links.windows import ChangingWindowsLine
from provisioner.manifest.site import Host
from provisioner.records.journal import Journal
from provisioner.records.paths import state_folder
from provisioner.records.plans import load_plan
from provisioner.steps import exits
from provisioner.steps.apply import apply
from provisioner.steps.events import Event
from provisioner.steps.plan_value import Plan, Wire
from provisioner.steps.read import Live
from provisioner.steps.restart import RestartPolicy
from provisioner.steps.saved import check_manifest, renewed, stale_hosts


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
    if saved is None and not yes and not sys.stdin.isatty():
        raise UsageError(
            "there is nobody to ask here",
            where="apply",
            next_step="Give --yes, or save the plan with `plan --out FILE` and run `apply FILE`.",
        )
    if saved is not None:
        look = look_at(
            Path(saved.site.path), replace(options, only=options.only or tuple(h.name for h in saved.hosts))
        )
        check_manifest(saved, look.site.digest)
    else:
        look = look_at(target, options)
    lines = changing_lines(look.hosts, look.reach, look.run)
    with hanging_up(lines), _first_ctrl_c() as stop:
        live, fresh = read_and_plan(look, lines)
        plan = fresh if saved is None else renewed(saved, live, fresh.run)
        stale = list(stale_hosts(saved, look.desired, live)) if saved is not None else []
        show.plan(plan)
        waiting = any(item.restart == "pending" for item in plan.items) and restart is not Restart.NEVER
        if saved is None and not yes and plan.writes and not _agreed(plan, lines):
            return Ended(exits.of_plan(plan), look.run, wire(lines), None, ())
        if not plan.writes and not waiting:
            return Ended(exits.of_plan(plan), look.run, wire(lines), None, ())
        ended = _run(look, plan, live, lines, options, restart, show, stop, stale)
    return replace(ended, wire=wire(lines))


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


def _agreed(plan: Plan, lines: Mapping[str, ChangingWindowsLine]) -> bool:
    # A person may take long: no shell and no connection stays open meanwhile.
    for line in lines.values():
        line.hang_up()
    return typer.confirm(f"Apply this to {plan.site.name}?", default=False)


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
    events: list[Event] = []
    code: int | None = None
    try:
        for event in stale:
            journal.record(event.as_row())
        going = {name: line for name, line in lines.items() if name not in refused}
        for event in _chain(
            stale, apply(plan, look.desired, live, going, journal.record, _policies(look, restart), stop)
        ):
            events.append(event)
            show.event(event)
    except InterruptedRun as error:
        complain(f"{error.what}\n")
        code = exits.INTERRUPTED
    finally:
        code = exits.worst([exits.of_apply(plan, events), *([code] if code is not None else [])])
        journal.record({"happened": "ended", "exit_code": code, "run": look.run})
        journal.close()
    return Ended(code, look.run, wire(lines), journal.path, tuple(events))


def _chain(first: list[Event], rest: Iterator[Event]) -> Iterator[Event]:
    yield from first
    yield from rest


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

    before = signal.signal(signal.SIGINT, pressed)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
