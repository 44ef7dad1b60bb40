"""What the account commands do to an account of the lab's machine and to its profile, for `simulate`."""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue

from provisioner.resources.accounts_simulated import new_sid, not_found, rows, same
from provisioner.resources.base import Machine, ScriptFailure

NORMAL_ACCOUNT, CANNOT_CHANGE, NEVER_EXPIRES = 0x200, 0x40, 0x10000
_BAD_PASSWORD = (
    "Unable to update the password. The value provided for the new password does not meet the length, "  # noqa: S105
    "complexity, or history requirements of the domain."
)


def sid_of(machine: Machine, name: str) -> str | None:
    """The account of this name."""
    known = rows(machine, "accounts").items()
    return next((sid for sid, row in known if same(str(row["name"]), name)), None)


def group_of(machine: Machine, name: str) -> str | None:
    """The group that has the name, which no account can have beside it."""
    known = rows(machine, "groups").items()
    return next((sid for sid, row in known if same(str(row["name"]), name)), None)


def flags(machine: Machine, sid: str) -> int:
    """UserFlags without the bit for a disabled account."""
    return int(str(machine.get("accounts", sid, "flags") or NORMAL_ACCOUNT))


def must_change(machine: Machine, sid: str) -> bool:
    """That the next logon asks for another: one that never expires never has to be changed."""
    unset = machine.get("accounts", sid, "password_last_set") is None
    return unset and not flags(machine, sid) & NEVER_EXPIRES


def set_must_change(machine: Machine, sid: str, *, wanted: bool) -> None:
    """Writes only what is not so; that it need not be changed any more counts as setting it."""
    if must_change(machine, sid) != wanted:
        machine.put("accounts", sid, "password_last_set", value=None if wanted else machine.now_ms())


def end_expiry(machine: Machine, sid: str) -> None:
    """Counts as set anew where PasswordExpired is set: it must be changed, or is too old."""
    oldest = machine.get("password_policy", "maximum_age_ms")
    last = machine.get("accounts", sid, "password_last_set")
    old = oldest is not None and last is not None and machine.now_ms() - int(str(last)) > int(str(oldest))
    if must_change(machine, sid) or (old and not flags(machine, sid) & NEVER_EXPIRES):
        machine.put("accounts", sid, "password_last_set", value=machine.now_ms())


def set_flag(machine: Machine, sid: str, bit: int, on: bool) -> None:
    """One bit of UserFlags."""
    now = flags(machine, sid)
    machine.put("accounts", sid, "flags", value=now | bit if on else now & ~bit)


def need_account(machine: Machine, sid: str, command: str) -> None:
    """Raises `ScriptFailure` where there is no account of this SID."""
    if machine.get("accounts", sid) is None:
        raise not_found(command, "User", sid)


def need_text(password: str) -> None:
    """`ConvertTo-SecureString`: raises `ScriptFailure` for an empty one."""
    if not password:
        empty = "ParameterArgumentValidationErrorEmptyStringNotAllowed"
        raise _failure(
            empty,
            "ConvertToSecureStringCommand",
            "Cannot bind argument to parameter 'String' because it is an empty string.",
        )


def new_account(machine: Machine, name: str, password: str) -> str:
    """`New-LocalUser`: in no group. Raises `ScriptFailure` for a name in use or a password too short."""
    command = "NewLocalUserCommand"
    for what, found in (("User", sid_of(machine, name)), ("Group", group_of(machine, name))):
        if found is not None:
            raise _failure(f"{what}Exists", command, f"{what} {name} already exists.")
    _check_password(machine, password, command)
    sid = new_sid(machine)
    row: dict[str, JsonValue] = {
        "name": name,
        "enabled": True,
        "full_name": "",
        "description": "",
        "flags": NORMAL_ACCOUNT,
    }
    machine.put("accounts", sid, value=row)
    _store_password(machine, sid, password)
    return sid


def set_password(machine: Machine, sid: str, password: str, command: str) -> None:
    """`Set-LocalUser -Password`. Raises `ScriptFailure` where the policy forbids it."""
    _check_password(machine, password, command)
    _store_password(machine, sid, password)


def _store_password(machine: Machine, sid: str, password: str) -> None:
    machine.put("accounts", sid, "password", value={"plain": password})
    machine.put("accounts", sid, "password_last_set", value=machine.now_ms())


def _check_password(machine: Machine, password: str, command: str) -> None:
    least = int(str(machine.get("password_policy", "minimum_length") or 0))
    if len(password) < least:
        raise _failure("InvalidPassword", command, _BAD_PASSWORD)


def _failure(what: str, command: str, message: str) -> ScriptFailure:
    return ScriptFailure(f"{what},Microsoft.PowerShell.Commands.{command}", message)


def remove_account(machine: Machine, sid: str) -> None:
    """`Remove-LocalUser`: out of all groups too; its profile stays."""
    for group in rows(machine, "groups"):
        inside: Any = machine.get("groups", group, "members") or []
        if sid in inside:
            machine.put("groups", group, "members", value=[other for other in inside if other != sid])
    machine.drop("accounts", sid)


def profile(machine: Machine, sid: str) -> JsonValue:
    """`Win32_UserProfile`; None where it has none."""
    row = machine.get("profiles", sid)
    return {"path": row["path"], "loaded": row["loaded"]} if isinstance(row, dict) else None


def remove_profile(machine: Machine, sid: str) -> None:
    """`Remove-CimInstance` of it. Raises `ScriptFailure` while it is loaded."""
    row = machine.get("profiles", sid)
    if not isinstance(row, dict):
        return
    if row["loaded"]:
        command = "Microsoft.Management.Infrastructure.CimCmdlets.RemoveCimInstanceCommand"
        raise ScriptFailure(
            f"HRESULT 0x80070020,{command}",
            "The process cannot access the file because it is being used by another process. ",
        )
    machine.drop("profiles", sid)
