"""Power settings of the active plan (manual: First-time configuration, step 4)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from provisioner.resources import power_simulated
from provisioner.resources.base import (
    Ask,
    Asking,
    Change,
    Changing,
    Facts,
    Machine,
    Observed,
    Reason,
    Refusal,
    Resource,
)
from provisioner.resources.comparing import differing, owned_by_policy

SETTINGS: Mapping[str, tuple[str, str]] = {
    "sleep": ("238c9fa8-0aad-41ed-83f4-97be242c8f20", "29f6c1db-86da-48c5-9fdb-f2b67b1f44da"),
    "display_off": ("7516b95f-f776-4464-8c53-06167f40cc99", "3c0bc021-c8a8-4e07-a973-6b14cbcb2b7e"),
    "hibernate": ("238c9fa8-0aad-41ed-83f4-97be242c8f20", "9d7815a6-7ee4-497e-8888-515a05f02364"),
}
"""Subgroup and setting GUIDs: powercfg's aliases are unknown to some builds (STANDBYIDLE, VIDEOIDLE, ...)."""

SOURCES = ("ac", "dc")
_UNITS = {"s": 1, "min": 60, "h": 3600}
_DURATION = re.compile(r"(?P<number>[1-9][0-9]*) ?(?P<unit>s|min|h)")
_LARGEST = 0xFFFFFFFF


def seconds(duration: str) -> int:
    """`never` is 0, as in Windows; `30 min` is 1800. ValueError for anything else."""
    if duration == "never":
        return 0
    parts = _DURATION.fullmatch(duration)
    if not parts:
        raise ValueError(
            f"{duration!r} is no duration; write `never`, or a number with s, min or h: `30 min`"
        )
    amount = int(parts["number"]) * _UNITS[parts["unit"]]
    if amount > _LARGEST:
        raise ValueError(f"{duration!r} is more than Windows can hold; write `never` to switch it off")
    return amount


def _duration(declared: Any) -> Any:
    if isinstance(declared, int) and not isinstance(declared, bool):
        raise ValueError(f"{declared} has no unit; write `{declared} min`, or `never`")
    if isinstance(declared, str):
        seconds(declared)
    return declared


Duration = Annotated[
    str,
    BeforeValidator(_duration),
    Field(
        pattern=r"^(never|[1-9][0-9]* ?(s|min|h))$",
        description="`never`, or a number with its unit: `90 s`, `30 min`, `2 h`.",
    ),
]


