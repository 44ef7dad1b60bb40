"""Where declared facts and live facts part: only what is declared counts."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from provisioner.resources.base import Facts, Reason, Refusal


def differs(declared: JsonValue, live: JsonValue) -> bool:
    """Objects are compared by their declared keys, everything else as a whole."""
    if isinstance(declared, Mapping) and isinstance(live, Mapping):
        return any(differs(value, live.get(name)) for name, value in declared.items())
    return declared != live


def differing(declared: Facts, live: Facts) -> frozenset[str]:
    """The top-level fields that are not as declared."""
    return frozenset(name for name, value in declared.items() if differs(value, live.get(name)))


def owned_by_policy(fields: frozenset[str], part_of_domain: bool) -> Refusal:
    """A policy writes these fields again at its next refresh, so we would change them for ever."""
    named = ", ".join(sorted(fields))
    if part_of_domain:
        return Refusal(
            Reason.OWNED_BY_DOMAIN_POLICY,
            f"a domain policy sets {named}",
            "Change the policy in the domain, or declare here what it says.",
        )
    return Refusal(
        Reason.GUARD,
        f"a local policy sets {named}",
        "Set the policy to Not configured on the machine (gpedit.msc), or declare here what it says.",
    )
