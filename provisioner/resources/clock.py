"""Time zone and clock (manual: First-time configuration, step 2, Date and time)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, model_validator

from provisioner.resources import clock_simulated, ntp_peers
from provisioner.resources.base import (
    Ask,
    Asking,
    Change,
    Changing,
    ClockOffset,
    Facts,
    Machine,
    Observed,
    Reason,
    Refusal,
    Reply,
    Resource,
    Risk,
)
from provisioner.resources.clock_measured import within
from provisioner.resources.comparing import differing, owned_by_policy
from provisioner.resources.time_zones import as_known, windows_id

MAX_CORRECTION_MS = 54_000_000
"""w32time corrects at most 15 hours (MaxPosPhaseCorrection of a stand-alone machine); beyond, it gives up."""
ALWAYS_ON: Facts = {"start": "automatic", "delayed": False, "running": True, "triggered": False}
"""A workgroup PC starts w32time on *domain joined* and stops it again, so NTP would run once a week."""

_VERDICTS = frozenset({"in_tolerance", "within_ntp_reach"})
_SYNCHRONISING = frozenset({"mode", "ntp", "poll_seconds", "service"}) | _VERDICTS
_MODES = {"ntp": "ntp", "nosync": "manual", "nt5ds": "domain", "allsync": "domain_and_ntp"}
_START = {"Auto": "automatic", "Manual": "manual", "Disabled": "disabled"}


def _known_zone(name: str) -> str:
    windows_id(name)
    return name


def _no_moment(declared: Any) -> Any:
    if declared is not True:
        raise ValueError(
            "a date and time in a file is wrong the moment it is written; say `manual: true`, and the "
            "machine's clock is set by the clock of the one that runs provisioner"
        )
    return declared


class Clock(Resource):
    """Where the machine takes its time from, and how it shows it."""

    kind: ClassVar = "clock"
    title: ClassVar = "Date and time"
    not_taken_back: ClassVar[Mapping[str, str]] = {
        "service": "how the time service started is not declared by itself",
        "within_ntp_reach": "a clock is not set back to a wrong time",
        "in_tolerance": "a clock is not set back to a wrong time",
    }
    examples: ClassVar[tuple[Mapping[str, Any], ...]] = (
        {"time_zone": "Europe/Stockholm", "ntp": ["ntp.harbour.example"]},
        {
            "time_zone": "Pacific Standard Time",
            "daylight_saving": False,
            "manual": True,
            "tolerance_seconds": 2,
        },
        {"ntp": ["192.0.2.123", {"host": "time.harbour.example", "fallback": True}], "poll_seconds": 1024},
    )

    time_zone: (
        Annotated[
            str,
            AfterValidator(_known_zone),
            Field(description="IANA name (Europe/Stockholm) or Windows id (W. Europe Standard Time)."),
        ]
        | None
    ) = None
    daylight_saving: bool | None = Field(
        default=None, description="Whether the clock follows daylight saving time."
    )
    ntp: (
        Annotated[
            list[ntp_peers.DeclaredServer],
            Field(
                min_length=1,
                description="Time servers in order: one, or at least three; of two the second is a fallback.",
            ),
            AfterValidator(ntp_peers.check_servers),
        ]
        | None
    ) = None
    poll_seconds: int | None = Field(
        default=None,
        ge=1024,
        le=32768,
        description="Seconds between questions to a server. Windows silently clamps to 1024..32768.",
    )
    manual: (
        Annotated[
            Literal[True],
            BeforeValidator(_no_moment),
            Field(description="No NTP; the clock stays within `tolerance_seconds` of the controller's UTC."),
        ]
        | None
    ) = None
    tolerance_seconds: int | None = Field(
        default=None, ge=1, description="With `manual`: how far off the clock may be, seconds. 5 if not said."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.ntp and self.manual:
            raise ValueError("`ntp` and `manual` exclude each other; keep one")
        if self.poll_seconds is not None and not self.ntp:
            raise ValueError("`poll_seconds` needs `ntp`")
        if self.tolerance_seconds is not None and not self.manual:
            raise ValueError("`tolerance_seconds` needs `manual: true`")
        return self

    def facts(self) -> Facts:
        """Windows ids and `host,flags`; of the clock itself only the verdict, never the figure."""
        facts: dict[str, JsonValue] = {}
        if self.time_zone is not None:
            facts["time_zone"] = windows_id(self.time_zone)
        if self.daylight_saving is not None:
            facts["daylight_saving"] = self.daylight_saving
        if self.ntp:
            servers: list[JsonValue] = [*ntp_peers.peers(self.ntp)]
            facts |= {"mode": "ntp", "ntp": servers, "service": dict(ALWAYS_ON), "within_ntp_reach": True}
        if self.poll_seconds is not None:
            facts["poll_seconds"] = self.poll_seconds
        if self.manual:
            facts |= {"mode": "manual", "in_tolerance": True}
        return facts

    def refuse(self, live: Observed) -> Refusal | None:
        """Unknown zones, clocks of a domain, and values that a policy writes again."""
        changed = differing(self.facts(), live.facts)
        raw: Mapping[str, Any] = live.rests_on
        if "time_zone" in changed and raw["zone_listed"] is False:
            return _zone_missing(str(self.facts()["time_zone"]))
        if any(live.facts.get(verdict, True) is None for verdict in changed & _VERDICTS):
            return _not_measured()
        if owned := changed & frozenset(_by_policy(raw)):
            return owned_by_policy(owned, raw["part_of_domain"])
        if raw["part_of_domain"] and changed & _SYNCHRONISING:
            return _clock_of_the_domain()
        return None

    def risks(self, changed: frozenset[str]) -> tuple[Risk, ...]:
        """A clock that is set jumps: recordings get a gap or an overlap, Kerberos tickets may expire."""
        return (Risk.MOVES_CLOCK,) if changed & _VERDICTS else ()

    def as_before(self, before: Facts) -> Mapping[str, JsonValue]:
        """Zone and source; servers come back with their flags said outright."""
        declared = {
            name: before.get(name)
            for name in ("time_zone", "daylight_saving")
            if getattr(self, name) is not None
        }
        if self.manual and before["mode"] == "manual":
            return declared | {"manual": True, "tolerance_seconds": self.tolerance_seconds}
        if self.ntp and before["mode"] == "manual":
            # As far off as it may have been under NTP too: taking back a source moves no clock.
            return declared | {"manual": True, "tolerance_seconds": MAX_CORRECTION_MS // 1000}
        if (self.ntp or self.manual) and before["mode"] == "ntp":
            poll = before.get("poll_seconds") if self.poll_seconds is not None else None
            return declared | {"ntp": ntp_peers.declared(before["ntp"]), "poll_seconds": poll}
        return declared

    @classmethod
    def read(cls, wanted: Sequence[Self]) -> Asking[Mapping[str, Observed]]:
        """The registry answers with the time service stopped too; w32tm's own texts are translated."""
        one = wanted[0] if wanted else None
        zone = one.facts().get("time_zone") if one else None
        reply = yield Ask(cls.kind, {"zone": zone})
        facts = _live(reply.value)
        return {"": Observed(facts | (one._verdicts(reply) if one else {}), reply.value)}

    def _verdicts(self, reply: Reply) -> dict[str, JsonValue]:
        allowed = {
            "within_ntp_reach": MAX_CORRECTION_MS if self.ntp else None,
            "in_tolerance": (self.tolerance_seconds or 5) * 1000 if self.manual else None,
        }
        return {verdict: within(reply, limit) for verdict, limit in allowed.items() if limit is not None}

    def update(self, live: Observed) -> Changing[None]:
        """Zone, then where time comes from, then the clock itself; each only where it differs."""
        facts, changed = self.facts(), differing(self.facts(), live.facts)
        synchronise = bool(changed & (_SYNCHRONISING - {"in_tolerance"}))
        yield Change(
            self.kind,
            "update",
            {
                "zone": self._zone_argument(live) if changed & {"time_zone", "daylight_saving"} else None,
                "mode": facts["mode"] if synchronise else None,
                "peers": " ".join(ntp_peers.peers(self.ntp)) if self.ntp else None,
                "poll_seconds": self.poll_seconds,
                "clock_offset_ms": ClockOffset() if changed & _VERDICTS else None,
            },
        )

    def _zone_argument(self, live: Observed) -> str:
        # tzutil sets zone and daylight saving in one word; what is not declared must stay as it is.
        wanted: Mapping[str, JsonValue] = {**live.facts, **self.facts()}
        return f"{wanted['time_zone']}{'' if wanted['daylight_saving'] else '_dstoff'}"

    @classmethod
    def simulate(
        cls, machine: Machine, verb: str, arguments: Mapping[str, JsonValue]
    ) -> Mapping[str, JsonValue]:
        """tzutil, w32tm, sc.exe and Set-Date on the lab's machine."""
        if verb == "read":
            return clock_simulated.read(machine, arguments)
        return clock_simulated.write(machine, arguments)


