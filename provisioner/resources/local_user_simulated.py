"""Plays `local_user.read.ps1` and `local_user.write.ps1` on the lab's machine.

An account's password is put there as `{"plain": ...}`; the lab keeps what Windows would keep of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import pbkdf2_hmac, sha256
from typing import Any

from pydantic import JsonValue

from provisioner.resources import users_simulated as accounts
from provisioner.resources import wmi_simulated
from provisioner.resources.accounts_simulated import (
    ADMINISTRATORS,
    add_member,
    administrator_left,
    member_sids,
    remove_member,
)
from provisioner.resources.base import Machine
from provisioner.resources.host import FILETIME_1970
from provisioner.resources.password_markers_simulated import markers_in, write_markers

USERS = "S-1-5-32-545"


def read(machine: Machine, arguments: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """The reply of `local_user.read.ps1`."""
    markers = markers_in(machine)
    administrators = member_sids(machine, ADMINISTRATORS)
    if any(asked["profile"] for asked in arguments["users"]):
        wmi_simulated.need(machine, "Win32_UserProfile")
    users: dict[str, JsonValue] = {}
    for asked in arguments["users"]:
        sid = accounts.sid_of(machine, asked["name"])
        users[asked["name"]] = None
        if sid is not None:
            profile = accounts.profile(machine, sid) if asked["profile"] else None
            row = _row(machine, sid, sid in administrators)
            users[asked["name"]] = row | {"profile": profile, "marker": markers.get(sid)}
    groups: dict[str, JsonValue] = {
        asked["name"]: accounts.group_of(machine, asked["name"]) for asked in arguments["users"]
    }
    return {"users": users, "groups": groups}


def _row(machine: Machine, sid: str, administrator: bool) -> dict[str, JsonValue]:
    flags = accounts.flags(machine, sid)
    return {
        "sid": sid,
        "name": machine.get("accounts", sid, "name"),
        "full_name": machine.get("accounts", sid, "full_name") or "",
        "description": machine.get("accounts", sid, "description") or "",
        "enabled": machine.get("accounts", sid, "enabled") is True,
        "password_never_expires": flags & accounts.NEVER_EXPIRES != 0,
        "must_change": accounts.must_change(machine, sid),
        "user_cannot_change": flags & accounts.CANNOT_CHANGE != 0,
        "aside": {"administrator": administrator},
        "password_last_set": last_set(machine, sid),
    }


def last_set(machine: Machine, sid: str) -> int | None:
    """In Windows file time; None where the next logon asks for a new password."""
    found = machine.get("accounts", sid, "password_last_set")
    return None if found is None else int(str(found)) * 10_000 + FILETIME_1970


def write(machine: Machine, verb: str, arguments: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """The effects of `local_user.write.ps1`."""
    {"create": _create, "update": _update, "delete": _delete}[verb](machine, arguments)
    return {}


def _create(machine: Machine, arguments: Mapping[str, Any]) -> None:
    markers, marker = markers_in(machine), _new_marker(machine, arguments)
    sid = accounts.new_account(machine, arguments["name"], arguments["password"])
    try:
        add_member(machine, USERS, sid)
        _set_account(machine, sid, arguments)
        _save_marker(machine, sid, markers, marker)
    except Exception:
        accounts.remove_account(machine, sid)
        raise


def _update(machine: Machine, arguments: Mapping[str, Any]) -> None:
    sid = arguments["sid"]
    markers, marker = markers_in(machine), _new_marker(machine, arguments)
    accounts.need_account(machine, sid, "Get-LocalUser")
    before = last_set(machine, sid)
    if arguments["enabled"] is False or arguments["administrator"] is False:
        administrator_left(machine, (), [sid])
    if arguments["password"] is not None:
        accounts.end_expiry(machine, sid)
        accounts.set_password(machine, sid, arguments["password"], "SetLocalUserCommand")
    else:
        kept: Any = markers.get(sid)
        marker = kept if kept and kept.get("password_last_set") == before else {}
    _set_account(machine, sid, arguments)
    if marker and (arguments["password"] is not None or last_set(machine, sid) != before):
        _save_marker(machine, sid, markers, marker)


def _set_account(machine: Machine, sid: str, arguments: Mapping[str, Any]) -> None:
    for name in ("full_name", "description", "enabled"):
        if arguments[name] is not None:
            machine.put("accounts", sid, name, value=arguments[name])
    for name, bit in (
        ("password_never_expires", accounts.NEVER_EXPIRES),
        ("user_cannot_change_password", accounts.CANNOT_CHANGE),
    ):
        if arguments[name] is not None:
            accounts.set_flag(machine, sid, bit, arguments[name])
    if arguments["administrator"] is True:
        add_member(machine, ADMINISTRATORS, sid)
    if arguments["administrator"] is False:
        remove_member(machine, ADMINISTRATORS, sid)
    if arguments["must_change_password"] is not None:
        accounts.set_must_change(machine, sid, wanted=arguments["must_change_password"])


def _new_marker(machine: Machine, arguments: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Not as random as a real one, so that the engine draws the same."""
    if arguments["password"] is None:
        return {}
    accounts.need_text(arguments["password"])
    salt = sha256(str(machine.now_ms()).encode("ascii")).hexdigest()[:32]
    iterations = arguments["iterations"]
    made = pbkdf2_hmac("sha256", arguments["password"].encode(), bytes.fromhex(salt), iterations)
    return {"password_last_set": None, "salt": salt, "iterations": iterations, "digest": made.hex()}


def _save_marker(
    machine: Machine, sid: str, markers: Mapping[str, JsonValue], marker: Mapping[str, JsonValue]
) -> None:
    stamped = {**marker, "password_last_set": last_set(machine, sid)}
    write_markers(machine, {**markers, sid: stamped})


def _delete(machine: Machine, arguments: Mapping[str, Any]) -> None:
    sid = arguments["sid"]
    administrator_left(machine, (), [sid])
    if arguments["delete_profile"]:
        wmi_simulated.need(machine, "Win32_UserProfile")
        accounts.remove_profile(machine, sid)
    accounts.need_account(machine, sid, "Remove-LocalUser")
    accounts.remove_account(machine, sid)
    markers = markers_in(machine)
    if sid in markers:
        write_markers(machine, {other: row for other, row in markers.items() if other != sid})
