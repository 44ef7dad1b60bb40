"""Accounts and groups of the lab's machine for `simulate`, and what the prelude's functions say of them.

`accounts` and `groups` hold rows by SID; `domain_accounts` holds `DOMAIN\\name` by SID, and `domain_silent`
says that the domain does not answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from provisioner.resources.base import Machine, ScriptFailure
from provisioner.resources.registry_values import read_value

ADMINISTRATORS = "S-1-5-32-544"
NO_SUCH_MEMBER = (
    "A member could not be added to or removed from the local group because the member does not exist."
)
_COMMANDS = "Microsoft.PowerShell.Commands"
_NAMES = r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName"


def same(left: str, right: str) -> bool:
    """As Windows compares names: each letter in any case, and no two letters for one."""
    return _upper(left) == _upper(right)


def _upper(text: str) -> str:
    return "".join(letter.upper() if len(letter.upper()) == 1 else letter for letter in text)


def rows(machine: Machine, room: str) -> Mapping[str, Mapping[str, Any]]:
    """Rows by SID of `accounts` or `groups`."""
    found: Any = machine.get(room)
    return found if isinstance(found, Mapping) else {}


def local_users(machine: Machine) -> list[JsonValue]:
    """Of each what every reading says."""
    return [
        {"sid": sid, "name": row["name"], "enabled": row.get("enabled") is True}
        for sid, row in rows(machine, "accounts").items()
    ]


def not_found(command: str, what: str, given: str) -> ScriptFailure:
    """As the account commands put it; `what` is User or Group."""
    type_ = f"{command.replace('-', '')}Command"
    return ScriptFailure(f"{what}NotFound,{_COMMANDS}.{type_}", f"{what} {given} was not found.")


def may_ask_for_groups(machine: Machine) -> None:
    """Raises `ScriptFailure` where the account database is closed to us (`groups_denied`)."""
    if machine.get("groups_denied"):
        raise ScriptFailure(f"AccessDenied,{_COMMANDS}.GetLocalGroupCommand", "Access is denied.")


def member_sids(machine: Machine, group: str) -> list[str]:
    """`Get-GroupMemberSid`. Raises `ScriptFailure` where there is no such group."""
    may_ask_for_groups(machine)
    if machine.get("groups", group) is None:
        raise not_found("Get-LocalGroup", "Group", group)
    found: Any = machine.get("groups", group, "members")
    return list(found or ())


def find_account_sid(machine: Machine, name: str) -> str | None:
    """`Find-AccountSid`. Raises `ScriptFailure` where the domain cannot be asked."""
    bare, own = name.removeprefix(".\\"), f"{computer_name(machine)}\\"
    if same(bare[: len(own)], own):
        bare = bare[len(own) :]
    if "\\" in bare or "@" in bare:
        return _in_domain(machine, name)
    users = rows(machine, "accounts").items()
    return next((sid for sid, row in users if same(row["name"], bare)), None)


def _in_domain(machine: Machine, name: str) -> str | None:
    known: Any = machine.get("domain_accounts") or {}
    parts = {sid: full.split("\\") for sid, full in known.items()}
    if "@" in name:
        account, domain = name.split("@")
        answers = same(domain, str(machine.get("domain") or ""))
        found = [sid for sid, (_, user) in parts.items() if answers and same(user, account)]
    else:
        domain, account = name.split("\\")
        answers = any(same(theirs, domain) for theirs, _ in parts.values())
        found = [sid for sid, full in known.items() if same(full, name)]
    if not answers or machine.get("domain_silent"):
        said = f"The domain of {name} cannot be asked."
        raise ScriptFailure(said, said)
    return next(iter(found), None)


def find_account_name(machine: Machine, sid: str) -> str | None:
    """`Find-AccountName`: None where nobody that could be asked knows it."""
    name = machine.get("accounts", sid, "name")
    if name is not None:
        return f"{computer_name(machine)}\\{name}"
    known = None if machine.get("domain_silent") else machine.get("domain_accounts", sid)
    return None if known is None else str(known)


def add_member(machine: Machine, group: str, member: str) -> None:
    """`Add-GroupMemberSid`. Raises `ScriptFailure`."""
    members = member_sids(machine, group)
    if member in members:
        return
    if _is_gone(machine, member):
        raise _refused(f"{member} cannot become a member of {group}: {NO_SUCH_MEMBER}")
    machine.put("groups", group, "members", value=[*members, member])


def remove_member(machine: Machine, group: str, member: str) -> None:
    """`Remove-GroupMemberSid`. Raises `ScriptFailure`."""
    members = member_sids(machine, group)
    if member not in members:
        return
    own = machine.get("accounts", member) is not None
    if group == ADMINISTRATORS and own and re.fullmatch(r"S-1-5-21-.*-500", member):
        said = "Cannot perform this operation on built-in accounts."
        raise _refused(f"{member} cannot be taken out of {group}: {said}")
    machine.put("groups", group, "members", value=[sid for sid in members if sid != member])


def _refused(said: str) -> ScriptFailure:
    return ScriptFailure(said, said)


def _is_gone(machine: Machine, sid: str) -> bool:
    """Whether it belongs to this machine and nobody has it."""
    users = rows(machine, "accounts")
    own = next((user.rpartition("-")[0] for user in users), None)
    return own is not None and sid.startswith(f"{own}-") and sid not in users


def computer_name(machine: Machine) -> str:
    """The one that is in force until the next restart."""
    return str(read_value(machine, _NAMES, "ComputerName") or "")


def need_group(machine: Machine, command: str, sid: str) -> None:
    """Raises `ScriptFailure` where there is no such group."""
    if machine.get("groups", sid) is None:
        raise not_found(command, "Group", sid)


def administrator_left(machine: Machine, add: Sequence[str], remove: Sequence[str]) -> None:
    """Raises `ScriptFailure` where no enabled administrator of the machine's own would remain."""
    before = member_sids(machine, ADMINISTRATORS)
    after = [sid for sid in before if sid not in remove] + [*add]
    enabled = {sid for sid, row in rows(machine, "accounts").items() if row.get("enabled")}
    if enabled & set(before) and not enabled & set(after):
        said = "No enabled administrator of its own would remain on the machine."
        raise ScriptFailure(said, said)


def new_group(machine: Machine, name: str, description: str | None) -> str:
    """`New-LocalGroup`: the SID of the new group. Raises `ScriptFailure` where the name is taken."""
    for room, error, what in (("groups", "GroupExists", "Group"), ("accounts", "UserExists", "User")):
        if any(same(row["name"], name) for row in rows(machine, room).values()):
            raise ScriptFailure(f"{error},{_COMMANDS}.NewLocalGroupCommand", f"{what} {name} already exists.")
    sid = new_sid(machine)
    said: dict[str, JsonValue] = {} if description is None else {"description": description}
    machine.put("groups", sid, value={"name": name, "members": [], **said})
    return sid


def new_sid(machine: Machine) -> str:
    """The next relative id. Windows gives none twice; an account whose profile stayed still has its own."""
    known = [sid for room in ("accounts", "groups", "profiles") for sid in rows(machine, room)]
    own = [sid.rpartition("-") for sid in known if sid.startswith("S-1-5-21-")]
    highest = max((int(rid) for _, _, rid in own), default=1000)
    prefix = own[0][0] if own else "S-1-5-21-1-2-3"
    return f"{prefix}-{max(highest, 1000) + 1}"
