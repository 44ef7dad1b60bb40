"""From what Windows says of an account to facts in the manifest's words, and what a plan adds to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import JsonValue

from provisioner.resources.base import Asking, Compare, Secret
from provisioner.resources.comparing import differing
from provisioner.resources.local_user_declared import AS_DECLARED, DeclaredUser

NOT_FROM_HERE = "not known: never set from here"
CHANGED_SINCE = "changed since it was set from here"
ANOTHER = "another than declared"
NO_MOMENT = "while the next logon asks for a new password, it is not known whether somebody set another"


def live_facts(row: Mapping[str, Any]) -> dict[str, JsonValue]:
    """All but the password. No step rests on who is an administrator: a group of that run may change it."""
    return {
        "full_name": row["full_name"],
        "description": row["description"],
        "enabled": row["enabled"],
        "password_never_expires": row["password_never_expires"],
        "must_change_password": row["must_change"],
        "user_cannot_change_password": row["user_cannot_change"],
        "administrator": row["aside"]["administrator"],
    }


def password_fact(declared: Secret, row: Mapping[str, Any]) -> Asking[tuple[str, tuple[str, ...]]]:
    """By the marker that lies on the machine since it was set, with what is to be noted.

    No logon is tried: that counts as a failed one, and may lock the account.
    """
    marker: Any = row["marker"]
    if not isinstance(marker, Mapping):
        return NOT_FROM_HERE, ()
    if marker.get("password_last_set") != row["password_last_set"]:
        return CHANGED_SINCE, ()
    # Without a moment a reset by hand leaves no trace. Ours all the same: else it would be set for ever.
    unsure = (NO_MOMENT,) if row["password_last_set"] is None else ()
    reply = yield Compare(declared, marker.get("salt"), marker.get("iterations"), marker.get("digest"))  # type: ignore[arg-type]
    same = reply.value["same"]
    if same is None:
        note = "the password could not be compared without its secret; only when it was last set was compared"
        return AS_DECLARED, (note, *unsure)
    return (AS_DECLARED, unsure) if same else (ANOTHER, ())


def said_of(
    wanted: DeclaredUser, live: Mapping[str, JsonValue], row: Mapping[str, Any] | None
) -> tuple[str, ...]:
    """What the change takes along."""
    if wanted.gone:
        return () if row is None else (_of_profile(wanted, row["profile"]),)
    return tuple(_of_change(wanted, differing(wanted.facts(), live), row))


def _of_profile(wanted: DeclaredUser, profile: Mapping[str, Any] | None) -> str:
    if profile is None:
        return "it has no profile folder on the machine"
    if wanted.delete_profile:
        return f"its profile goes with all files and settings in {profile['path']}"
    return f"its profile stays with all files and settings in {profile['path']}"


def _of_change(wanted: DeclaredUser, changed: frozenset[str], row: Mapping[str, Any] | None) -> Iterator[str]:
    if wanted.administrator and "administrator" in changed:
        yield "a local administrator has every right in AXIS Camera Station, and none can be taken away there"
    if row is not None and "password" in changed:
        yield (
            "with a password that is set for it, an account loses what Windows has encrypted for it, "
            "like logons that it remembers"
        )
