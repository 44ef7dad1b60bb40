"""Windows Update policies (manual: Configure Windows update settings)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    Tag,
    model_validator,
)

from provisioner.resources import windows_update_policy as policy
from provisioner.resources import windows_update_simulated
from provisioner.resources.base import (
    Ask,
    Asking,
    Change,
    Changing,
    Facts,
    Machine,
    Observed,
    Refusal,
    Resource,
    Risk,
)
from provisioner.resources.comparing import differing
from provisioner.resources.windows_update_values import DISABLED, KEYS, NOT_CONFIGURED, WEEKS, numbers_for

_HOUR = r"^([01][0-9]|2[0-3]):00$"
_MODEL = ConfigDict(extra="forbid", frozen=True, strict=True)
_SCHEDULE = ("day", "time", "weeks")
_OPTIONS = (*_SCHEDULE, "during_maintenance", "other_microsoft_products")


def _whole_hour(declared: Any) -> Any:
    if isinstance(declared, str) and not re.fullmatch(_HOUR, declared):
        raise ValueError(
            f'{declared!r} is not a whole hour, and Windows knows only those: "00:00" to "23:00"'
        )
    return declared


def _one_of_three(declared: Any) -> Any:
    if not isinstance(declared, bool) and declared != NOT_CONFIGURED:
        raise ValueError("say true, false or not_configured, the three states of a policy")
    return declared


def _weeks(declared: Any) -> Any:
    """One complaint, where a union would make one for each of its sides."""
    if declared == "every":
        return declared
    if not isinstance(declared, list) or not declared or not set(map(str, declared)) <= set(WEEKS):
        raise ValueError(f"say `every`, or a list of {', '.join(WEEKS)}")
    if len(set(declared)) < len(declared):
        raise ValueError("a week of the month is listed twice")
    return declared


WholeHour = Annotated[
    str,
    BeforeValidator(_whole_hour),
    Field(
        pattern=_HOUR,
        description='A whole hour of the machine\'s local time, quoted: "00:00" to "23:00".',
    ),
]
State = Annotated[bool | Literal["not_configured"], BeforeValidator(_one_of_three)]
Weeks = Annotated[
    Literal["every"] | list[Literal["first", "second", "third", "fourth"]], BeforeValidator(_weeks)
]


class Restart(BaseModel):
    """Policy "Always automatically restart at the scheduled time"."""

    model_config = _MODEL

    always_at_scheduled_time: State = Field(
        description="true and false are the policy's Enabled and Disabled. Recordings stop during a restart."
    )
    delay_minutes: int | None = Field(
        default=None,
        ge=15,
        le=180,
        description="Minutes that users get to save their work; needed with true.",
    )

    @model_validator(mode="after")
    def _delay_belongs_to_enabled(self) -> Self:
        if (self.always_at_scheduled_time is True) != (self.delay_minutes is not None):
            raise ValueError(
                "`delay_minutes` is needed with `always_at_scheduled_time: true`, and only there"
            )
        return self


class ActiveHours(BaseModel):
    """Policy "Turn off auto-restart for updates during active hours"."""

    model_config = _MODEL

    start: WholeHour
    end: WholeHour

    @model_validator(mode="after")
    def _longest_span(self) -> Self:
        if not 1 <= (int(self.end[:2]) - int(self.start[:2])) % 24 <= 18:
            raise ValueError("active hours last at least 1 and at most 18 hours")
        return self


def _hours_or_word(declared: Any) -> str:
    return "hours" if isinstance(declared, (Mapping, ActiveHours)) else "word"


DeclaredHours = Annotated[
    Annotated[ActiveHours, Tag("hours")] | Annotated[Literal["disabled", "not_configured"], Tag("word")],
    Discriminator(_hours_or_word),
]


class WindowsUpdate(Resource):
    """The update policies of the local policy editor, and who decides over them."""

    kind: ClassVar = "windows_update"
    title: ClassVar = "Windows Update settings"
    not_taken_back: ClassVar[Mapping[str, str]] = {
        "policy_file": "the policy file said other than the registry, and the next refresh would have won"
    }
    examples: ClassVar[tuple[Mapping[str, Any], ...]] = (
        {
            "install": "scheduled",
            "day": "sunday",
            "time": "00:00",
            "restart": {"always_at_scheduled_time": True, "delay_minutes": 15},
            "install_minor_immediately": True,
        },
        {"install": "notify_before_install", "active_hours": {"start": "06:00", "end": "22:00"}},
        {
            "install": "scheduled",
            "day": "every_day",
            "time": "03:00",
            "weeks": ["first", "third"],
            "during_maintenance": False,
            "other_microsoft_products": True,
            "restart": {"always_at_scheduled_time": False},
            "active_hours": "not_configured",
        },
        {"install": "disabled"},
    )

    install: Literal[
        "scheduled", "notify_before_install", "notify_before_download", "disabled", "not_configured"
    ] = Field(default="not_configured", description="Policy Configure Automatic Updates.")
    day: (
        Literal["every_day", "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
        | None
    ) = Field(default=None, description="With `install: scheduled`.")
    time: WholeHour | None = Field(default=None, description="With `install: scheduled`. A whole hour.")
    weeks: Weeks | None = Field(
        default=None,
        description="With `install: scheduled`: weeks of the month. Windows 10 1709 and later.",
    )
    during_maintenance: bool | None = Field(
        default=None, description="Install during automatic maintenance instead of at the time."
    )
    other_microsoft_products: bool | None = Field(
        default=None, description="Also update other Microsoft products."
    )
    restart: Restart | None = None
    install_minor_immediately: State | None = Field(
        default=None,
        description="Policy Allow Automatic Updates immediate installation. No effect on Windows 10.",
    )
    active_hours: DeclaredHours | None = Field(
        default=None,
        description="No automatic restart between these hours. No effect while the machine always restarts.",
    )

    @model_validator(mode="after")
    def _options_belong_to_a_policy(self) -> Self:
        declared = self._declared()
        if self.install != "scheduled" and (found := [name for name in _SCHEDULE if name in declared]):
            raise ValueError(f"`{found[0]}` needs `install: scheduled`")
        enabled = self.install not in ("disabled", "not_configured")
        if not enabled and (found := [name for name in _OPTIONS if name in declared]):
            raise ValueError(f"`{found[0]}` needs `install` with one of the notify or scheduled values")
        return self

    def _declared(self) -> dict[str, JsonValue]:
        fields: dict[str, JsonValue] = self.model_dump(mode="json", exclude_unset=True, exclude_none=True)
        return fields

    def facts(self) -> Facts:
        """As declared; weeks in the order of the month. The policy file must say the same as the registry."""
        facts = self._declared()
        if isinstance(weeks := facts.get("weeks"), list):
            facts["weeks"] = [week for week in WEEKS if week in weeks]
        return facts | {"policy_file": policy.IN_STEP} if facts else facts

    def as_before(self, before: Facts) -> Mapping[str, JsonValue]:
        """Where the whole policy goes, its options go with it, declared or not: they are said again."""
        along = [name for name in _OPTIONS if before.get(name)] if self._sweeps() else []
        return {name: before.get(name) for name in (*sorted(self.model_fields_set), *along)}

    def takes_along(self, before: Facts) -> frozenset[str]:
        """A policy that is not configured has no options."""
        return frozenset(name for name in _OPTIONS if not before.get(name)) if self._sweeps() else frozenset()

    def _sweeps(self) -> bool:
        return "install" in self.model_fields_set and self.install in (DISABLED, NOT_CONFIGURED)

    def refuse(self, live: Observed) -> Refusal | None:
        """A domain wins over both the registry and the local file."""
        return policy.refuse(self.facts(), live)

    def risks(self, changed: frozenset[str]) -> tuple[Risk, ...]:
        """Recording stops during a restart by Windows Update (manual: Configure Windows update settings)."""
        switched_on = self.restart is not None and self.restart.always_at_scheduled_time is True
        return (Risk.STOPS_RECORDING,) if switched_on and "restart" in changed else ()

    @classmethod
    def read(cls, wanted: Sequence[Self]) -> Asking[Mapping[str, Observed]]:
        """The registry says what is in force, the policy file what the next refresh makes of it."""
        values: list[JsonValue] = [{"key": key, "name": name} for name, key in KEYS.items()]
        reply = yield Ask(cls.kind, {"values": values})
        declared = wanted[0].facts() if wanted else {}
        return {"": Observed(policy.live(reply.value, declared), reply.value)}

    def update(self, live: Observed) -> Changing[None]:
        """The registry and the policy file together, then a refresh."""
        facts = self.facts()
        changed = differing(facts, live.facts)
        writing = facts if "policy_file" in changed else {name: facts[name] for name in sorted(changed)}
        yield Change(self.kind, "update", policy.writing(numbers_for(writing), live.rests_on))

    @classmethod
    def simulate(
        cls, machine: Machine, verb: str, arguments: Mapping[str, JsonValue]
    ) -> Mapping[str, JsonValue]:
        """The policy keys and files on the lab's machine."""
        if verb == "read":
            return windows_update_simulated.read(machine, arguments)
        return windows_update_simulated.write(machine, arguments)
