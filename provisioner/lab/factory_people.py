"""Who there is on a factory-new terminal: accounts and groups by SID, named in its language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ADMINISTRATORS, USERS, GUESTS = "S-1-5-32-544", "S-1-5-32-545", "S-1-5-32-546"
REMOTE_DESKTOP, REMOTE_MANAGEMENT = "S-1-5-32-555", "S-1-5-32-580"
INTERACTIVE, AUTHENTICATED = "S-1-5-4", "S-1-5-11"

_GROUPS: Mapping[str, tuple[str, ...]] = {
    "en-US": ("Administrators", "Users", "Guests", "Remote Desktop Users", "Remote Management Users"),
    "sv-SE": (
        "Administratörer",
        "Användare",
        "Gäster",
        "Fjärrskrivbordsanvändare",
        "Fjärrhanteringsanvändare",
    ),
    "de-DE": (
        "Administratoren",
        "Benutzer",
        "Gäste",
        "Remotedesktopbenutzer",
        "Remoteverwaltungsbenutzer",
    ),
    "fi-FI": (
        "Järjestelmänvalvojat",
        "Käyttäjät",
        "Vieraat",
        "Etätyöpöydän käyttäjät",
        "Etähallinnan käyttäjät",
    ),
}
_ACCOUNTS: Mapping[str, tuple[str, str]] = {
    "en-US": ("Administrator", "Guest"),
    "sv-SE": ("Administratör", "Gäst"),
    "de-DE": ("Administrator", "Gast"),
    "fi-FI": ("Järjestelmänvalvoja", "Vieras"),
}
LANGUAGES = tuple(_GROUPS)
NORMAL, NO_PASSWORD_NEEDED, NEVER_EXPIRES = 0x200, 0x20, 0x10000
"""Bits of UserFlags (lmaccess.h); whether an account is enabled stands by itself."""
PASSWORDS_SET_MS = 1_700_000_000_000
"""UTC, ms since 1970. Not when the lab starts: what is planned for people rests on it."""


def people(machine_sid: str, accounts: Mapping[str, str], language: str) -> dict[str, Any]:
    """Built-in accounts by their relative ids, who may log on, users and a group that nobody declares."""
    administrator, guest = _ACCOUNTS[language]
    operator, service = f"{machine_sid}-1001", f"{machine_sid}-1002"
    rows = {
        f"{machine_sid}-500": _never_used(administrator, NORMAL | NEVER_EXPIRES),
        f"{machine_sid}-501": _never_used(guest, NORMAL | NEVER_EXPIRES | NO_PASSWORD_NEEDED),
        f"{machine_sid}-503": _never_used("DefaultAccount", NORMAL | NEVER_EXPIRES | NO_PASSWORD_NEEDED),
        f"{machine_sid}-504": _never_used("WDAGUtilityAccount", NORMAL),
        operator: _in_use("Operator", NORMAL),
        service: _in_use("AxisService", NORMAL | NEVER_EXPIRES),
    }
    administrators = [f"{machine_sid}-500"]
    for rid, (name, nt_hash) in enumerate(accounts.items(), start=1003):
        sid = next((sid for sid, row in rows.items() if row["name"] == name), f"{machine_sid}-{rid}")
        rows[sid] = _in_use(name, NORMAL | NEVER_EXPIRES) | {"password": nt_hash}
        administrators.append(sid)
    members = {
        ADMINISTRATORS: list(dict.fromkeys(administrators)),
        USERS: [INTERACTIVE, AUTHENTICATED, operator, service],
        GUESTS: [f"{machine_sid}-501"],
        REMOTE_DESKTOP: [],
        REMOTE_MANAGEMENT: [],
    }
    installers = {f"{machine_sid}-1050": {"name": "Installers", "members": [operator]}}
    return {
        "accounts": rows,
        "groups": _named(members, language) | installers,
        "profiles": _profiles(rows, operator, service),
    }


def _in_use(name: str, flags: int) -> dict[str, Any]:
    unsaid = {"full_name": "", "description": ""}
    return {"name": name, "enabled": True, **unsaid, "flags": flags, "password_last_set": PASSWORDS_SET_MS}


def _never_used(name: str, flags: int) -> dict[str, Any]:
    return _in_use(name, flags) | {"enabled": False, "password_last_set": None}


def _profiles(rows: Mapping[str, Any], *sids: str) -> dict[str, Any]:
    return {sid: {"path": rf"C:\Users\{rows[sid]['name']}", "loaded": False} for sid in sids}


def _named(members: Mapping[str, list[str]], language: str) -> dict[str, Any]:
    names = zip(_GROUPS[language], members.items(), strict=True)
    return {sid: {"name": name, "members": inside} for name, (sid, inside) in names}
