"""What a kind of setting is: a strict desired model, lenient live facts, and described calls.

A kind performs nothing. Its `read`, `create`, `update` and `delete` are generators that yield a call and
receive the reply, so one engine can drive the conversations of many kinds side by side and send whatever
is waiting as one request. `read` may yield only `Ask`; a link built for asking has no way to carry a
`Change` (design: promise 1).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Literal, Protocol, Self, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, model_validator
from pydantic.json_schema import JsonSchemaValue

from provisioner.resources.host_facts import HostFacts, WayIn

Facts: TypeAlias = Mapping[str, JsonValue]
Verb: TypeAlias = Literal["create", "update", "delete", "restart", "change", "confirm", "forget"]
T = TypeVar("T")


@dataclass(frozen=True)
class Secret:
    """A reference to a secret. Only a link ever sees the value, while it writes bytes."""

    source: Literal["env", "file", "command"]
    name: str | tuple[str, ...]


@dataclass(frozen=True)
class ClockOffset:
    """Stands for the host's clock minus ours, in whole milliseconds, as the link last measured it: what is
    certain of it, the end nearest zero, so that a correction never goes past the right time.

    A plan holds no measured quantity, so the figure is put in by the link like a secret is.
    """


Argument: TypeAlias = "JsonValue | Secret | ClockOffset"


@dataclass(frozen=True)
class Ask:
    """A call of the read script `<script>.read.ps1`. Has no effect on the host."""

    script: str
    arguments: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True)
class Compare:
    """Whether `digest` was made of this secret: PBKDF2 with HMAC-SHA-256, `salt` and `digest` as hex.

    No host hears of it: the link answers, with `{"same": true}`, `false`, or null where the secret cannot
    be followed here.
    """

    secret: Secret
    salt: str
    iterations: int
    digest: str


@dataclass(frozen=True)
class Change:
    """A call of the write script `<script>.write.ps1` with one verb."""

    script: str
    verb: Verb
    arguments: Mapping[str, Argument] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """What a script returned, and what it tells of the host's clock (milliseconds).

    The host stamps its time after our request left and before the answer arrives, so its clock minus ours
    lies between `clock_offset_ms`, as if it had stamped at the arrival, and that plus `clock_slack_ms`, as
    if at the departure. The first is near the truth where the network is fast; the slack also holds the
    time that PowerShell took to start.
    """

    value: Mapping[str, JsonValue]
    clock_offset_ms: int | None = None
    clock_slack_ms: int = 0


Asking: TypeAlias = Generator[Ask | Compare, Reply, T]
Changing: TypeAlias = Generator[Change, Reply, T]


@dataclass(frozen=True)
class Observed:
    """One thing as it is on the host.

    `facts` are in the manifest's words. `rests_on` is the reply in Windows' words, exactly as the same read
    of this one thing would answer again: the host compares it before a step writes, and answers *moved*
    where it no longer holds, but for its fields `aside`: what a plan must know and no step rests on, since an
    earlier step of the same run may change it. Neither holds a measured quantity. `notes` are said in the
    plan: what could not be compared, what a change will take along.
    """

    facts: Facts
    rests_on: Mapping[str, JsonValue]
    present: bool = True
    notes: tuple[str, ...] = ()


class Risk(StrEnum):
    """What a change may cost the site. Views sort and warn by it."""

    RESTART = "restart"
    STOPS_RECORDING = "stops_recording"
    CUTS_WAY_IN = "cuts_way_in"
    RIGHTS_GAINED = "rights_gained"
    MOVES_CLOCK = "moves_clock"


class Reason(StrEnum):
    """Why an item has its action. An enum, so that programs can read it; views hold the words."""

    AS_DECLARED = "as_declared"
    DIFFERS = "differs"
    MISSING = "missing"
    DECLARED_ABSENT = "declared_absent"
    RESTART_PENDING = "restart_pending"
    INTERRUPTED_RUN = "interrupted_run"
    READ_FAILED = "read_failed"
    HOST_UNREACHABLE = "host_unreachable"
    LOGIN_REFUSED = "login_refused"
    CERTIFICATE_REFUSED = "certificate_refused"
    OWNED_BY_DOMAIN_POLICY = "owned_by_domain_policy"
    NOT_ON_THIS_HOST = "not_on_this_host"
    GUARD = "guard"
    WRITE_FILTER = "write_filter"
    NOT_ELEVATED = "not_elevated"
    NOT_64_BIT = "not_64_bit"


@dataclass(frozen=True)
class Refusal:
    """Why an item may not be changed as declared, and what to do instead."""

    reason: Reason
    what: str
    next_step: str


class Machine(Protocol):
    """The simulated Windows machine as a kind's `simulate` sees it: one JSON document of places.

    A place is a path of keys (`"registry", r"HKLM\\SOFTWARE\\X", "Name"`); keys compare without case, as
    Windows does. Every `put` and `drop` that is called is one counted write.
    """

    def get(self, *place: str) -> JsonValue:
        """The value there (a copy), or None."""

    def put(self, *place: str, value: JsonValue) -> None:
        """Write a value, making the objects on the way."""

    def drop(self, *place: str) -> None:
        """Remove it; nothing happens when it is not there."""

    def now_ms(self) -> int:
        """The machine's own clock, UTC, milliseconds since 1970."""

    def restart(self, delay_seconds: int) -> None:
        """Go down after that many seconds and come up again with a new boot time."""

    def start_task(self, name: str) -> None:
        """Run a scheduled task's action, from now on and beside everything else."""


