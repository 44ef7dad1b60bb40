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


def people(machine_sid: str, accounts: Mapping[str, str], language: str) -> dict[str, Any]:
    """Built-in accounts by their relative ids, who may log on, users and a group that nobody declares."""
    administrator, guest = _ACCOUNTS[language]
    names = {500: administrator, 501: guest, 503: "DefaultAccount", 504: "WDAGUtilityAccount"}
    rows = {f"{machine_sid}-{rid}": {"name": name, "enabled": False} for rid, name in names.items()}
    operator, service = f"{machine_sid}-1001", f"{machine_sid}-1002"
    rows |= {
        operator: {"name": "Operator", "enabled": True},
        service: {"name": "AxisService", "enabled": True},
    }
    administrators = [f"{machine_sid}-500"]
    for rid, (name, nt_hash) in enumerate(accounts.items(), start=1003):
        sid = next((sid for sid, row in rows.items() if row["name"] == name), f"{machine_sid}-{rid}")
        rows[sid] = {"name": name, "enabled": True, "password": nt_hash}
        administrators.append(sid)
    members = {
        ADMINISTRATORS: list(dict.fromkeys(administrators)),
        USERS: [INTERACTIVE, AUTHENTICATED, operator, service],
        GUESTS: [f"{machine_sid}-501"],
        REMOTE_DESKTOP: [],
        REMOTE_MANAGEMENT: [],
    }
    installers = {f"{machine_sid}-1050": {"name": "Installers", "members": [operator]}}
    return {"accounts": rows, "groups": _named(members, language) | installers}


def _named(members: Mapping[str, list[str]], language: str) -> dict[str, Any]:
    names = zip(_GROUPS[language], members.items(), strict=True)
    return {sid: {"name": name, "members": inside} for name, (sid, inside) in names}
