"""Back from what a run touches, or has touched, to what was there before. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from provisioner.errors import UsageError
from provisioner.resources import ALL, BY_NAME
from provisioner.resources.base import Facts, Observed, Reason, Resource
from provisioner.resources.taking_back import TakenBack, apart_from_the_lost, taking_back
from provisioner.steps.events import Event, Happened
from provisioner.steps.items import Desired, address, by_address
from provisioner.steps.plan_value import WRITING, Action, FieldChange, Item, Plan, Remains, Reverse
from provisioner.steps.read import Live

BEFORE = "before"
"""What the journal calls the facts that it keeps before the first write."""

_BACKWARDS = {
    Action.CREATE: (Action.DELETE, Reason.DECLARED_ABSENT),
    Action.DELETE: (Action.CREATE, Reason.MISSING),
    Action.UPDATE: (Action.UPDATE, Reason.DIFFERS),
}


@dataclass(frozen=True)
class Backwards:
    """What a rollback declares, and of what it takes it back."""

    run: str
    desired: Desired
    undone: Mapping[str, Facts]
    """By address: the facts that the run had made so."""
    machines: Mapping[str, str]
    """MachineGuid by host, of those on which something was written."""
    remains: tuple[Remains, ...] = field(default=())


def before_rows(plan: Plan, desired: Desired, live: Live, hosts: Iterable[str]) -> Iterator[dict[str, Any]]:
    """One journal row per host: of everything that will be touched there, what it is now."""
    resources, items = by_address(desired), plan.by_host()
    for name in hosts:
        facts = live[name].facts
        touched = [item.address for item in items.get(name, ()) if item.action in WRITING]
        if touched and facts is not None:
            rows = {where: _row(resources[where][1], _seen(live, name, where)) for where in touched}
            yield {"happened": BEFORE, "host": name, "machine": facts.machine_guid, "items": rows}


def reverse_of(plan: Plan, desired: Desired, live: Live) -> Reverse:
    """What a rollback of an apply of this plan would do, if nothing else moves."""
    resources = by_address(desired)
    items, remains = [], []
    touched = [item for item in plan.items if item.action in WRITING]
    backs = {}
    for item in touched:
        seen = _seen(live, item.host, item.address)
        backs[item.address] = taking_back(resources[item.address][1], seen.facts, present=seen.present)
    backs = apart_from_the_lost(backs)
    for item in touched:
        back = backs[item.address]
        rows = _remains(item.address, item.host, back)
        remains += rows
        if back.declared is not None:
            items.append(_swapped(item, back.declared, {row.field for row in rows}))
    return Reverse(items=tuple(items), remains=tuple(remains))


def backwards(rows: Iterable[Mapping[str, Any]], run: str, only: Sequence[str] = ()) -> Backwards:
    """From a run's journal to the declaration of what was there before. Raises `UsageError`."""
    rows = list(rows)
    written = _written(rows)
    desired: dict[str, list[Resource]] = {}
    machines, undone, remains = {}, {}, []
    for row in (row for row in rows if row["happened"] == BEFORE and _chosen(row["host"], only)):
        kept = {where: kept for where, kept in row["items"].items() if where in written}
        wanted = {where: _wanted(where, one["declared"]) for where, one in kept.items()}
        backs = {
            where: taking_back(wanted[where], one["facts"], present=one["present"])
            for where, one in kept.items()
        }
        for where, back in apart_from_the_lost(backs).items():
            machines[row["host"]] = row["machine"]
            remains += _remains(where, row["host"], back)
            if back.declared is not None:
                undone[where] = wanted[where].facts()
                desired.setdefault(row["host"], []).append(back.declared)
    ordered = {host: _in_order(resources) for host, resources in desired.items()}
    return Backwards(run, ordered, undone, machines, tuple(remains))


def other_machines(back: Backwards, live: Live) -> Iterator[Event]:
    """One refusal per host that is not the machine on which the run wrote."""
    for name, host in live.items():
        if host.facts is not None and host.facts.machine_guid != back.machines[name]:
            what = "another machine answers there than the one that was written; nothing was written there"
            next_step = "Find out which machine holds the address, then plan again."
            yield Event(Happened.HOST_REFUSED, name, what=what, next_step=next_step)


def still_remaining(back: Backwards, live: Live) -> tuple[Remains, ...]:
    """Without what a person has brought back meanwhile, as far as a fact tells."""
    return tuple(row for row in back.remains if not _done_by_hand(row, live))


def _done_by_hand(row: Remains, live: Live) -> bool:
    seen = live[row.host].observed.get(row.address) if row.host in live else None
    return seen is not None and row.field in seen.facts and seen.facts[row.field] == row.before


def _chosen(host: str, only: Sequence[str]) -> bool:
    return not only or host in only


def _written(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    """Addresses of which a write was sent, unless the host said that it left them alone."""
    sent, left = set(), set()
    for row in rows:
        if row["happened"] == "intent":
            sent |= {str(step["id"]) for step in row["steps"]}
        elif row["happened"] in (Happened.STEP_MOVED, Happened.STEP_SKIPPED):
            left.add(row.get("address"))
    return sent - left


def _wanted(where: str, declared: Mapping[str, Any]) -> Resource:
    kind = where.split("/")[1]
    try:
        return BY_NAME[kind].model_validate_json(json.dumps(declared))
    except (KeyError, ValidationError):
        raise UsageError(
            "this version does not understand what the run declared there",
            where=where,
            next_step="Roll back with the version of provisioner that made the run.",
        ) from None


def _in_order(resources: Sequence[Resource]) -> list[Resource]:
    order = {kind.kind: place for place, kind in enumerate(ALL)}
    return sorted(resources, key=lambda resource: (order[resource.kind], resource.key))


def _row(wanted: Resource, seen: Observed) -> dict[str, Any]:
    declared = wanted.model_dump(mode="json", exclude_unset=True)
    return {"present": seen.present, "facts": dict(seen.facts), "declared": declared}


def _seen(live: Live, host: str, where: str) -> Observed:
    return live[host].observed.get(where) or Observed({}, {}, present=False)


def _remains(where: str, host: str, back: TakenBack) -> list[Remains]:
    return [
        Remains(address=where, host=host, field=lost.field, before=lost.before, what=lost.what)
        for lost in back.lost
    ]


def _swapped(item: Item, back: Resource, lost: set[str]) -> Item:
    action, reason = _BACKWARDS[item.action]
    changes = tuple(
        FieldChange(field=change.field, before=change.after, after=change.before)
        for change in item.changes
        if change.field.partition(".")[0] not in lost
    )
    risks = back.risks(frozenset(change.field.partition(".")[0] for change in changes))
    return Item(
        address=address(item.host, item.kind, item.key),
        host=item.host,
        kind=item.kind,
        key=item.key,
        action=action,
        reason=reason,
        changes=changes,
        risks=risks,
        restart="needed" if "restart" in risks else "no",
    )
