"""Whether a change of a firewall rule would close the port through which we come in.

From which address we come is not known here (there may be NAT in between), so any narrowing counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, ip_network
from typing import Any, Self

from provisioner.resources.base import Observed, Reason, Refusal, Surroundings
from provisioner.resources.comparing import differing
from provisioner.resources.firewall_text import PROFILES, Rule, port_range, rule_of

_WHOLE_MACHINE = ("any", "system")
"""WinRM is served by the kernel (http.sys), whose program is System."""


@dataclass(frozen=True)
class Reach:
    """What a rule lets in or keeps out."""

    direction: str
    protocol: str
    local_ports: tuple[int | str, ...]
    profiles: frozenset[str]
    remote_addresses: tuple[str, ...]
    program: str
    action: str
    enabled: bool

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Self:
        """From declared or live facts."""
        return cls(
            facts["direction"],
            facts["protocol"],
            tuple(facts["local_ports"]),
            frozenset(facts["profiles"]),
            tuple(facts["remote_addresses"]),
            facts["program"],
            facts["action"],
            facts["enabled"],
        )

    @classmethod
    def of_rule(cls, rule: Rule) -> Self:
        """From Windows' text."""
        return cls.of_facts(vars(rule))

    def covers(self, port: int) -> bool:
        """Whether it is about connections that come in to this port of the machine."""
        about = self.enabled and self.direction == "in" and self.protocol in ("tcp", "any")
        ranges = (port_range(text) for text in self.local_ports)
        inside = any(span[0] <= port <= span[1] for span in ranges if span)
        return about and inside and self.program.casefold() in _WHOLE_MACHINE


def guard(key: str, live: Observed, after: Reach | None, around: Surroundings) -> Refusal | None:
    """`after` is what the rule is to become, None where it is to go."""
    port = around.way_in.port
    if after is not None and after.action == "block" and after.covers(port):
        return Refusal(
            Reason.GUARD,
            f"the rule blocks port {port}, over which this host is reached; a block wins over every allow",
            f"Leave {port} out of `local_ports`. To keep others away, narrow the rule that allows it.",
        )
    lost = _lost_profiles(live, after, port)
    if not lost:
        return None
    now = Reach.of_facts(live.facts)
    wide = (reach for reach in _others(key, around) if _as_wide(now, reach))
    kept = frozenset[str]().union(*(reach.profiles for reach in wide))
    return None if lost <= kept else _closes(port, lost - kept, now.remote_addresses)


def _closes(port: int, profiles: frozenset[str], addresses: tuple[str, ...]) -> Refusal:
    named = " and ".join(name for name in PROFILES if name in profiles)
    return Refusal(
        Reason.GUARD,
        f"the rule lets us in over port {port} on {named} networks, and would no longer do so as widely",
        f"First declare a rule of another name that allows {port} there for no fewer addresses "
        f"(`remote_addresses: [{', '.join(addresses)}]`) and apply that; then run this again. Or connect "
        "over another port.",
    )


def _lost_profiles(live: Observed, after: Reach | None, port: int) -> frozenset[str]:
    """Where the rule lets us in now and would no longer do so, or not from everywhere."""
    if not live.present:
        return frozenset()
    now = Reach.of_facts(live.facts)
    if now.action != "allow" or not now.covers(port):
        return frozenset()
    if after is None or after.action != "allow" or not after.covers(port) or not _as_wide(now, after):
        return now.profiles
    return now.profiles - after.profiles


def _as_wide(now: Reach, after: Reach) -> bool:
    """Whether all who reach us through the one do through the other; where that is not known, no."""
    if "any" in after.remote_addresses:
        return True
    return all(
        address in after.remote_addresses or _inside(address, after.remote_addresses)
        for address in now.remote_addresses
    )


def _inside(address: str, others: tuple[str, ...]) -> bool:
    inner = _network(address)
    outer = [network for network in map(_network, others) if network is not None]
    if inner is None:
        return False
    return any(inner.subnet_of(network) for network in outer if network.version == inner.version)


def _network(address: str) -> Any:
    try:
        network: IPv4Network | Any = ip_network(address)
    except ValueError:
        return None
    return network


def _others(key: str, around: Surroundings) -> Iterator[Reach]:
    """Declared rules besides this one that let us in now and stay as they are.

    Those that this run changes do not count: the run might end between the two.
    """
    for rule in around.declared:
        seen = around.observed.get((rule.kind, rule.key))
        if rule.kind != "firewall_rule" or rule.key == key or seen is None or not seen.present or rule.gone:
            continue
        if not differing(rule.facts(), seen.facts):
            yield from _open(rule_seen(seen), around.way_in.port)


def _open(rule: Rule, port: int) -> Iterator[Reach]:
    reach = Reach.of_rule(rule)
    if reach.action == "allow" and reach.covers(port) and not rule.conditions:
        yield reach


def rule_seen(seen: Observed) -> Rule:
    """The rule as the host's reply says it."""
    raw: Mapping[str, Any] = seen.rests_on
    (row,) = raw["rules"].values()
    return rule_of(row["policy"] if row["policy"] is not None else row["text"])
