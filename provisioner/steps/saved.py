"""Binds a saved plan to the manifest and to the facts it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provisioner.errors import StalePlanError
from provisioner.steps.events import Event, Happened
from provisioner.steps.items import Desired
from provisioner.steps.plan import moved_fields, plan_hosts, plan_items
from provisioner.steps.plan_value import WRITING, Item, Plan, Run
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
    fresh = plan_items(desired, live)
    for host in saved.hosts:
        touched = [item for item in saved.of(host.name) if item.action in WRITING]
        facts = live[host.name].facts if host.name in live else None
        if not touched or facts is None:
            continue
        planned = saved.run.machines.get(host.name)
        if planned != facts.machine_guid:
            yield _refused(host.name, {}, "another machine answers there than the one that was planned")
            continue
        moved = moved_fields(touched, _of(fresh, host.name))
        if moved:
            yield _refused(host.name, moved, "it has changed since the plan was saved")


def _of(items: tuple[Item, ...], host: str) -> list[Item]:
    return [item for item in items if item.host == host]


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
