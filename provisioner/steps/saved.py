"""Binds a saved plan to the manifest and to the facts it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provisioner.errors import StalePlanError
from provisioner.steps.events import Event, Happened
from provisioner.steps.items import Desired
from provisioner.steps.plan import moved_fields, plan_hosts, plan_item
from provisioner.steps.plan_value import WRITING, Plan, Run
from provisioner.steps.read import Live


def check_manifest(saved: Plan, digest: str) -> None:
    """Raises `StalePlanError` where the manifest is not the one that was planned."""
    if saved.site.digest != digest:
        raise StalePlanError(
            "the manifest has changed since this plan was saved",
            where=saved.site.path,
            next_step="Plan again, look at the new plan, and apply that.",
        )


def renewed(saved: Plan, live: Live, run: Run) -> Plan:
    """The saved items under the new run, with the hosts as they answer now."""
    return saved.model_copy(update={"hosts": plan_hosts(live), "run": run})


def stale_hosts(saved: Plan, desired: Desired, live: Live) -> Iterator[Event]:
    """One refusal per host of which what the plan would touch has moved, or which is another machine."""
    planned = saved.by_host()
    for name, host in live.items():
        touched = [item for item in planned.get(name, ()) if item.action in WRITING]
        if not touched or host.facts is None:
            continue
        if saved.run.machines.get(name) != host.facts.machine_guid:
            yield _refused(name, {}, "another machine answers there than the one that was planned")
            continue
        moved = moved_fields(touched, [plan_item(name, resource, host) for resource in desired[name]])
        if moved:
            yield _refused(name, moved, "it has changed since the plan was saved")


def _refused(host: str, moved: Mapping[str, tuple[str, ...]], what: str) -> Event:
    fields = tuple(
        f"{address.removeprefix(host + '/')}: {field}" for address, f in moved.items() for field in f
    )
    return Event(
        Happened.HOST_REFUSED,
        host,
        what=what + "; nothing was written there",
        next_step="Plan again, look at the new plan, and apply that.",
        fields=fields,
    )
