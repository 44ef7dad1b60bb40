"""One look at a site: load, contact, read, plan. Shared by `plan`, `drift`, `apply` and `demo`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from provisioner.cli.contact import (
    Options,
    Reach,
    asking_lines,
    chosen_hosts,
    hanging_up,
    reach_for,
    wire,
)
from provisioner.cli.output import progress
from provisioner.errors import InterruptedRun
from provisioner.links.windows import AskingWindowsLine
from provisioner.manifest.load import load
from provisioner.manifest.site import Host, Site
from provisioner.records.commits import commit_of
from provisioner.records.journal import new_run_id
from provisioner.steps.items import Desired
from provisioner.steps.order import waves
from provisioner.steps.plan import plan_hosts, plan_items
from provisioner.steps.plan_value import Plan, PlannedSite, Run, summary
from provisioner.steps.read import Live, read
from provisioner.steps.reverse import Backwards, reverse_of, still_remaining


@dataclass(frozen=True)
class Look:
    """A site, whom of it we may contact and how, and the run that does it."""

    site: Site
    hosts: tuple[Host, ...]
    reach: Reach
    run: str
    started: datetime
    path: str
    in_lab: bool
    back: Backwards | None = None
    """Of a rollback: what it takes back. `hosts` declare that then, and not the manifest."""

    @property
    def desired(self) -> Desired:
        """What is declared on the chosen hosts."""
        return {host.name: host.resources for host in self.hosts}


def look_at(target: Path, options: Options) -> Look:
    """Load the manifest, with all its faults at once, and make ready to contact. Contacts no host."""
    site = load(target)
    hosts = chosen_hosts(site, options.only)
    now = datetime.now(UTC)
    desired = {host.name: host.resources for host in hosts}
    waves(desired, ())  # a circle of needs is a fault of the manifest, and nobody is contacted then
    return Look(
        site, hosts, reach_for(site, options), new_run_id(now), now, target.as_posix(), options.in_lab
    )


def read_and_plan(look: Look, lines: Mapping[str, AskingWindowsLine]) -> tuple[Live, Plan]:
    """Read all chosen hosts at once and plan."""
    try:
        with progress("reading", len(lines)) as heard:
            live = read(look.desired, lines, heard)
    except KeyboardInterrupt:
        raise InterruptedRun("interrupted while reading; nothing was written") from None
    return live, planned(look, live, lines)


def planned(look: Look, live: Live, lines: Mapping[str, AskingWindowsLine]) -> Plan:
    """The plan of a reading."""
    items = plan_items(look.desired, live)
    if look.back is not None:
        # By our record on the host, which knows nothing of what was there before it.
        items = tuple(item.model_copy(update={"cause": None}) for item in items)
    return Plan(
        site=PlannedSite(name=look.site.name, path=look.path, digest=look.site.digest),
        summary=summary(items),
        hosts=plan_hosts(live),
        items=items,
        remains=() if look.back is None else still_remaining(look.back, live),
        run=run_of(look, live, lines),
    ).sealed()


def run_of(look: Look, live: Live, lines: Mapping[str, AskingWindowsLine]) -> Run:
    """What is this run's alone."""
    return Run(
        id=look.run,
        started=look.started.isoformat(timespec="seconds"),
        commit=commit_of(look.site.path),
        takes_back="" if look.back is None else look.back.run,
        lab=look.in_lab,
        machines={name: host.facts.machine_guid for name, host in live.items() if host.facts},
        wire=wire(lines),
    )


def plan_only(target: Path, options: Options, *, reverse: bool = False) -> Plan:
    """Look, read, hang up. Nothing on this path can write: the lines are built for asking."""
    look = look_at(target, options)
    lines = asking_lines(look.hosts, look.reach, look.run)
    with hanging_up(lines):
        live, plan = read_and_plan(look, lines)
    if reverse:
        plan = plan.model_copy(update={"reverse": reverse_of(plan, look.desired, live)}).sealed()
    # Once more, with what hanging up cost.
    return plan.model_copy(update={"run": plan.run.model_copy(update={"wire": wire(lines)})})
