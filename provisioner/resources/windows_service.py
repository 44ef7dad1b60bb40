"""How Windows services start, and whether they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, JsonValue, model_validator

from provisioner.resources import windows_service_simulated
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
    Risk,
    Surroundings,
)
from provisioner.resources.comparing import differing
from provisioner.resources.windows_service_needed import why_needed

Start = Literal["automatic", "automatic_delayed", "manual", "disabled"]
_START = {"Auto": "automatic", "Manual": "manual", "Disabled": "disabled"}
_SC_START: Mapping[Start, str] = {
    "automatic": "auto",
    "automatic_delayed": "delayed-auto",
    "manual": "demand",
    "disabled": "disabled",
}


class WindowsService(Resource):
    """A service that is installed. None is made or removed here: that is the affair of its program."""

    kind: ClassVar = "windows_service"
    section: ClassVar = "windows_services"
    title: ClassVar = "Windows services"
    examples: ClassVar[tuple[Mapping[str, Any], ...]] = (
        {"name": "BITS", "start": "automatic_delayed", "running": True},
        {"name": "Spooler", "start": "disabled", "running": False},
        {"name": "termservice", "start": "automatic"},
    )

    name: str = Field(
        pattern=r"^[A-Za-z0-9_.$()]([A-Za-z0-9_.$() -]{0,254}[A-Za-z0-9_.$()-])?$",
        description="The service's own name, like `Spooler`; not the display name, which is translated.",
    )
    start: Start | None = Field(default=None, description="When Windows starts it.")
    running: bool | None = Field(default=None, description="Whether it runs.")

    @model_validator(mode="after")
    def _sayable(self) -> Self:
        if self.start is None and self.running is None:
            raise ValueError("say how the service starts (`start`), whether it runs (`running`), or both")
        if self.start == "disabled" and self.running:
            raise ValueError("a disabled service cannot be started; say `running: false`, or another `start`")
        return self

    @property
    def key(self) -> str:
        """Windows looks past case."""
        return self.name.casefold()

    def facts(self) -> Facts:
        """Without the name: it is the key."""
        return self.model_dump(mode="json", exclude_none=True, exclude={"name"})

    def refuse(self, live: Observed) -> Refusal | None:
        """A service that is not there, one that cannot start, one that others need."""
        if not live.present:
            return Refusal(
                Reason.NOT_ON_THIS_HOST,
                f"there is no service {self.name} on this host",
                "Install the program that brings it, correct the name (`sc.exe query` lists them; the "
                "display name is another one), or leave it out.",
            )
        changed = differing(self.facts(), live.facts)
        if "running" in changed and self.running and self.start is None and live.facts["start"] == "disabled":
            return Refusal(
                Reason.GUARD,
                f"{self.name} is disabled, and a disabled service cannot be started",
                "Declare its `start` too, as `manual` or `automatic`.",
            )
        return self._needed_by_others(live) if "running" in changed and self.running is False else None

    def _needed_by_others(self, live: Observed) -> Refusal | None:
        rows: Any = live.rests_on["services"]
        dependents = rows[self.key]["dependents"]
        if not dependents:
            return None
        return Refusal(
            Reason.GUARD,
            f"these services run and depend on {self.name}: {', '.join(dependents)}",
            "Declare them with `running: false` and apply once, then stop this one; or let it run.",
        )

    def guard(self, live: Observed, around: Surroundings) -> Refusal | None:
        """Services without which we, or what else is declared, would not work."""
        return why_needed(self.key, self.start, self.running, around)

    def risks_around(self, changed: frozenset[str], around: Surroundings) -> tuple[Risk, ...]:
        """Recording stops with a service of Axis: at once, or with the next restart."""
        stops = ("running" in changed and self.running is False) or (
            "start" in changed and self.start in ("manual", "disabled")
        )
        theirs = around.host.axis_services
        # Where it is not known which they are, this may be one of them.
        one_of_them = theirs is None or self.key in map(str.casefold, theirs)
        return (Risk.STOPS_RECORDING,) if stops and one_of_them else ()

    def as_before(self, before: Facts) -> Mapping[str, JsonValue]:
        """One that was disabled while it ran cannot be started again as it was."""
        said = super().as_before(before)
        stays = before.get("start") == "disabled" and before.get("running") is True
        return {name: value for name, value in said.items() if not (stays and name == "running")}

    @classmethod
    def read(cls, wanted: Sequence[Self]) -> Asking[Mapping[str, Observed]]:
        """What depends on a service is asked only of those that shall stop."""
        rows: list[JsonValue] = [{"name": one.key, "dependents": one.running is False} for one in wanted]
        reply = yield Ask(cls.kind, {"services": rows})
        found: Any = reply.value["services"]
        return {one.key: _observed(one.key, found[one.key]) for one in wanted}

    def update(self, live: Observed) -> Changing[None]:
        """Only what differs."""
        changed = differing(self.facts(), live.facts)
        start = _SC_START[self.start] if self.start and "start" in changed else None
        running = self.running if "running" in changed else None
        yield Change(self.kind, "update", {"name": self.key, "start": start, "running": running})

    def create(self) -> Changing[None]:
        """Never reached: a service that is not there is refused. Kept so that the engine may ask."""
        start = _SC_START[self.start] if self.start else None
        yield Change(self.kind, "update", {"name": self.key, "start": start, "running": self.running})

    @classmethod
    def simulate(
        cls, machine: Machine, verb: str, arguments: Mapping[str, JsonValue]
    ) -> Mapping[str, JsonValue]:
        """The service control manager of the lab's machine."""
        if verb == "read":
            return windows_service_simulated.read(machine, arguments)
        return windows_service_simulated.write(machine, arguments)


def _observed(key: str, row: Any) -> Observed:
    rests_on = {"services": {key: row}}
    if row is None:
        return Observed({}, rests_on, present=False)
    delayed = row["start"] == "Auto" and row["delayed"]
    facts: Facts = {
        "start": "automatic_delayed" if delayed else _START.get(row["start"], str(row["start"]).casefold()),
        "running": row["state"] == "Running",
    }
    by_itself = ("Windows starts and stops this service by events too (sc.exe qtriggerinfo shows them)",)
    return Observed(facts, rests_on, notes=by_itself if row["triggered"] else ())
