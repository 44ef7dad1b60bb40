"""How a run ends as a number. The one place that knows the codes and which of several wins."""

from __future__ import annotations

from collections.abc import Iterable

from provisioner.steps.events import FAILURES, REFUSALS, Event, Happened
from provisioner.steps.plan_value import Action, Plan

IN_SYNC = 0
FAILED = 1
CHANGES = 2
UNREACHABLE = 3
REFUSED = 4
NOT_PROVEN = 5
REMAINS = 6
USAGE = 64
BUG = 70
INTERRUPTED = 130

PRECEDENCE = (BUG, USAGE, INTERRUPTED, REFUSED, FAILED, NOT_PROVEN, UNREACHABLE, CHANGES, REMAINS, IN_SYNC)
"""Several at once: the first of these that applies."""

MEANING = {
    IN_SYNC: "in sync, or done",
    FAILED: "apply failed, wholly or in part",
    CHANGES: "plan or drift: there are changes",
    UNREACHABLE: "something could not be reached or read, a wrong password, or a wrong certificate",
    REFUSED: "refused: a stale plan, a guard, a policy, or another run holds the host",
    NOT_PROVEN: "verification failed",
    REMAINS: "nothing left that we may do now: a restart or a person's step remains",
    USAGE: "the manifest or the command line is wrong",
    BUG: "our own bug",
    INTERRUPTED: "interrupted",
}


def worst(codes: Iterable[int]) -> int:
    """The code that a run with all these ends with."""
    found = set(codes)
    return next(code for code in PRECEDENCE if code in found or code == IN_SYNC)


def of_plan(plan: Plan) -> int:
    """For `plan` and `drift`."""
    changes = [CHANGES] if plan.writes else []
    return worst([*changes, *_left(plan)])


def of_apply(plan: Plan, events: Iterable[Event]) -> int:
    """For `apply`: what the plan could not do, and what happened while doing the rest."""
    codes = _left(plan, restarts=False)
    for event in events:
        if event.happened in FAILURES:
            codes.append(FAILED)
        elif event.happened in REFUSALS:
            codes.append(REFUSED)
        elif event.happened is Happened.HOST_FAILED:
            codes += [FAILED, UNREACHABLE]
        elif event.happened is Happened.UNKNOWN:
            codes.append(UNREACHABLE)
        elif event.happened is Happened.RESTART_WAITS:
            codes.append(REMAINS)
    return worst(codes)


def _left(plan: Plan, *, restarts: bool = True) -> list[int]:
    hosts = [UNREACHABLE for host in plan.hosts if host.state != "answered"]
    hosts += [REMAINS for host in plan.hosts if host.network_change == "pending"]
    items = [_ITEM[item.action] for item in plan.items if item.action in _ITEM]
    waiting = [REMAINS for item in plan.items if restarts and item.restart == "pending"]
    lost = [REMAINS for _ in plan.remains]
    return hosts + items + waiting + lost


_ITEM = {Action.UNKNOWN: UNREACHABLE, Action.REFUSED: REFUSED, Action.OPERATOR_STEP: REMAINS}
