"""Passwords as Windows keeps them: a door compares hashes, and nobody reads a password back."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue


def nt_hash(password: str) -> str:
    """The hash under which Windows keeps a password, as hex (MS-NLMP 3.3.1, NTOWFv1)."""
    from spnego._ntlm_raw.crypto import ntowfv1

    hashed: bytes = ntowfv1(password)
    return hashed.hex().upper()


def as_kept(place: tuple[str, ...], value: JsonValue) -> JsonValue:
    """What a machine keeps of a value: of an account's new password (`{"plain": ...}`) its hash."""
    if len(place) != 3 or place[0].casefold() != "accounts" or place[2].casefold() != "password":
        return value
    return nt_hash(str(value["plain"])) if isinstance(value, Mapping) else value
