"""Plans and events in every situation that a view must show."""

from __future__ import annotations

from provisioner.resources.base import Reason, Risk
from provisioner.steps.events import Event, Happened
from provisioner.steps.plan_value import (
    Action,
    Cause,
    FieldChange,
    Item,
    Plan,
    PlannedHost,
    PlannedSite,
    Run,
    Wire,
    summary,
)

HOSTILE = "x\x1b[31m</details>`|@team\r\n\u202e" + "long" * 80


def item(kind: str, action: Action, reason: Reason, host: str = "cr1", **more: object) -> Item:
    return Item(address=f"{host}/{kind}", host=host, kind=kind, action=action, reason=reason, **more)  # type: ignore[arg-type]


CHANGED = item(
    "computer_name",
    Action.UPDATE,
    Reason.DIFFERS,
    changes=(FieldChange(field="name", before="AXIS-S9002", after="HARBOUR-CR1"),),
    risks=(Risk.RESTART, Risk.STOPS_RECORDING),
    restart="needed",
    cause=Cause.NEVER_APPLIED,
)
KEPT = item("clock", Action.KEEP, Reason.AS_DECLARED)
PENDING = item("computer_name", Action.KEEP, Reason.RESTART_PENDING, restart="pending")
REFUSED = item(
    "clock",
    Action.REFUSED,
    Reason.GUARD,
    what="the machine takes its time from the domain",
    next_step="Leave `ntp` out for this host.",
    changes=(FieldChange(field="ntp", before=[], after=["a,0x9"]),),
)
UNKNOWN = item("power", Action.UNKNOWN, Reason.READ_FAILED, what="power.read.ps1 failed: Access is denied.")
VALUES = item(
    "windows_update",
    Action.UPDATE,
    Reason.DIFFERS,
    cause=Cause.CHANGED_BY_HAND,
    changes=(
        FieldChange(field="a", before=None, after=True),
        FieldChange(field="b", before="", after={"x": [1, "two"]}),
        FieldChange(field="c", before=HOSTILE, after="sunday"),
    ),
)
FILTER = {
    "what": "the Unified Write Filter is on: every change would be lost at the next restart",
    "next_step": "Run `uwfmgr filter disable`.",
}
FILTERED = item("power", Action.REFUSED, Reason.WRITE_FILTER, **FILTER)
FILTERED_TOO = item("windows_update", Action.REFUSED, Reason.WRITE_FILTER, **FILTER)
FACTS = {
    "model": "AXIS S9002 Mk II",
    "serial": "B8A44F0A1B2C",
    "bios_version": "1.4.2",
    "bios_date": "2021-03-04",
    "windows": "Windows 10 IoT Enterprise LTSC 2021",
    "build": "19044.1288",
    "domain": "",
    "pending_restart": ["windows_update", "file_renames"],
    "write_filter": True,
    "logged_on": HOSTILE,
    "network_change": {"id": "n1", "state": "armed", "what": "192.0.2.21/24 by 192.0.2.1"},
}
OPERATOR = item("permission", Action.OPERATOR_STEP, Reason.DIFFERS)
CREATED = item(
    "local_user", Action.CREATE, Reason.MISSING, changes=(FieldChange(field="name", before=None, after="g"),)
)
DELETED = item("local_group", Action.DELETE, Reason.DECLARED_ABSENT)


def plan(*items: Item, hosts: tuple[PlannedHost, ...] = (), name: str = "harbour") -> Plan:
    names = dict.fromkeys(item.host for item in items)
    known = {host.name for host in hosts}
    answered = tuple(PlannedHost(name=name, state="answered") for name in names if name not in known)
    return Plan(
        site=PlannedSite(name=name, path="sites/harbour", digest="0" * 64),
        summary=summary(items),
        hosts=(*answered, *hosts),
        items=items,
        run=Run(
            id="20261123T214800Z-3f9a1c",
            started="2026-11-23T21:48:00+00:00",
            wire={
                "cr1/winrm": Wire(protocol="winrm", addresses=("192.0.2.21:5985",), connections=1, requests=8)
            },
        ),
    )


PLANS = {
    "in_sync": plan(KEPT),
    "every_action": plan(CHANGED, VALUES, CREATED, DELETED, OPERATOR, KEPT),
    "restart_pending": plan(PENDING, KEPT),
    "refused_and_unknown": plan(REFUSED, UNKNOWN),
    "hostile_names": plan(item("clock", Action.KEEP, Reason.AS_DECLARED, host=HOSTILE), name=HOSTILE),
    "unreachable": plan(
        KEPT,
        hosts=(
            PlannedHost(
                name="cr2", state="unreachable", what="nobody answers there", next_step="Check the cable."
            ),
        ),
    ),
    "host_facts": plan(
        KEPT, FILTERED, FILTERED_TOO, hosts=(PlannedHost(name="cr1", state="answered", facts=FACTS),)
    ),
    "left_over": plan(KEPT, hosts=(PlannedHost(name="cr1", state="answered", left_over="run-0"),)),
}

EVENTS = [
    Event(Happened.LEFT_OVER_TAKEN, "cr1", what="cr1/power done", run="run-0"),
    Event(Happened.SENDING, "cr1", what="2"),
    Event(Happened.STEP_DONE, "cr1", "cr1/power"),
    Event(Happened.STEP_FAILED, "cr1", "cr1/clock", what="w32tm.exe ended with 5."),
    Event(Happened.STEP_SKIPPED, "cr1", "cr1/x", what="cr1/clock is not done"),
    Event(Happened.STEP_MOVED, "cr1", "cr1/computer_name", fields=("pending",)),
    Event(Happened.CONNECTION_LOST, "cr1", what="the connection was refused or lost"),
    Event(Happened.VERIFIED, "cr1", "cr1/power", what="no"),
    Event(Happened.VERIFIED, "cr1", "cr1/computer_name", what="pending"),
    Event(Happened.NOT_VERIFIED, "cr1", "cr1/clock", fields=("ntp", "mode")),
    Event(Happened.RESTARTING, "cr1"),
    Event(Happened.RESTARTED, "cr1"),
    Event(Happened.RESTART_WAITS, "cr1", "cr1/computer_name", what="no maintenance window is declared"),
    Event(
        Happened.HOST_REFUSED,
        "cr2",
        what="run run-0 is writing on this host",
        next_step="Wait until it has ended.",
    ),
    Event(Happened.HOST_FAILED, "cr2", what=HOSTILE, next_step="Check the cable."),
]
