"""How groups and their members are named in a manifest, in any language of Windows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

WELL_KNOWN: Mapping[str, str] = {
    "S-1-5-32-544": "Administrators",
    "S-1-5-32-545": "Users",
    "S-1-5-32-546": "Guests",
    "S-1-5-32-547": "Power Users",
    "S-1-5-32-551": "Backup Operators",
    "S-1-5-32-555": "Remote Desktop Users",
    "S-1-5-32-556": "Network Configuration Operators",
    "S-1-5-32-558": "Performance Monitor Users",
    "S-1-5-32-559": "Performance Log Users",
    "S-1-5-32-573": "Event Log Readers",
    "S-1-5-32-578": "Hyper-V Administrators",
    "S-1-5-32-580": "Remote Management Users",
}
"""Groups of Windows' own by what they are called in English; a manifest may say that on any machine."""
USERS = "S-1-5-32-545"
BY_NAME: Mapping[str, str] = {name.casefold(): sid for sid, name in WELL_KNOWN.items()}
WELL_KNOWN_ACCOUNTS: Mapping[str, str] = {"administrator": "-500", "guest": "-501"}
"""The same for accounts, by the end of their SIDs; only where no account has that name."""

_SID = re.compile(r"S-1-\d+(-\d+)+", re.IGNORECASE)
_FORBIDDEN = re.compile(r'["/\\\[\]:;|=,+*?<>@\x00-\x1f]')
_FORBIDDEN_IN_DOMAIN = re.compile(r'["/\\\[\]:;|=,+*?<>@\s\x00-\x1f]')
_TRANSLATED = ("nt authority", "builtin")


def is_sid(text: str) -> bool:
    """Whether it is one by its form."""
    return _SID.fullmatch(text) is not None


def is_bare(member: str) -> bool:
    """Whether it names an account of the machine's own without saying so."""
    return not is_sid(member) and not re.search(r"[\\@]", member)


def sid(text: str) -> str:
    """Normal form of a SID. Raises `ValueError`."""
    if not is_sid(text):
        raise ValueError(f"{text!r} is no SID: they look like S-1-5-32-544")
    return text.upper()


def group_name(text: str) -> str:
    """A name that Windows takes. Raises `ValueError`."""
    if is_sid(text):
        raise ValueError(f"{text!r} is a SID; declare it as `sid`")
    _check(text, "a group")
    return text


def member(text: str) -> str:
    """Normal form of a member. Raises `ValueError`."""
    if is_sid(text):
        return text.upper()
    plain = text.removeprefix(".\\")
    domain, mark, name = plain.partition("\\")
    if mark:
        _check_domain(text, domain)
        _check(name, "an account")
    elif "@" in plain:
        name, _, domain = plain.partition("@")
        _check_domain(text, domain)
        _check(name, "an account")
    else:
        _check(plain, "an account")
    return plain


def _check(text: str, what: str) -> None:
    if _FORBIDDEN.search(text):
        raise ValueError(f'{text!r} is no name of {what}: none of " / \\ [ ] : ; | = , + * ? < > @')
    if text != text.strip() or not text.strip(". "):
        raise ValueError(f"{text!r} is no name of {what}: not dots alone, no space at either end")


def _check_domain(text: str, domain: str) -> None:
    if domain.casefold() in _TRANSLATED:
        raise ValueError(f"{text!r} has another name in each language; declare the SID instead")
    if not domain or _FORBIDDEN_IN_DOMAIN.search(domain):
        raise ValueError(f"{text!r} is no account: `name`, `DOMAIN\\name`, `name@domain` or a SID")


Sid = Annotated[str, AfterValidator(sid)]
GroupName = Annotated[str, Field(min_length=1, max_length=48), AfterValidator(group_name)]
Member = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(member)]
