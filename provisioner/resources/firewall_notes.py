"""What a plan says about a firewall rule besides its fields, and where a policy leaves it without effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.resources.base import Facts, Reason, Refusal
from provisioner.resources.firewall_text import PROFILES, Rule


def notes(raw: Mapping[str, Any], declared: Facts, live: Rule | None) -> tuple[str, ...]:
    """Of a rule that shall be there where it does not apply; of one that shall go, what is lost with it."""
    conditions = ", ".join(live.conditions) if live else ""
    if not declared:
        return _gone_for_good(live) if live else ()
    wanted: Any = declared["profiles"]
    managed = f"the rule has conditions that are not managed and stay: {conditions}"
    return (
        *_switched_off(raw["profiles"], wanted),
        *_on_another_network(raw["networks"], declared),
        *(managed,) * bool(conditions),
    )


def _gone_for_good(live: Rule) -> tuple[str, ...]:
    """A rollback makes the rule anew, of its fields alone."""
    lost = [f"its {name}" for name in live.besides]
    if live.conditions:
        lost.append(f"its conditions ({', '.join(live.conditions)})")
    return (f"a rollback does not bring back {', '.join(lost)}",) * bool(lost)


def refused_by_policy(raw: Mapping[str, Any], declared: Facts) -> Refusal | None:
    """Where no network is left on which Windows would look at the rule."""
    profiles: Any = declared["profiles"]
    if not declared["enabled"] or _unmerged(raw["profiles"], profiles) != profiles:
        return None
    return Refusal(
        Reason.OWNED_BY_DOMAIN_POLICY,
        f"a policy ignores the machine's own firewall rules on {_and(profiles)} networks",
        "Add the rule to that policy, or let the policy merge local rules (Apply local firewall rules: Yes).",
    )


def _switched_off(profiles: Mapping[str, Any], wanted: list[str]) -> tuple[str, ...]:
    off = [name for name in wanted if _is_on(profiles[name]) == 0]
    unmerged = _unmerged(profiles, wanted)
    said = []
    if off:
        said.append(f"the firewall is switched off on {_and(off)} networks, so no rule applies there")
    if unmerged:
        said.append(f"a policy ignores the machine's own firewall rules on {_and(unmerged)} networks")
    return tuple(said)


def _unmerged(profiles: Mapping[str, Any], wanted: list[str]) -> list[str]:
    return [name for name in wanted if profiles[name]["policy_local_rules"] == 0]


def _is_on(profile: Mapping[str, Any]) -> Any:
    return profile["on"] if profile["policy_on"] is None else profile["policy_on"]


def _on_another_network(networks: list[str], declared: Facts) -> tuple[str, ...]:
    """Windows takes a network that it cannot identify, for instance without gateway, for public."""
    profiles: Any = declared["profiles"]
    if "Public" not in networks or "public" in profiles or not declared["enabled"]:
        return ()
    return (
        "a network of this machine is public now, and there the rule does not apply: add `public`, or "
        "declare `network: {category: private}`",
    )


def _and(names: list[str]) -> str:
    return " and ".join(name for name in PROFILES if name in names)
