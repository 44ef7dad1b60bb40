"""What is never done to an account, and how to come there all the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.resources.administrators import built_in, locks_out
from provisioner.resources.base import Observed, Reason, Refusal, Surroundings
from provisioner.resources.comparing import differing
from provisioner.resources.local_user_declared import DeclaredUser

_NOBODYS = frozenset({"DefaultAccount", "WDAGUtilityAccount"})


def refuse(wanted: DeclaredUser, live: Observed) -> Refusal | None:
    """What this machine cannot become, whoever asks."""
    if not live.present:
        if live.rests_on["groups"][wanted.name] is not None:  # type: ignore[call-overload, index]
            return _name_of_a_group(wanted)
        return None if wanted.password is not None else _no_password(wanted)
    if wanted.must_change_password and "must_change_password" in differing(wanted.facts(), live.facts):
        for name in ("password_never_expires", "user_cannot_change_password"):
            if live.facts[name] and getattr(wanted, name) is None:
                return _never_asked(name)
    return None


def _no_password(wanted: DeclaredUser) -> Refusal:
    return Refusal(
        Reason.NOT_ON_THIS_HOST,
        f"there is no account {wanted.name}, and none is made without a password",
        "Declare `password: {env: NAME}`, or the name of an account that is there.",
    )


def _name_of_a_group(wanted: DeclaredUser) -> Refusal:
    return Refusal(
        Reason.NOT_ON_THIS_HOST,
        f"{wanted.name} is the name of a group, and Windows gives no name to an account and a group",
        "Give the account another name; or let the group go first, in a run of its own "
        "(`absent: true` under `local_groups`).",
    )


def _never_asked(name: str) -> Refusal:
    return Refusal(
        Reason.NOT_ON_THIS_HOST,
        f"the account has `{name}`, so nobody would be asked for a new password",
        f"Declare `{name}: false` beside `must_change_password`.",
    )


def guard(wanted: DeclaredUser, live: Observed, around: Surroundings) -> Refusal | None:
    """Before anything is written: whom the change would lock out."""
    if not live.present:
        return None
    row: Mapping[str, Any] = live.rests_on["users"][wanted.name]  # type: ignore[call-overload, index, assignment]
    changed = differing(wanted.facts(), live.facts)
    return (
        _built_in(wanted, row["sid"], changed)
        or _our_own(wanted, row, changed, around)
        or (_in_use(wanted, row, around) if wanted.gone else None)
        or (locks_out(around) if live.facts["administrator"] and _takes_away(wanted, changed) else None)
    )


def _takes_away(wanted: DeclaredUser, changed: frozenset[str]) -> bool:
    ends = {name for name in ("enabled", "administrator") if getattr(wanted, name) is False}
    return wanted.gone or bool(ends & changed)


def _built_in(wanted: DeclaredUser, sid: str, changed: frozenset[str]) -> Refusal | None:
    name = built_in(sid)
    if name in _NOBODYS:
        return Refusal(
            Reason.GUARD,
            f"{wanted.name} is Windows' own account ({name}), which nobody uses and nobody changes",
            "Take it out of `local_users`.",
        )
    if name and wanted.gone:
        return Refusal(
            Reason.GUARD,
            f"{wanted.name} is the built-in account {name}, and Windows removes none of those",
            "Declare `enabled: false` in place of `absent: true`.",
        )
    if name == "Administrator" and wanted.administrator is False and "administrator" in changed:
        return Refusal(
            Reason.GUARD,
            f"{wanted.name} is the built-in Administrator, and Windows takes no rights from it",
            "Leave `administrator` out; with `enabled: false` nobody logs on with it.",
        )
    return None


def _our_own(
    wanted: DeclaredUser, row: Mapping[str, Any], changed: frozenset[str], around: Surroundings
) -> Refusal | None:
    """The session would go on; the next one would find a closed door."""
    if not is_ours(wanted, row["sid"], around):
        return None
    what = _harm(wanted, changed)
    if what is None:
        return None
    return Refusal(
        Reason.GUARD,
        f"provisioner comes in with {wanted.name}, and would {what}",
        "Come in with another administrator's account (`connect.username`), then plan again.",
    )


def _harm(wanted: DeclaredUser, changed: frozenset[str]) -> str | None:
    if wanted.gone:
        return "remove its own account"
    if "enabled" in changed and wanted.enabled is False:
        return "disable its own account"
    if "administrator" in changed and wanted.administrator is False:
        return "take the administrator's rights from its own account"
    if "must_change_password" in changed and wanted.must_change_password:
        return "not be let in again before somebody has changed the password of its own account"
    if "password_never_expires" in changed and wanted.password_never_expires is False:
        # One that is old enough is then expired at once, and WinRM asks nobody for a new one.
        return "let the password of our own account expire; with an old one nobody is let in"
    if "password" in changed:
        return "change the password of its own account, with which the next run could not come in"
    return None


def is_ours(wanted: DeclaredUser, sid: str, around: Surroundings) -> bool:
    """By SID; where that is unknown, by the name with which we log on."""
    if around.host.account_sid is not None:
        return around.host.account_sid == sid
    name = around.way_in.username.rpartition("\\")[2].partition("@")[0]
    return name.casefold() == wanted.key


def _in_use(wanted: DeclaredUser, row: Mapping[str, Any], around: Surroundings) -> Refusal | None:
    loaded = row["profile"] is not None and row["profile"]["loaded"]
    domain, _, name = (around.host.logged_on or "").rpartition("\\")
    here = domain.casefold() in ("", around.host.computer_name.casefold())
    if not loaded and not (here and name.casefold() == wanted.key):
        return None
    return Refusal(
        Reason.GUARD,
        f"{wanted.name} is logged on, or something runs with it",
        "Log the account off at the machine, or restart the machine, then plan again.",
    )
