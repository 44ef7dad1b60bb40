"""What a reading of the network means, in the manifest's words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue

_CATEGORIES = {"Private": "private", "Public": "public", "DomainAuthenticated": "domain"}


def live_facts(raw: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Empty where no adapter is meant."""
    setting: Mapping[str, Any] | None = raw["setting"]
    if setting is None:
        return {}
    gateways = setting["gateways"]
    return {
        "dhcp": _dhcp(setting),
        "address": _address(setting),
        "gateway": _one(gateways) if gateways else "none",
        "dns": name_servers(setting["stored"]["name_server"]) or "automatic",
        "category": _CATEGORIES.get(str(setting["category"])),
    }


def _dhcp(setting: Mapping[str, Any]) -> JsonValue:
    """Active and stored; where they part, the next start brings something else."""
    stored = bool(setting["stored"]["dhcp"] == 1)
    if stored != setting["dhcp"]:
        return f"{'on' if setting['dhcp'] else 'off'} now, {'on' if stored else 'off'} after a restart"
    return stored


def own_addresses(setting: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Without those that Windows gives itself where nobody answers (169.254.0.0/16)."""
    return [row for row in setting["addresses"] if not str(row["address"]).startswith("169.254.")]


def _address(setting: Mapping[str, Any]) -> JsonValue:
    rows = own_addresses(setting)
    shown = [_shown(row, setting) for row in rows]
    return _one(shown) if shown else None


def _shown(row: Mapping[str, Any], setting: Mapping[str, Any]) -> str:
    text = f"{row['address']}/{row['prefix']}"
    if row["state"] == "Duplicate":
        return f"{text} (another machine has it too)"
    lasting = setting["dhcp"] or row["address"] in (setting["stored"]["addresses"] or ())
    return text if lasting else f"{text} (not stored: lost at the next restart)"


def _one(values: Sequence[JsonValue]) -> JsonValue:
    return values[0] if len(values) == 1 else [*values]


def name_servers(stored: Any) -> list[JsonValue]:
    """Windows separates them by commas, other tools by spaces."""
    return [part for part in re.split(r"[,\s]+", str(stored or "")) if part]


def several_addresses(setting: Mapping[str, Any]) -> bool:
    """Whether there is more than one to restore."""
    return len(own_addresses(setting)) > 1 or len(setting["gateways"]) > 1
