"""Who has an account on a delivered terminal, in which groups, and with which profile."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

NORMAL, NO_PASSWORD_NEEDED, NEVER_EXPIRES = 0x200, 0x20, 0x10000
"""Bits of UserFlags (lmaccess.h); whether an account is enabled stands by itself."""
DELIVERED_MS = 1_700_000_000_000
"""When the passwords were set (UTC, ms since 1970): on 2023-11-14, whenever the lab starts."""


def machine_sid(draw: str) -> str:
    """The SID below which a machine's own accounts lie."""
    drawn = sha256(draw.encode()).digest()
    return "S-1-5-21-" + "-".join(str(int.from_bytes(drawn[at : at + 4], "little")) for at in (0, 4, 8))


def people(machine: str, accounts: Mapping[str, str]) -> dict[str, Any]:
    """Built-in accounts by their relative ids, two undeclared users, and those that may log on."""
    rows = _built_in(machine)
    rows[f"{machine}-1001"] = _account("Operator", NORMAL, DELIVERED_MS)
    rows[f"{machine}-1002"] = _account("AxisService", NORMAL | NEVER_EXPIRES, DELIVERED_MS)
    administrators = [f"{machine}-500"]
    for rid, (name, nt_hash) in enumerate(accounts.items(), start=1003):
        sid = next((sid for sid, row in rows.items() if row["name"] == name), f"{machine}-{rid}")
        row = rows.get(sid) or _account(name, NORMAL | NEVER_EXPIRES, DELIVERED_MS)
        rows[sid] = row | {"enabled": True, "password": nt_hash, "password_last_set": DELIVERED_MS}
        administrators.append(sid)
    return {
        "accounts": rows,
        "groups": _groups(machine, list(dict.fromkeys(administrators))),
        "profiles": {
            f"{machine}-1001": {"path": "C:\\Users\\Operator", "loaded": False},
            f"{machine}-1002": {"path": "C:\\Users\\AxisService", "loaded": False},
        },
    }


def _account(name: str, flags: int, last_set: int | None, *, enabled: bool = True) -> dict[str, Any]:
    return {
        "name": name,
        "enabled": enabled,
        "full_name": "",
        "description": "",
        "flags": flags,
        "password_last_set": last_set,
    }


def _built_in(machine: str) -> dict[str, Any]:
    names = {
        500: ("Administrator", NORMAL | NEVER_EXPIRES),
        501: ("Guest", NORMAL | NEVER_EXPIRES | NO_PASSWORD_NEEDED),
        503: ("DefaultAccount", NORMAL | NEVER_EXPIRES | NO_PASSWORD_NEEDED),
        504: ("WDAGUtilityAccount", NORMAL),
    }
    return {
        f"{machine}-{rid}": _account(name, flags, None, enabled=False) for rid, (name, flags) in names.items()
    }


def _groups(machine: str, administrators: list[str]) -> dict[str, Any]:
    members = {
        "S-1-5-32-544": ("Administrators", administrators),
        "S-1-5-32-545": ("Users", [f"{machine}-1001", f"{machine}-1002"]),
        "S-1-5-32-546": ("Guests", [f"{machine}-501"]),
        "S-1-5-32-555": ("Remote Desktop Users", []),
        "S-1-5-32-580": ("Remote Management Users", []),
    }
    return {sid: {"name": name, "members": inside} for sid, (name, inside) in members.items()}