class ScriptFailure(Exception):
    """Raised by `simulate` where the real script would throw: PowerShell's error id and message."""

    def __init__(self, error_id: str, message: str) -> None:
        super().__init__(message)
        self.error_id = error_id
        self.message = message


class Resource(BaseModel):
    """Base of every kind. Subclasses add pydantic fields: what can be declared, strict and described."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: ClassVar[str]
    """Name of the section in the manifest, of the module and of its scripts."""
    title: ClassVar[str]
    """The kind in the words of the Axis manual, for people."""
    section: ClassVar[str] = ""
    """For a kind of which a host may have several: the name of its list in the manifest."""
    verbs: ClassVar[tuple[Verb, ...]] = ("update",)
    """What its write script can do."""
    transactional: ClassVar[bool] = False
    """Whether the host takes a change back by itself unless it is confirmed over a new connection."""
    confidential: ClassVar[frozenset[str]] = frozenset()
    """Keys of the raw reply whose values a plan keeps by their SHA-256 alone."""
    shorthand: ClassVar[str | None] = None
    """A field that may be written alone: `computer_name: X` for `computer_name: {name: X}`."""
    not_taken_back: ClassVar[Mapping[str, str]] = {}
    """Why a fact can never be taken back, where it is more than that no declaration says it."""
    examples: ClassVar[tuple[Mapping[str, Any], ...]]
    """Declarations that are valid, for the reference page and the contract tests."""

    @model_validator(mode="before")
    @classmethod
    def _expand_shorthand(cls, declared: Any) -> Any:
        if cls.shorthand and not isinstance(declared, (dict, cls)):
            return {cls.shorthand: declared}
        return declared

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> JsonSchemaValue:
        schema: JsonSchemaValue = handler(core_schema)
        if cls.shorthand:
            whole = handler.resolve_ref_schema(schema)
            return {"anyOf": [whole["properties"][cls.shorthand], schema]}
        return schema

    @property
    def key(self) -> str:
        """Tells items of one kind on one host apart, in normal form; empty where there is only one."""
        return ""

    @classmethod
    def place(cls) -> str:
        """Its key in the manifest of a host."""
        return cls.section or cls.kind

    @property
    def gone(self) -> bool:
        """Whether the item is declared absent."""
        return False

    @property
    def needs(self) -> tuple[str, ...]:
        """Addresses (`host/kind` or `host/kind/key`) of items that must be done before this one."""
        return ()

    def facts(self) -> Facts:
        """The declared fields, and only those, in the normal form in which live facts are compared."""
        return self.model_dump(mode="json", exclude_unset=True)

    def refuse(self, live: Observed) -> Refusal | None:
        """Why this host cannot or must not become as declared; asked only where something differs."""
        return None

    def guard(self, live: Observed, around: Surroundings) -> Refusal | None:
        """Why the change would lock people or us out; asked for each create, update and delete."""
        return None

    def risks(self, changed: frozenset[str]) -> tuple[Risk, ...]:
        """What writing these top-level fields may cost."""
        return ()

    def risks_around(self, changed: frozenset[str], around: Surroundings) -> tuple[Risk, ...]:
        """What writing these fields may cost besides, as the host and all else that is declared stand."""
        return ()

    def restart_pending(self, live: Observed) -> bool:
        """Whether the declared state is written but takes effect only with a restart."""
        return False

    def as_before(self, before: Facts) -> Mapping[str, JsonValue]:
        """A declaration, not yet checked, that says of all that this one changes what these facts say."""
        names = type(self).model_fields if self.gone else self.model_fields_set
        return {name: before[name] for name in names if name in before}

    def takes_along(self, before: Facts) -> frozenset[str]:
        """Facts that become as before with this declaration though it does not name them."""
        return frozenset()

    def apart_from(self, gone: frozenset[str]) -> tuple[Self, Mapping[str, JsonValue]]:
        """The same without what names items (`kind/key`) that do not come back, and what that is by field."""
        return self, {}

    @classmethod
    def read(cls, wanted: Sequence[Self]) -> Asking[Mapping[str, Observed]]:
        """Ask once for all wanted items of this kind on one host; answer by key."""
        raise NotImplementedError
        yield

    def create(self) -> Changing[None]:
        """Bring a missing item into being."""
        raise NotImplementedError
        yield

    def update(self, live: Observed) -> Changing[None]:
        """Write what is declared and differs."""
        raise NotImplementedError
        yield

    def delete(self, live: Observed) -> Changing[None]:
        """Remove the item."""
        raise NotImplementedError
        yield

    @classmethod
    def simulate(
        cls, machine: Machine, verb: str, arguments: Mapping[str, JsonValue]
    ) -> Mapping[str, JsonValue]:
        """Play `<kind>.read.ps1` (verb "read") or `<kind>.write.ps1` on the lab's machine.

        Raises `ScriptFailure` where the script would throw.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Surroundings:
    """What a guard looks at besides its own item: the host, our way in, and all else that is declared."""

    host: HostFacts
    way_in: WayIn
    declared: Sequence[Resource]
    observed: Mapping[tuple[str, str], Observed]
    """By kind and key."""
