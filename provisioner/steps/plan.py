"""Desired and live in, plan out. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from pydantic import JsonValue

from provisioner.errors import CertificateError, LoginRefusedError, ScriptError, UnreachableError
from provisioner.resources.base import Facts, Observed, Reason, Resource, Surroundings
from provisioner.resources.comparing import differs
from provisioner.resources.network_refusals import ENDED
from provisioner.steps.compare import differing, explain
from provisioner.steps.host_words import shown
from provisioner.steps.items import Desired, address
from provisioner.steps.plan_value import WRITING, Action, Cause, FieldChange, Item, PlannedHost
from provisioner.steps.preflight import forbids
from provisioner.steps.read import HostLive, Live

State: TypeAlias = Literal["answered", "unreachable", "login_refused", "certificate_refused", "failed"]


def plan_items(desired: Desired, live: Live) -> tuple[Item, ...]:
    """Every declared item with what a run would do, in the manifest's order of hosts and registry order."""
    return tuple(
        plan_item(host, resource, live[host])
        for host, resources in desired.items()
        if host in live
        for resource in resources
    )


def plan_hosts(live: Live) -> tuple[PlannedHost, ...]:
    """The hosts as they answered."""
    return tuple(_host(name, host) for name, host in live.items())


def plan_item(host: str, resource: Resource, live: HostLive) -> Item:
    """One item: unknown where the read failed, else by comparison."""
    where = address(host, resource.kind, resource.key)
    error = live.error or live.failed.get(resource.kind)
    if error is not None:
        return _item(host, resource, Action.UNKNOWN, _unknown_reason(error)).model_copy(
            update={"what": error.what, "next_step": error.next_step}
        )
    seen = live.observed.get(where) or Observed({}, {}, present=False)
    if resource.gone:
        made = _to_remove(host, resource, seen, live)
    elif not seen.present:
        made = _missing(host, resource, seen, live)
    else:
        made = _compared(host, resource, seen, live)
    made = made.model_copy(update={"notes": seen.notes})
    return _guarded(made, resource, seen, live) if made.action in WRITING else made


def _guarded(item: Item, resource: Resource, seen: Observed, live: HostLive) -> Item:
    """The same, or refused: where the host forbids every change, or this one would lock somebody out."""
    around = live.around()
    refusal = forbids(live.facts) if live.facts else None
    if refusal is None and around is not None:
        refusal = resource.guard(seen, around)
    if refusal is None:
        return item if around is None else _with_risks_around(item, resource, around)
    said = {"what": refusal.what, "next_step": refusal.next_step, "restart": "no"}
    return item.model_copy(update={"action": Action.REFUSED, "reason": refusal.reason, **said})


def _with_risks_around(item: Item, resource: Resource, around: Surroundings) -> Item:
    changed = frozenset(change.field.partition(".")[0] for change in item.changes)
    more = resource.risks_around(changed, around)
    return item.model_copy(update={"risks": tuple(dict.fromkeys((*item.risks, *more)))}) if more else item


def _to_remove(host: str, resource: Resource, seen: Observed, live: HostLive) -> Item:
    if not seen.present:
        return _item(host, resource, Action.KEEP, Reason.DECLARED_ABSENT).model_copy(
            update={"rests_on": resource_digest(resource, seen)}
        )
    changes = tuple(FieldChange(field=name, before=was, after=None) for name, was in seen.facts.items())
    made = _item(host, resource, Action.DELETE, Reason.DECLARED_ABSENT)
    why = cause({}, seen.facts, _applied_facts(live, made.address))
    update = {"changes": changes, "rests_on": resource_digest(resource, seen), "cause": why}
    return made.model_copy(update=update | {"risks": resource.risks(frozenset(seen.facts))})


def _compared(host: str, resource: Resource, seen: Observed, live: HostLive) -> Item:
    declared = resource.facts()
    names = differing(declared, seen.facts)
    if not names:
        pending = resource.restart_pending(seen)
        reason = Reason.RESTART_PENDING if pending else Reason.AS_DECLARED
        kept = _item(host, resource, Action.KEEP, reason)
        return kept.model_copy(
            update={"rests_on": resource_digest(resource, seen), "restart": "pending" if pending else "no"}
        )
    changes = tuple(
        FieldChange(field=name, before=before, after=after)
        for name, before, after in explain(declared, seen.facts, names)
    )
    risks = resource.risks(frozenset(names))
    update = {
        "changes": changes,
        "risks": risks,
        "restart": "needed" if "restart" in risks else "no",
        "rests_on": resource_digest(resource, seen),
        "cause": cause(
            declared, seen.facts, _applied_facts(live, address(host, resource.kind, resource.key))
        ),
    }
    refusal = resource.refuse(seen)
    if refusal is not None:
        update |= {"what": refusal.what, "next_step": refusal.next_step, "restart": "no"}
        return _item(host, resource, Action.REFUSED, refusal.reason).model_copy(update=update)
    return _item(host, resource, Action.UPDATE, Reason.DIFFERS).model_copy(update=update)