class Timeouts(BaseModel):
    """After how long something happens: one duration, or apart for mains (`ac`) and battery (`dc`)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    both: Duration | None = Field(default=None, description="On every power source that the machine has.")
    ac: Duration | None = Field(default=None, description="On mains.")
    dc: Duration | None = Field(default=None, description="On battery; a machine without one is refused.")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.both is None) == (self.ac is None and self.dc is None):
            raise ValueError("say either one duration for every power source, or `ac` and `dc`")
        return self

    def normal(self) -> JsonValue:
        """Seconds; one number where one duration was declared."""
        if self.both is not None:
            return seconds(self.both)
        return {
            source: seconds(declared)
            for source, declared in (("ac", self.ac), ("dc", self.dc))
            if declared is not None
        }


def _one_for_both(declared: Any) -> Any:
    return declared if isinstance(declared, (Mapping, Timeouts)) else {"both": declared}


DeclaredTimeouts = Annotated[
    Timeouts, BeforeValidator(_one_for_both, json_schema_input_type=Duration | Timeouts)
]


class Power(Resource):
    """When the machine sleeps, hibernates and turns its displays off. Axis recommends never."""

    kind: ClassVar = "power"
    title: ClassVar = "Power settings"
    examples: ClassVar[tuple[Mapping[str, Any], ...]] = (
        {"sleep": "never", "display_off": "never"},
        {"sleep": {"ac": "never", "dc": "30 min"}, "display_off": "2 h", "hibernate": "never"},
        {"display_off": {"ac": "90 s"}},
    )

    sleep: DeclaredTimeouts | None = Field(default=None, description="Put the computer to sleep after.")
    display_off: DeclaredTimeouts | None = Field(default=None, description="Turn off the display after.")
    hibernate: DeclaredTimeouts | None = Field(default=None, description="Hibernate after.")

    def _declared(self) -> dict[str, Timeouts]:
        fields = {"sleep": self.sleep, "display_off": self.display_off, "hibernate": self.hibernate}
        return {name: timeouts for name, timeouts in fields.items() if timeouts}

    def facts(self) -> Facts:
        """In words, each duration in its largest whole unit: `never`, `30 min`, `2 h`."""
        return {name: _in_words(timeouts.normal()) for name, timeouts in self._declared().items()}

    def refuse(self, live: Observed) -> Refusal | None:
        """Settings that this machine lacks, and those that a policy holds."""
        raw: Mapping[str, Any] = live.rests_on
        changed = differing(self.facts(), live.facts)
        for name in sorted(changed):
            has = _in_force(raw["settings"][name])
            missing = [source for source in self._sources(name) if source not in has]
            if missing or not has:
                return _not_here(name, " and ".join(missing))
        owned = frozenset(name for name in changed if _policy(raw["settings"][name]))
        return owned_by_policy(owned, raw["part_of_domain"]) if owned else None

    def _sources(self, name: str) -> list[str]:
        normal = self._declared()[name].normal()
        return [*normal] if isinstance(normal, dict) else []

    def as_before(self, before: Facts) -> Mapping[str, JsonValue]:
        """Of the power sources that were declared; a machine without battery has one alone."""
        return {name: _only_declared(before.get(name), declared) for name, declared in self.facts().items()}

    @classmethod
    def read(cls, wanted: Sequence[Self]) -> Asking[Mapping[str, Observed]]:
        """On a machine without battery the DC rows do not exist (Win32_PowerSettingDataIndex)."""
        rows: list[JsonValue] = [
            {"name": name, "setting": setting} for name, (_, setting) in SETTINGS.items()
        ]
        reply = yield Ask(cls.kind, {"settings": rows})
        raw: Mapping[str, Any] = reply.value
        declared = wanted[0].facts() if wanted else {}
        facts: dict[str, JsonValue] = {"plan": raw["plan"]}
        for name in SETTINGS:
            live = _in_words(_in_force(raw["settings"][name]))
            facts[name] = _as_declared(live, declared.get(name))
        return {"": Observed(facts, reply.value)}

    def update(self, live: Observed) -> Changing[None]:
        """Only what differs, and only for power sources that the machine has."""
        raw: Mapping[str, Any] = live.rests_on
        rows: list[JsonValue] = []
        for name in sorted(differing(self.facts(), live.facts)):
            subgroup, setting = SETTINGS[name]
            wanted = self._declared()[name].normal()
            has = _in_force(raw["settings"][name])
            amounts = wanted if isinstance(wanted, dict) else dict.fromkeys(has, wanted)
            rows.append(
                {"subgroup": subgroup, "setting": setting, "ac": amounts.get("ac"), "dc": amounts.get("dc")}
            )
        yield Change(self.kind, "update", {"settings": rows})

    @classmethod
    def simulate(
        cls, machine: Machine, verb: str, arguments: Mapping[str, JsonValue]
    ) -> Mapping[str, JsonValue]:
        """The power classes and powercfg on the lab's machine."""
        if verb == "read":
            return power_simulated.read(machine, arguments)
        return power_simulated.write(machine, arguments)


def _policy(row: Mapping[str, Any]) -> dict[str, int]:
    return {source: row[f"policy_{source}"] for source in SOURCES if row[f"policy_{source}"] is not None}


def _in_force(row: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Seconds by power source; a policy's value hides the plan's."""
    policy = _policy(row)
    return {source: policy.get(source, row[source]) for source in SOURCES if row[source] is not None}


def _in_words(amounts: JsonValue) -> JsonValue:
    if isinstance(amounts, dict):
        return {source: _in_words(amount) for source, amount in amounts.items()}
    if not isinstance(amounts, int) or amounts == 0:
        return "never" if amounts == 0 else amounts
    unit, size = next((unit, size) for unit, size in reversed(_UNITS.items()) if amounts % size == 0)
    return f"{amounts // size} {unit}"


def _as_declared(live: JsonValue, declared: JsonValue) -> JsonValue:
    """One duration where one was declared and every power source has the same; else each by itself."""
    if isinstance(declared, str) and isinstance(live, dict) and len(set(map(str, live.values()))) == 1:
        return next(iter(live.values()))
    return live


def _only_declared(before: JsonValue, declared: JsonValue) -> JsonValue:
    if not isinstance(before, dict) or not isinstance(declared, dict):
        return before
    return {source: before[source] for source in declared if before.get(source) is not None}


def _not_here(name: str, sources: str) -> Refusal:
    lacking = f"no {name} timeout on {sources} power" if sources else f"no {name} timeout"
    return Refusal(
        Reason.NOT_ON_THIS_HOST,
        f"this machine has {lacking}",
        "Declare one duration for every power source it has, or leave the setting out.",
    )
