"""The plan as a value with a JSON form. Its schema is published as `schemas/plan.schema.json`."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from provisioner.resources.base import Reason, Risk


class Action(StrEnum):
    """What a run would do with an item."""

    KEEP = "keep"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    OPERATOR_STEP = "operator_step"
    REFUSED = "refused"
    UNKNOWN = "unknown"


WRITING = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE})


class Cause(StrEnum):
    """Why an item differs, by our record on the host."""

    CHANGED_BY_HAND = "changed_by_hand"
    MANIFEST_CHANGED = "manifest_changed"
    BOTH = "both"
    ROLLED_BACK = "rolled_back"
    NEVER_APPLIED = "never_applied"


class Value(BaseModel):
    """Frozen, and strict about its fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldChange(Value):
    """One field that differs, in the manifest's words."""

    field: str
    before: JsonValue
    after: JsonValue


class Item(Value):
    """One declared thing and what a run would do with it. Holds no measured quantity and no secret."""

    address: str
    host: str
    kind: str
    key: str = ""
    action: Action
    reason: Reason
    changes: tuple[FieldChange, ...] = ()
    risks: tuple[Risk, ...] = ()
    restart: Literal["no", "needed", "pending"] = "no"
    cause: Cause | None = None
    what: str = Field("", description="Why it is refused or unknown, in words.")
    next_step: str = ""
    notes: tuple[str, ...] = Field((), description="What else there is to know, in words.")
    rests_on: Mapping[str, JsonValue] = Field(
        default_factory=dict, description="The live facts in Windows' words that the change rests on."
    )


class Remains(Value):
    """Something that a rollback leaves as the run made it: for a person, or for nobody."""

    address: str
    host: str
    field: str = Field("", description="Empty where the whole thing is meant.")
    before: JsonValue = None
    what: str = Field(description="Why, in words.")


class Reverse(Value):
    """What a rollback of an apply of the plan would do."""

    items: tuple[Item, ...]
    remains: tuple[Remains, ...] = ()


class PlannedHost(Value):
    """One host: whether it answered, and what an earlier run left there."""

    name: str
    state: Literal["answered", "unreachable", "login_refused", "certificate_refused", "failed"]
    what: str = ""
    next_step: str = ""
    left_over: str = Field(
        "", description="Id of an interrupted run whose run file the next apply takes over."
    )
    left_over_results: Mapping[str, str] = Field(default_factory=dict, description="Its results by address.")
    facts: Mapping[str, JsonValue] = Field(
        default_factory=dict,
        description="The machine itself as it was read; null is unknown. Nothing is planned by them, and no "
        "digest covers them.",
    )
    network_change: Literal["", "pending", "ended", "unknown"] = Field(
        "", description="A change of its network that waits for its confirmation, or was taken back."
    )
    network_change_what: str = ""

    @property
    def leaves_something(self) -> bool:
        """Whether the next apply has something of ours to clear away there."""
        return bool(self.left_over) or self.network_change == "ended"


class PlannedSite(Value):
    """What the plan was made from."""

    name: str
    path: str
    digest: str = Field(description="SHA-256 of the effective manifest.")


class Wire(Value):
    """What one host cost, by protocol."""

    protocol: Literal["winrm", "acs", "vapix", "rtsp"]
    addresses: tuple[str, ...] = ()
    connections: int = 0
    requests: int = Field(0, description="HTTP requests, handshakes included.")
    extra: int = Field(0, description="Receives before a command was done, and polls for a restart.")
    bytes_sent: int = 0
    bytes_received: int = 0


class Run(Value):
    """What differs between two runs over the same world; no digest covers it."""

    id: str
    started: str = Field(description="UTC, ISO 8601.")
    commit: str = ""
    takes_back: str = Field("", description="Id of the run that this one takes back.")
    lab: bool = Field(False, description="Whether a lab was contacted instead of the site.")
    machines: Mapping[str, str] = Field(default_factory=dict, description="MachineGuid by host name.")
    wire: Mapping[str, Wire] = Field(default_factory=dict, description="By `<host name>/<protocol>`.")


_NOT_SEALED: Any = {"run": True, "digest": True, "hosts": {"__all__": {"facts"}}}
"""Who is logged on, or what waits for a restart, may be another thing when the plan is applied."""


class Plan(Value):
    """What would be done to make the site as declared."""

    format: Literal["provisioner-plan/1"] = "provisioner-plan/1"
    site: PlannedSite
    summary: Mapping[str, int]
    hosts: tuple[PlannedHost, ...]
    items: tuple[Item, ...]
    remains: tuple[Remains, ...] = Field((), description="What a rollback cannot take back.")
    reverse: Reverse | None = Field(None, description="With `plan --reverse`.")
    digest: str = Field(
        "", description="SHA-256 over all but `run`, the hosts' facts and itself: an edited plan is refused."
    )
    run: Run

    def sealed(self) -> Plan:
        """The same with its digest."""
        return self.model_copy(update={"digest": self.content_digest()})

    def content_digest(self) -> str:
        """What `digest` must be."""
        content = self.model_dump(mode="json", exclude=_NOT_SEALED)
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def by_host(self) -> dict[str, list[Item]]:
        """The items of every host, in plan order."""
        groups: dict[str, list[Item]] = {host.name: [] for host in self.hosts}
        for item in self.items:
            groups.setdefault(item.host, []).append(item)
        return groups

    @property
    def writes(self) -> bool:
        """Whether an apply would write anything, our own leftovers included."""
        return any(item.action in WRITING for item in self.items) or any(
            host.leaves_something for host in self.hosts
        )


def summary(items: tuple[Item, ...]) -> dict[str, int]:
    """Items by action, and how many wait for a restart."""
    counts = Counter(item.action for item in items)
    pending = sum(item.restart == "pending" for item in items)
    return {action.value: counts[action] for action in Action} | {"restart_pending": pending}


def plan_schema() -> dict[str, Any]:
    """JSON Schema of the plan's JSON form."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Plan.model_json_schema()}
