"""Plays `local_group.read.ps1` and `local_group.write.ps1` on the lab's machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from provisioner.resources import accounts_simulated as accounts
from provisioner.resources.base import Machine, ScriptFailure

_COMMANDS = "Microsoft.PowerShell.Commands"


def read(machine: Machine, arguments: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """The reply of `local_group.read.ps1`."""
    accounts.may_ask_for_groups(machine)
    users = accounts.rows(machine, "accounts")
    local: list[JsonValue] = [{"sid": sid, "name": row["name"]} for sid, row in users.items()]
    groups: dict[str, JsonValue] = {}
    aside: dict[str, JsonValue] = {}
    for asked in arguments["groups"]:
        sid = _find(machine, asked)
        groups[asked["key"]] = None if sid is None else _row(machine, sid)
        members = [] if sid is None else accounts.member_sids(machine, sid)
        wanted = [_account(machine, name) for name in asked["accounts"]]
        known = {*users, *(row["sid"] for row in wanted)}
        aside[asked["key"]] = {
            "members": [*members],
            "accounts": [*wanted],
            "strangers": {
                member: accounts.find_account_name(machine, member)
                for member in members
                if member.startswith("S-1-5-21-") and member not in known
            },
        }
    return {"groups": groups, "aside": {"groups": aside, "local": local}}


def _find(machine: Machine, asked: Mapping[str, Any]) -> str | None:
    for sid, row in accounts.rows(machine, "groups").items():
        if asked["sid"] == sid or (asked["sid"] is None and accounts.same(row["name"], asked["name"])):
            return sid
    return None


def _row(machine: Machine, sid: str) -> JsonValue:
    row: Any = machine.get("groups", sid)
    return {"sid": sid, "name": row["name"], "description": row.get("description", "")}


def _account(machine: Machine, name: str) -> dict[str, JsonValue]:
    try:
        return {"name": name, "sid": accounts.find_account_sid(machine, name), "unknown": None}
    except ScriptFailure as failure:
        return {"name": name, "sid": None, "unknown": failure.message}


def write(machine: Machine, verb: str, arguments: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """The effects of `local_group.write.ps1`. Raises `ScriptFailure` where it would throw."""
    match verb:
        case "create":
            _create(machine, arguments)
        case "update":
            _update(machine, arguments)
        case "delete":
            _remove(machine, arguments["sid"])
    return {}


def _create(machine: Machine, arguments: Mapping[str, Any]) -> None:
    add = _sids(machine, arguments["add"])
    sid = accounts.new_group(machine, arguments["name"], arguments["description"])
    try:
        _edit(machine, sid, add, ())
    except ScriptFailure:
        machine.drop("groups", sid)
        raise


def _update(machine: Machine, arguments: Mapping[str, Any]) -> None:
    sid, remove = arguments["sid"], arguments["remove"]
    add = _sids(machine, arguments["add"])
    if sid == accounts.ADMINISTRATORS and remove:
        accounts.administrator_left(machine, add, remove)
    if arguments["description"] is not None:
        accounts.need_group(machine, "Set-LocalGroup", sid)
        machine.put("groups", sid, "description", value=arguments["description"])
    _edit(machine, sid, add, remove)


def _remove(machine: Machine, sid: str) -> None:
    accounts.need_group(machine, "Remove-LocalGroup", sid)
    if sid.startswith("S-1-5-32-"):
        said = f"Cannot perform this operation on built-in accounts: {sid}"
        raise ScriptFailure(f"InvalidOperation,{_COMMANDS}.RemoveLocalGroupCommand", said)
    machine.drop("groups", sid)


def _sids(machine: Machine, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [_sid(machine, row) for row in rows]


def _sid(machine: Machine, row: Mapping[str, Any]) -> str:
    found = row["sid"] or accounts.find_account_sid(machine, row["name"])
    if found is None and row["ending"] is not None:
        users = accounts.rows(machine, "accounts")
        found = next((sid for sid in users if sid.endswith(row["ending"])), None)
    if found is None:
        said = f"There is no account {row['name']} on the machine."
        raise ScriptFailure(said, said)
    return str(found)


def _edit(machine: Machine, group: str, add: Sequence[str], remove: Sequence[str]) -> None:
    for sid in add:
        accounts.add_member(machine, group, sid)
    for sid in remove:
        accounts.remove_member(machine, group, sid)
