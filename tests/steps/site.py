"""A site of played machines, and one function per thing a run does with it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event as Flag
from typing import Any

from provisioner.lab.factory import factory_new
from provisioner.lab.stage import Stage
from provisioner.resources import ALL
from provisioner.resources.base import Resource
from provisioner.steps.apply import apply
from provisioner.steps.events import Event
from provisioner.steps.plan import plan_hosts, plan_items
from provisioner.steps.plan_value import Plan, PlannedSite, Run, summary
from provisioner.steps.read import Live, read
from provisioner.steps.restart import RestartMode, RestartPolicy
from tests.played import PlayedLine, staged


def factory_stage(name: str = "a", seed: str = "test") -> Stage:
    """A factory-new machine."""
    now = time.time_ns() // 1_000_000
    return staged(
        factory_new(
            name,
            seed=seed,
            computer_name="AXIS-S9002",
            accounts={"provision": "00" * 16},
            now_ms=now,
            address="192.0.2.21",
        )
    )


def declared(settings: Mapping[str, Any]) -> list[Resource]:
    """Settings by kind name, in registry order."""
    found: list[Resource] = []
    for kind in ALL:
        if kind.place() in settings:
            given = settings[kind.place()]
            found += map(kind.model_validate, given if kind.section else [given])
    return found


@dataclass
class PlayedSite:
    """Hosts with machines behind played lines. A new run gets new lines."""

    desired: dict[str, list[Resource]]
    stages: dict[str, Stage]
    run: str = "run-1"
    lines: dict[str, PlayedLine] = field(default_factory=dict)
    journal: list[Mapping[str, Any]] = field(default_factory=list)

    def new_run(self, run: str) -> None:
        """As another start of the program."""
        self.run = run
        self.lines = {name: PlayedLine(stage, run, name) for name, stage in self.stages.items()}

    def __post_init__(self) -> None:
        self.new_run(self.run)

    def read(self) -> Live:
        return read(self.desired, self.lines)

    def plan(self, live: Live | None = None) -> Plan:
        live = live or self.read()
        items = plan_items(self.desired, live)
        machines = {name: host.facts.machine_guid for name, host in live.items() if host.facts}
        return Plan(
            site=PlannedSite(name="test", path="sites/test", digest="0"),
            summary=summary(items),
            hosts=plan_hosts(live),
            items=items,
            run=Run(id=self.run, started="", machines=machines),
        )

    def apply(self, restart: RestartMode = "now", plan: Plan | None = None) -> list[Event]:
        live = self.read()
        plan = plan or self.plan(live)
        policies = {name: RestartPolicy(restart) for name in self.desired}
        return list(apply(plan, self.desired, live, self.lines, self.journal.append, policies, Flag()))

    def writes(self) -> int:
        return sum(s.machine.writes + s.machine.bookkeeping_writes for s in self.stages.values())


def one(settings: Mapping[str, Any], seed: str = "test") -> PlayedSite:
    """A site of one factory-new host called `a`."""
    return PlayedSite({"a": declared(settings)}, {"a": factory_stage("a", seed)})
