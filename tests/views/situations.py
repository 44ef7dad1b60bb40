"""Plans and events in every situation that a view must show."""

from __future__ import annotations

from provisioner.records.history import PastRun
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
    Remains,
    Reverse,
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


TAKEN_BACK = plan(
    item(
        "computer_name",
        Action.UPDATE,
        Reason.DIFFERS,
        changes=(FieldChange(field="name", before="HARBOUR-CR1", after="AXIS-S9002"),),
        risks=(Risk.RESTART,),
        restart="needed",
    ),
    KEPT,
)
REMAINS = (
    Remains(address="cr1/clock", host="cr1", field="service", before={"running": False}, what="no form"),
    Remains(address="cr1/local_user/guest", host="cr1", what="it was removed, and its secret is not known"),
    Remains(
        address="cr1/local_user/op", host="cr1", field="password", what="the earlier secret is not known"
    ),
    Remains(address="cr1/x", host="cr1", field=HOSTILE, before=HOSTILE, what=HOSTILE),
)
RUNS = (
    PastRun("20261123T214800Z-3f9a1c", "2026-11-23T21:48:00.000+00:00", 0, 8),
    PastRun("20261123T220000Z-aaaaaa", "2026-11-23T22:00:00.000+00:00", None, 1),
    PastRun("20261124T080000Z-bbbbbb", "2026-11-24T08:00:00.000+00:00", 6, 8, "20261123T214800Z-3f9a1c"),
)


PLANS = {
    "rollback": TAKEN_BACK.model_copy(
        update={
            "remains": REMAINS,
            "run": TAKEN_BACK.run.model_copy(update={"takes_back": "20261123T210000Z-000000"}),
        }
    ),
    "with_its_reverse": plan(CHANGED, KEPT).model_copy(
        update={"reverse": Reverse(items=TAKEN_BACK.items[:1], remains=REMAINS[:1])}
    ),
    "with_a_reverse_of_nothing": plan(KEPT).model_copy(update={"reverse": Reverse(items=())}),
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