def _live(raw: Mapping[str, Any]) -> dict[str, JsonValue]:
    """What is in force: a policy's value where there is one, else the service's."""
    ntp: Mapping[str, Any] = raw["ntp"]
    force = {name: ntp[name] if value is None else value for name, value in raw["ntp_policy"].items()}
    mode = _MODES.get(str(force["type"]).casefold(), str(force["type"]))
    service = raw["service"]
    return {
        # The value was seen with NUL bytes and rubbish behind the id (tzlocal).
        "time_zone": as_known(str(raw["zone"]).partition("\0")[0]),
        "daylight_saving": not raw["daylight_disabled"],
        "mode": "client_off" if mode == "ntp" and force["client_enabled"] == 0 else mode,
        "ntp": [*ntp_peers.live_peers(str(force["servers"] or ""))],
        "poll_seconds": force["poll_seconds"],
        "service": {**service, "start": _START.get(service["start"], service["start"])},
        "zone_follows_location": raw["zone_follows_location"],
    }


def _by_policy(raw: Mapping[str, Any]) -> list[str]:
    fields = {"type": "mode", "client_enabled": "mode", "servers": "ntp", "poll_seconds": "poll_seconds"}
    return [fields[name] for name, value in raw["ntp_policy"].items() if value is not None]


def _zone_missing(zone: str) -> Refusal:
    return Refusal(
        Reason.NOT_ON_THIS_HOST,
        f"this Windows does not list the time zone {zone!r}",
        "Install the Windows update that brings it, or declare a zone that `tzutil /l` lists there.",
    )


def _not_measured() -> Refusal:
    return Refusal(
        Reason.READ_FAILED,
        "how far the clock is off could not be measured",
        "Run again; if it stays so, compare the clock on the machine by hand.",
    )


def _clock_of_the_domain() -> Refusal:
    return Refusal(
        Reason.GUARD,
        "the machine is a domain member and takes its time from the domain; another source breaks its logons",
        "Leave `ntp` and `manual` out for this host, and set the time on the domain controller.",
    )