def _missing(host: str, resource: Resource, seen: Observed, live: HostLive) -> Item:
    changes = tuple(
        FieldChange(field=name, before=None, after=value) for name, value in resource.facts().items()
    )
    made = _item(host, resource, Action.CREATE, Reason.MISSING)
    why = cause(resource.facts(), {}, _applied_facts(live, made.address))
    update = {"changes": changes, "rests_on": resource_digest(resource, seen), "cause": why}
    made = made.model_copy(update=update | {"risks": resource.risks(frozenset(resource.facts()))})
    refusal = resource.refuse(seen)
    if refusal is None:
        return made
    said = {"what": refusal.what, "next_step": refusal.next_step}
    return made.model_copy(update={"action": Action.REFUSED, "reason": refusal.reason, **said})


TAKEN_BACK = "(taken back)"
"""In our record of an item that a rollback wrote: what the run had made so. No field has such a name."""


def cause(declared: Facts, live: Facts, applied: Facts | None) -> Cause:
    """By our record of what was last applied: did the live side move, or the manifest, or both?"""
    if applied is None:
        return Cause.NEVER_APPLIED
    made = {name: was for name, was in applied.items() if name != TAKEN_BACK}
    live_moved = any(differs(was, live.get(name)) for name, was in made.items())
    if applied.get(TAKEN_BACK) == declared:
        return Cause.CHANGED_BY_HAND if live_moved else Cause.ROLLED_BACK
    manifest_moved = made != declared
    if manifest_moved:
        return Cause.BOTH if live_moved else Cause.MANIFEST_CHANGED
    return Cause.CHANGED_BY_HAND


def _applied_facts(live: HostLive, where: str) -> Facts | None:
    items = live.facts.applied.get("items", {}) if live.facts else {}
    found = items.get(where) if isinstance(items, dict) else None
    return found if isinstance(found, dict) else None


def _item(host: str, resource: Resource, action: Action, reason: Reason) -> Item:
    where = address(host, resource.kind, resource.key)
    return Item(address=where, host=host, kind=resource.kind, key=resource.key, action=action, reason=reason)


def _unknown_reason(error: Exception) -> Reason:
    match error:
        case ScriptError():
            return Reason.READ_FAILED
        case LoginRefusedError():
            return Reason.LOGIN_REFUSED
        case CertificateError():
            return Reason.CERTIFICATE_REFUSED
        case _:
            return Reason.HOST_UNREACHABLE


def _host(name: str, live: HostLive) -> PlannedHost:
    if live.error is not None:
        error = live.error
        return PlannedHost(name=name, state=_state(error), what=error.what, next_step=error.next_step)
    host = PlannedHost(name=name, state="answered")
    if live.facts is None:
        return host
    host = host.model_copy(update={"facts": shown(live.facts)})
    if (change := live.facts.network_change) is None:
        host = host.model_copy(update={"network_change": "unknown"})
    elif change:
        state = "ended" if change.get("state") in ENDED else "pending"
        said = {"network_change": state, "network_change_what": str(change.get("what", ""))}
        host = host.model_copy(update=said)
    if (left := live.facts.left_over) is not None:
        results = {str(row["id"]): str(row.get("state", "")) for row in left.results}
        host = host.model_copy(update={"left_over": left.run, "left_over_results": results})
    return host


def _state(error: Exception) -> State:
    match error:
        case LoginRefusedError():
            return "login_refused"
        case CertificateError():
            return "certificate_refused"
        case UnreachableError():
            return "unreachable"
        case _:
            return "failed"


LONGEST_FACT = 200


def resource_digest(resource: Resource, seen: Observed) -> dict[str, JsonValue]:
    """What the item rests on, as a plan may show it."""
    return digested(seen.rests_on, resource.confidential)


def digested(
    facts: Mapping[str, JsonValue], confidential: frozenset[str] = frozenset()
) -> dict[str, JsonValue]:
    """Facts for a plan: long texts, like a whole policy file, and what is confidential by their SHA-256.

    A plan is shown in pull requests, and such a file holds what others declared.
    """
    return {
        name: _sha256(json.dumps(value, sort_keys=True))
        if name in confidential and value is not None
        else _digested(value, confidential)
        for name, value in facts.items()
    }


def _digested(value: JsonValue, confidential: frozenset[str]) -> JsonValue:
    if isinstance(value, dict):
        return digested(value, confidential)
    if isinstance(value, list):
        return [_digested(inner, confidential) for inner in value]
    if isinstance(value, str) and len(value) > LONGEST_FACT:
        return _sha256(value)
    return value


def _sha256(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def moved_fields(planned: Sequence[Item], fresh: Sequence[Item]) -> dict[str, tuple[str, ...]]:
    """Items whose live facts are not those the plan rests on: address to the fields that moved."""
    now = {item.address: item for item in fresh}
    moved = {
        item.address: _moved(item, now.get(item.address))
        for item in planned
        if item.action is not Action.UNKNOWN
    }
    return {where: fields for where, fields in moved.items() if fields}


def _moved(was: Item, now: Item | None) -> tuple[str, ...]:
    if now is None or now.action is Action.UNKNOWN:
        return ("(cannot be read any more)",)
    if now.action is not was.action:
        return (f"(would be {now.action.value.replace('_', ' ')} now)",)
    names = differing(was.rests_on, now.rests_on) + [key for key in now.rests_on if key not in was.rests_on]
    return tuple(
        field
        for name in names
        for field, _, _ in explain({name: was.rests_on.get(name)}, now.rests_on, [name])
    )
