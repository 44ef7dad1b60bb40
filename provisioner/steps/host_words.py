"""What a plan shows of a host itself, and what a restart of it would interrupt. Pure."""

from __future__ import annotations

from pydantic import JsonValue

from provisioner.resources.host_facts import HostFacts


def shown(facts: HostFacts) -> dict[str, JsonValue]:
    """For the plan. Null is unknown; empty text and an empty list are none."""
    pending, services = facts.pending_restart, facts.axis_services
    return {
        "manufacturer": facts.manufacturer,
        "model": facts.model,
        "serial": facts.serial,
        "bios_version": facts.bios_version,
        "bios_date": facts.bios_date,
        "windows": facts.windows,
        "edition": facts.edition,
        "build": facts.build,
        "domain": facts.domain,
        "pending_restart": None if pending is None else [*pending],
        "write_filter": facts.write_filter,
        "write_filter_next": facts.write_filter_next,
        "logged_on": facts.logged_on,
        "axis_services": None if services is None else [*services],
        "network_change": None if facts.network_change is None else dict(facts.network_change),
    }


def interrupted(facts: HostFacts) -> str:
    """Whom and what a restart hits, in words; empty where it hits nobody that we know of."""
    parts = [f"{facts.logged_on} is logged on"] if facts.logged_on else []
    if facts.axis_services:
        services = ", ".join(facts.axis_services)
        parts.append(f"AXIS services run, and recording stops with them: {services}")
    return "; ".join(parts)
