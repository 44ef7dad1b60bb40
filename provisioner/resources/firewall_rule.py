"""One rule of the Windows Firewall (manual: NAT and Firewall; Server port configuration)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, model_validator

from provisioner.resources import firewall_rule_simulated, firewall_way_in
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
    Risk,
    Surroundings,
)
from provisioner.resources.comparing import owned_by_policy
from provisioner.resources.firewall_notes import notes, refused_by_policy
from provisioner.resources.firewall_text import (
    PROFILES,
    Rule,
    is_address,
    normal_addresses,
    normal_ports,
    normal_profiles,
    rule_of,
)
from provisioner.resources.listed import Listed

ACS_PORTS = (55752, 55754, 55756, 55757)
"""HTTP, TCP, mobile communication, mobile streaming (manual: Server port configuration)."""
_PRESETS: Mapping[str, Mapping[str, Any]] = {
    "camera_station": {
        "name": "provisioner-camera-station",
        "display_name": "AXIS Camera Station server",
        "protocol": "tcp",
        "local_ports": [*ACS_PORTS],
    }
}
_RANGE = r"^[0-9]{1,5}-[0-9]{1,5}$"
_TOP = 65_535
_DEFAULT_PROFILES = ("domain", "private")
_ONLY_DECLARED = frozenset({"display_name", "program"})
"""Fields that stay as they are where they are not declared."""
_OF_ABSENT = frozenset({"absent", "name", "preset"})
"""All that may be said of a rule that shall be gone."""
_WORDS = {"any": "Any", "local_subnet": "LocalSubnet"}


def _port(declared: Any) -> Any:
    first, last = (
        (declared, declared)
        if isinstance(declared, int)
        else map(int, declared.split("-"))
        if isinstance(declared, str) and re.fullmatch(_RANGE, declared)
        else (0, 0)
    )
    if isinstance(declared, bool) or not 1 <= first <= last <= _TOP:
        raise ValueError(f"{declared!r} is no port; write a number from 1 to {_TOP}, or a range: `5000-5010`")
    return declared


def _address(declared: str) -> str:
    if declared not in _WORDS and not is_address(declared):
        raise ValueError(
            f"{declared!r} is no address; write `any`, `local_subnet`, an address, a network (192.0.2.0/24) "
            "or a range (192.0.2.10-192.0.2.20)"
        )
    return declared


def _profiles(declared: Any) -> Any:
    return [*PROFILES] if declared == "any" else declared


def _alone(declared: list[str]) -> list[str]:
    if "any" in declared and len(declared) > 1:
        raise ValueError("`any` stands alone; leave the other addresses out")
    return declared


Profile = Literal["domain", "private", "public"]
Profiles = Annotated[
    Annotated[list[Profile], Field(min_length=1)],
    BeforeValidator(
        _profiles, json_schema_input_type=Literal["any"] | Annotated[list[Profile], Field(min_length=1)]
    ),
]
Port = Annotated[
    int | Annotated[str, Field(pattern=_RANGE)],
    BeforeValidator(_port, json_schema_input_type=int | Annotated[str, Field(pattern=_RANGE)]),
]


class FirewallRule(Listed):
    """One rule of this machine's Windows Firewall. Rules of other names are never touched.

    A rule is declared whole: what is left out of direction, protocol, profiles, remote addresses, action and
    enabled has the default that is named there.
    """

    kind: ClassVar = "firewall_rule"
    title: ClassVar = "NAT and Firewall"
    section: ClassVar = "firewall_rules"
    shorthand: ClassVar = "preset"
    examples: ClassVar[tuple[Mapping[str, Any], ...]] = (
        {"preset": "camera_station", "remote_addresses": ["192.0.2.0/24", "local_subnet"]},
        {
            "name": "provisioner-rtsp",
            "display_name": "Video streams",
            "direction": "in",
            "protocol": "tcp",
            "local_ports": [554, "5000-5010"],
            "profiles": "any",
            "remote_addresses": ["198.51.100.7", "192.0.2.10-192.0.2.20", "2001:db8::/32"],
            "program": r"C:\Program Files\Axis Communications\AXIS Camera Station\AcsService.exe",
            "action": "allow",
            "enabled": True,
        },
        {"name": "RemoteDesktop-UserMode-In-TCP", "absent": True},
    )

    preset: Literal["camera_station"] | None = Field(
        default=None,
        description="`camera_station`: name (`provisioner-camera-station`), display name, protocol and the "
        "four ports of an AXIS Camera Station server (55752, 55754, 55756, 55757), unless declared here; one "
        "rule. Only a machine that runs the server needs it. `- camera_station` alone is the same.",
    )
    name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9{][A-Za-z0-9._{}-]{0,199}$",
        description="Windows' own Name of the rule (Get-NetFirewallRule -Name), which no language changes. "
        "Needed without a preset.",
    )
    display_name: str | None = Field(
        default=None,
        pattern=r"^[^|\x00-\x1f]{1,200}$",
        description="What people see. Default for a new rule: its name. Compared only where declared.",
    )
    direction: Literal["in", "out"] = Field(default="in", description="Default `in`.")
    protocol: Literal["tcp", "udp"] = Field(default="tcp", description="Default `tcp`.")
    local_ports: list[Port] | None = Field(
        default=None, min_length=1, description="Ports of this machine: numbers, or ranges as `5000-5010`."
    )
    profiles: Profiles | None = Field(
        default=None,
        description="Networks on which it applies; `any` is all three. Default `[domain, private]`.",
    )
    remote_addresses: (
        Annotated[list[Annotated[str, AfterValidator(_address)]], AfterValidator(_alone)] | None
    ) = Field(
        default=None,
        min_length=1,
        description="Who is at the other end: `any` (default), `local_subnet`, addresses, networks, ranges.",
    )
    program: str | None = Field(
        default=None,
        pattern=r"^(any|System|[A-Za-z%][^|\x00-\x1f\"]*)$",
        description="Path of the program that it is for, or `any`. Compared only where declared.",
    )
    action: Literal["allow", "block"] = Field(
        default="allow", description="Default `allow`. Windows lets a block win over every allow."
    )
    enabled: bool = Field(default=True, description="Default true.")

    @model_validator(mode="before")
    @classmethod
    def _expand_preset(cls, declared: Any) -> Any:
        given = {"preset": declared} if isinstance(declared, str) else declared
        if not isinstance(given, Mapping):
            return given
        preset = _PRESETS.get(str(given.get("preset")), {})
        if given.get("absent") is not True:
            return {**preset, **given}
        said = [name for name in cls.model_fields if given.get(name) is not None and name not in _OF_ABSENT]
        if said:
            raise ValueError(f"`absent` stands alone with `name` or `preset`; leave out {', '.join(said)}")
        return {**{name: preset[name] for name in preset if name == "name"}, **given}

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.name is None:
            raise ValueError("say the rule's `name`, or `preset: camera_station`")
        if self.local_ports is None and not self.gone:
            raise ValueError("say `local_ports`, as a list: [55752]")
        return self

    @property
    def key(self) -> str:
        """Its Name; Windows compares it without case."""
        return str(self.name).casefold()

    def facts(self) -> Facts:
        """The whole rule in normal form; display name and program only where declared."""
        if self.gone:
            return {}
        facts: dict[str, JsonValue] = {
            "direction": self.direction,
            "protocol": self.protocol,
            "local_ports": [*normal_ports(self.local_ports or ())],
            "profiles": [*normal_profiles(self.profiles or _DEFAULT_PROFILES)],
            "remote_addresses": [*normal_addresses(self.remote_addresses or ("any",))],
            "action": self.action,
            "enabled": self.enabled,
        }
        named = {"display_name": self.display_name, "program": self.program}
        return facts | {name: value for name, value in named.items() if value is not None}

    def as_before(self, before: Facts) -> Mapping[str, JsonValue]:
        """The whole rule under its name, since what is left out has a default."""
        kept = frozenset() if self.gone else _ONLY_DECLARED - self.model_fields_set
        said = {name: before[name] for name in type(self).model_fields if name in before and name not in kept}
        return {"name": self.name, **said}

    def refuse(self, live: Observed) -> Refusal | None:
        """A rule that a policy brings, networks where a policy ignores ours, and no firewall at all."""
        raw: Mapping[str, Any] = live.rests_on
        if _row(raw)["policy"] is not None:
            return owned_by_policy(frozenset({"this rule"}), raw["part_of_domain"])
        if not raw["service_running"]:
            return Refusal(
                Reason.NOT_ON_THIS_HOST,
                "the service of the Windows Firewall (mpssvc) is not running, so no rule can be changed",
                "Start it on the machine (it starts by itself unless somebody disabled it), and run again.",
            )
        return None if self.gone else refused_by_policy(raw, self.facts())

    def guard(self, live: Observed, around: Surroundings) -> Refusal | None:
        """Our own way in must stay open. What is refused for a change is so for a removal."""
        after = None if self.gone else _after(self, live)
        return self.refuse(live) or firewall_way_in.guard(self.key, live, after, around)

    def risks(self, changed: frozenset[str]) -> tuple[Risk, ...]:
        """A block may take away more than was meant."""
        return (Risk.CUTS_WAY_IN,) if self.action == "block" and not self.gone and changed else ()

    @classmethod
    def read(cls, wanted: Sequence[Self]) -> Asking[Mapping[str, Observed]]:
        """The rules' texts from the registry: the firewall's own commands take a minute for a few rules."""
        names: list[JsonValue] = [str(rule.name) for rule in wanted]
        reply = yield Ask(cls.kind, {"names": names})
        return {rule.key: rule._observed(reply.value) for rule in wanted}

    def _observed(self, raw: Mapping[str, Any]) -> Observed:
        row = raw["rules"][self.name]
        # As a read of this rule alone answers.
        rests_on = {**raw, "rules": {self.name: row}}
        text = row["policy"] if row["policy"] is not None else row["text"]
        if text is None:
            return Observed({}, rests_on, present=False, notes=notes(raw, self.facts(), None))
        rule = rule_of(text)
        return Observed(_facts(rule, self), rests_on, notes=notes(raw, self.facts(), rule))

    def create(self) -> Changing[None]:
        """All of it; the Name is what people see where nothing else was declared."""
        rule = self._arguments()
        yield Change(self.kind, "create", {**rule, "display_name": self.display_name or str(self.name)})

    def update(self, live: Observed) -> Changing[None]:
        """All of it: each parameter replaces what was there, and description and group stay."""
        yield Change(self.kind, "update", self._arguments())

    def delete(self, live: Observed) -> Changing[None]:
        """By its Name."""
        yield Change(self.kind, "delete", {"name": self.name})

    def _arguments(self) -> dict[str, JsonValue]:
        facts: Mapping[str, Any] = self.facts()
        profiles = facts["profiles"]
        return {
            "name": self.name,
            "display_name": self.display_name,
            "direction": {"in": "Inbound", "out": "Outbound"}[self.direction],
            "protocol": self.protocol.upper(),
            "local_ports": [str(port) for port in facts["local_ports"]],
            "profiles": [name.title() for name in profiles] if len(profiles) < len(PROFILES) else ["Any"],
            "remote_addresses": [_WORDS.get(word, word) for word in facts["remote_addresses"]],
            "program": "Any" if self.program == "any" else self.program,
            "action": self.action.title(),
            "enabled": str(self.enabled),
        }

    @classmethod
    def simulate(
        cls, machine: Machine, verb: str, arguments: Mapping[str, JsonValue]
    ) -> Mapping[str, JsonValue]:
        """The rules of the lab's machine."""
        return firewall_rule_simulated.play(machine, verb, arguments)


def _row(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    (row,) = raw["rules"].values()
    return row  # type: ignore[no-any-return]


def _facts(rule: Rule, declared: FirewallRule) -> dict[str, JsonValue]:
    """Paths compare without case, so a program that is the declared one is shown as declared."""
    program = declared.program or ""
    same = rule.program.casefold() == program.casefold()
    return {
        "display_name": rule.display_name,
        "direction": rule.direction,
        "protocol": rule.protocol,
        "local_ports": [*rule.local_ports],
        "profiles": [*rule.profiles],
        "remote_addresses": [*rule.remote_addresses],
        "program": program if same else rule.program,
        "action": rule.action,
        "enabled": rule.enabled,
    }


def _after(declared: FirewallRule, live: Observed) -> firewall_way_in.Reach:
    """What the rule will let in; a program that is not declared stays."""
    facts: Mapping[str, Any] = {**live.facts, "program": live.facts.get("program", "any"), **declared.facts()}
    return firewall_way_in.Reach.of_facts(facts)
