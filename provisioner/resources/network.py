"""How a machine is on the network (manual: First-time configuration, step 3, Network settings)."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from provisioner.resources import network_declared as declared
from provisioner.resources import network_refusals as refusals
from provisioner.resources import network_simulated
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
    Surroundings,
    Verb,
)
from provisioner.resources.comparing import differing
from provisioner.resources.network_live import live_facts, several_addresses

CHANGE_TASK = network_simulated.CHANGE_TASK
REVERT_TASK = network_simulated.REVERT_TASK
STARTUP_TASK = network_simulated.STARTUP_TASK
DEFAULT_CONFIRM_MINUTES = 10
_CATEGORIES = {"private": "Private", "public": "Public"}
_ADDRESSING = frozenset({"dhcp", "address", "gateway"})


Ipv4 = Annotated[str, AfterValidator(declared.ipv4)]


class Adapter(BaseModel):
    """Which network adapter is meant."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    mac: Annotated[str, AfterValidator(declared.mac)] | None = Field(
        default=None, description="By its MAC address, which no language and nobody at the machine changes."
    )
    name: str | None = Field(default=None, min_length=1, description="By its name in Windows.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.mac is None) == (self.name is None):
            raise ValueError("say either `mac` or `name`; or `up` for the only adapter that is connected")
        return self


class Network(Resource):
    """Address, name servers and category of one adapter, changed so that the machine finds its way back."""

    kind: ClassVar = "network"
    title: ClassVar = "Network settings"
    verbs: ClassVar[tuple[Verb, ...]] = ("change", "confirm", "forget")
    transactional: ClassVar = True
    examples: ClassVar[tuple[Mapping[str, Any], ...]] = (
        {"address": "192.0.2.21/24", "gateway": "192.0.2.1", "dns": ["192.0.2.2", "192.0.2.3"]},
        {"dhcp": True, "dns": ["192.0.2.2"], "category": "private", "confirm_minutes": 5},
        {"adapter": {"name": "Ethernet"}, "address": "192.0.2.22/25", "gateway": "none", "dns": "automatic"},
    )

    adapter: Literal["up"] | Adapter | None = Field(
        default=None, description="Which adapter: `up` (the only one that is connected), `mac` or `name`."
    )
    address: Annotated[str, AfterValidator(declared.interface)] | None = Field(
        default=None, description="Static IPv4 address with its prefix: `192.0.2.21/24`."
    )
    dhcp: Annotated[Literal[True], BeforeValidator(declared.really_dhcp)] | None = Field(
        default=None, description="Take address and gateway from the DHCP server."
    )
    gateway: Annotated[str, AfterValidator(declared.gateway)] | None = Field(
        default=None, description="The router in the same subnet, or `none`."
    )
    dns: Annotated[list[Ipv4], Field(min_length=1)] | Literal["automatic"] | None = Field(
        default=None, description="Name servers in order, or `automatic` for those of the DHCP server."
    )
    category: Literal["private", "public"] | None = Field(
        default=None, description="Which profile of the firewall applies."
    )
    confirm_minutes: int | None = Field(
        default=None,
        ge=2,
        le=60,
        description="The machine takes a change back unless it is reached at its new address in so many "
        "minutes. 10 if not said.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.address and self.dhcp:
            raise ValueError("`address` and `dhcp` exclude each other; keep one")
        if self.dhcp and self.gateway:
            raise ValueError("with `dhcp` the DHCP server says the gateway; leave `gateway` out")
        if (self.address is None) != (self.gateway is None):
            raise ValueError("`address` and `gateway` belong together; a network without router has `none`")
        if not self.facts():
            raise ValueError("it says nothing of the network; say `address`, `dhcp`, `dns` or `category`")
        if self.address and self.gateway not in (None, "none"):
            declared.check_gateway(ipaddress.IPv4Interface(self.address), ipaddress.IPv4Address(self.gateway))
        return self

    @property
    def confirm_seconds(self) -> int:
        """How long the machine waits for us."""
        return (self.confirm_minutes or DEFAULT_CONFIRM_MINUTES) * 60

    def facts(self) -> Facts:
        """How a change is confirmed is no state of the machine."""
        facts: dict[str, JsonValue] = {}
        if self.dhcp:
            facts["dhcp"] = True
        if self.address:
            facts |= {"dhcp": False, "address": self.address, "gateway": self.gateway}
        if self.dns is not None:
            facts["dns"] = self.dns if self.dns == "automatic" else [*self.dns]
        if self.category is not None:
            facts["category"] = self.category
        return facts

    def refuse(self, live: Observed) -> Refusal | None:
        """No such adapter, or a state that could not be restored."""
        raw: Mapping[str, Any] = live.rests_on
        if raw["guid"] is None:
            return refusals.no_adapter(raw)
        changed = differing(self.facts(), live.facts)
        if "category" in changed and live.facts["category"] in ("domain", None):
            return refusals.not_this_category(live.facts["category"])
        if changed & _ADDRESSING and several_addresses(raw["setting"]):
            return refusals.several(raw["setting"])
        if changed & _ADDRESSING and live.facts["dhcp"] is not True and live.facts["address"] is None:
            return refusals.nothing_to_restore()
        return None

    def guard(self, live: Observed, around: Surroundings) -> Refusal | None:
        """One change at a time, and none after which the manifest's own address would lead nowhere."""
        if refusals.is_under_way(around.host.network_change):
            return refusals.pending(around.host.network_change)
        where = around.way_in.addresses[0]
        later = self.address or (str(live.facts.get("address")) if self.adapter in (None, "up") else None)
        moves_by_lease = self.dhcp and live.facts.get("dhcp") is not True
        if later and not moves_by_lease and refusals.is_ip(where) and where != later.partition("/")[0]:
            return refusals.unfindable(where, later)
        if self.category == "public" and live.facts.get("category") != "public":
            return refusals.shut_out()
        moves = bool(differing(self.facts(), live.facts) & _ADDRESSING)
        if moves and around.way_in.https and not around.way_in.pinned and len(around.way_in.addresses) > 1:
            return refusals.certificate_of_another(where)
        return None

    def risks(self, changed: frozenset[str]) -> tuple[Risk, ...]:
        """Every change here goes over the very connection that it changes."""
        return (Risk.CUTS_WAY_IN,)

    def as_before(self, before: Facts) -> Mapping[str, JsonValue]:
        """The same adapter, with a lease or an address as it had one."""
        said = self.model_dump(mode="json", exclude_none=True, include={"adapter", "confirm_minutes"})
        said |= {name: before.get(name) for name in ("dns", "category") if getattr(self, name) is not None}
        if self.address is None and self.dhcp is None:
            return said
        if before.get("dhcp") is True:
            return said | {"dhcp": True}
        return said | {"address": before.get("address"), "gateway": before.get("gateway")}

    def takes_along(self, before: Facts) -> frozenset[str]:
        """A lease brings its address and its router."""
        return frozenset({"address", "gateway"}) if self.dhcp else frozenset()

    @classmethod
    def read(cls, wanted: Sequence[Self]) -> Asking[Mapping[str, Observed]]:
        """What is active now and what the next start takes; a lease is not a static address."""
        one = wanted[0] if wanted else cls(dhcp=True)
        reply = yield Ask(cls.kind, one._selector())
        facts = live_facts(reply.value)
        return {"": Observed(facts, reply.value, notes=one._notes(facts, reply.value))}

    def _selector(self) -> dict[str, JsonValue]:
        if isinstance(self.adapter, Adapter):
            by = "mac" if self.adapter.mac else "name"
            return {"by": by, "value": self.adapter.mac or self.adapter.name}
        return {"by": "up", "value": None}

    def _notes(self, facts: Facts, raw: Mapping[str, Any]) -> tuple[str, ...]:
        changed = differing(self.facts(), facts)
        notes = []
        if self.dhcp and "dhcp" in changed:
            notes.append("the DHCP server must have a reservation of `connect.address` for this machine")
        if "dns" in changed and raw["part_of_domain"]:
            notes.append("a domain member that asks other name servers than its domain's loses the domain")
        return tuple(notes)

    def update(self, live: Observed) -> Changing[None]:
        """Arm the way back, then change; all in one call that ends before anything changes."""
        raw: Mapping[str, Any] = live.rests_on
        changed = differing(self.facts(), live.facts)
        transaction = secrets.token_hex(6)
        moves = bool(changed & _ADDRESSING)
        setting = raw["setting"]
        before = network_simulated.snapshot(
            raw["guid"], setting, address=moves, dns="dns" in changed, category=moves or "category" in changed
        )
        yield Change(
            self.kind,
            "change",
            {
                "id": transaction,
                "confirm_seconds": self.confirm_seconds,
                "task_script": task_script(),
                "guid": raw["guid"],
                "address": self._addressing() if moves else None,
                "dns": {"servers": self._servers()} if "dns" in changed else None,
                "category": self._category(setting, changed),
                "before": {"id": transaction, **before},
            },
        )

    def _category(self, setting: Mapping[str, Any], changed: frozenset[str]) -> JsonValue:
        """Also the one that it has: Windows may take a network with another router for a new, public one."""
        if self.category:
            moves = changed & (_ADDRESSING | {"category"})
            return _CATEGORIES[self.category] if moves else None
        kept = changed & _ADDRESSING and self.gateway != "none"
        return network_simulated.settable_category(setting) if kept else None

    def _addressing(self) -> JsonValue:
        if self.address is None:
            return {"dhcp": True, "address": None, "prefix": None, "gateway": None}
        address, _, prefix = self.address.partition("/")
        gateway = None if self.gateway == "none" else self.gateway
        return {"dhcp": False, "address": address, "prefix": int(prefix), "gateway": gateway}

    def _servers(self) -> list[JsonValue]:
        return [*self.dns] if isinstance(self.dns, list) else []

    @classmethod
    def simulate(
        cls, machine: Machine, verb: str, arguments: Mapping[str, JsonValue]
    ) -> Mapping[str, JsonValue]:
        """The network commands and scheduled tasks on the lab's machine."""
        if verb == "read":
            return network_simulated.read(machine, arguments)
        return network_simulated.write(machine, verb, arguments)


@cache
def task_script() -> str:
    """The script that the machine keeps and runs as its own: it changes, and it takes back."""
    return files("provisioner.resources").joinpath("network_task.ps1").read_text("ascii")


def confirm(transaction: str) -> Changing[None]:
    """The machine was reached at its new address: nothing is taken back any more."""
    yield Change(Network.kind, "confirm", {"id": transaction})


def forget() -> Changing[None]:
    """Clear away what a change that was taken back has left."""
    yield Change(Network.kind, "forget", {})
