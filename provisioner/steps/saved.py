"""Binds a saved plan to the manifest and to the facts it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provisioner.errors import StalePlanError
from provisioner.steps.events import Event, Happened
from provisioner.steps.items import Desired
from provisioner.steps.plan import moved_fields, plan_hosts, plan_item
from provisioner.steps.plan_value import WRITING, Action, Item, Plan, Run, summary
from provisioner.steps.read import HostLive, Live


def check_file(saved: Plan, *, in_lab: bool) -> None:
    """Raises `StalePlanError` for a plan that was edited, or of a lab for the real site (or the reverse)."""
    if saved.digest != saved.content_digest():
        raise StalePlanError(
            "this plan was changed after it was saved", next_step="Plan again; a plan is not edited by hand."
        )
    if saved.run.lab != in_lab:
        made, here = ("in a lab", "on the real site") if saved.run.lab else ("on the real site", "in a lab")
        raise StalePlanError(
            f"this plan was made {made} and would be applied {here}",
            next_step="Give the same --lab flags as when it was made, or plan again.",
        )


def check_manifest(saved: Plan, digest: str) -> None:
    """Raises `StalePlanError` where the manifest is not the one that was planned."""
    if saved.site.digest != digest:
        raise StalePlanError(
            "the manifest has changed since this plan was saved",
            where=saved.site.path,
            next_step="Plan again, look at the new plan, and apply that.",
        )


def renewed(saved: Plan, fresh: Plan, live: Live, run: Run) -> Plan:
    """The saved plan for the hosts that were contacted now; what is already as planned is kept."""
    now = {item.address: item for item in fresh.items}
    items = tuple(_still(item, now[item.address]) for item in saved.items if item.address in now)
    return saved.model_copy(
        update={"hosts": plan_hosts(live), "items": items, "summary": summary(items), "run": run}
    )


def _still(saved: Item, now: Item) -> Item:
    done = saved.action in WRITING and now.action is Action.KEEP
    return now if done else saved


def stale_hosts(saved: Plan, desired: Desired, live: Live) -> Iterator[Event]:
    """One refusal per host of which what the plan would touch has moved, or which is another machine."""
    planned = saved.by_host()
    for name, host in live.items():
        items = [item for item in planned.get(name, ()) if item.action in WRITING]
        if not items or host.facts is None:
            continue
        if saved.run.machines.get(name) != host.facts.machine_guid:
            yield _refused(name, {}, "another machine answers there than the one that was planned")
            continue
        moved = _moved(items, desired, name, host)
        if moved:
            yield _refused(name, moved, "it has changed since the plan was saved")


def _moved(items: list[Item], desired: Desired, name: str, host: HostLive) -> Mapping[str, tuple[str, ...]]:
    fresh = [plan_item(name, resource, host) for resource in desired[name]]
    done = {item.address for item in fresh if item.action is Action.KEEP}
    return moved_fields([item for item in items if item.address not in done], fresh)


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
