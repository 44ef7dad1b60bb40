"""What a manifest says of one membership twice and differently; applied, each run would undo the last one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from provisioner.resources.base import Reason, Refusal, Surroundings
from provisioner.resources.local_group_live import LiveGroup


class Wanted(Protocol):
    """A group as it is declared."""

    @property
    def members(self) -> list[str] | None: ...
    @property
    def include(self) -> list[str] | None: ...
    @property
    def exclude(self) -> list[str] | None: ...
    @property
    def key(self) -> str: ...


def contradiction(wanted: Wanted, group: LiveGroup, around: Surroundings) -> Refusal | None:
    """The first that is found."""
    return next(
        (
            Refusal(Reason.GUARD, what, "Keep one of the two.")
            for what in (
                *_the_same_group(wanted, group, around),
                *_in_and_out(wanted, group),
                *_administrator_or_not(wanted, group, around),
            )
        ),
        None,
    )


def _the_same_group(wanted: Wanted, group: LiveGroup, around: Surroundings) -> Iterator[str]:
    for (kind, key), seen in around.observed.items():
        rows = seen.rests_on.get("groups")
        row = rows.get(key) if kind == "local_group" and isinstance(rows, dict) else None
        if key != wanted.key and isinstance(row, dict) and row.get("sid") == group.sid:
            yield f"'{key}' and '{wanted.key}' are one group on this machine ({group.sid})"


def _in_and_out(wanted: Wanted, group: LiveGroup) -> Iterator[str]:
    for word in wanted.exclude or ():
        same = [other for other in wanted.include or () if _who(other, group) == _who(word, group)]
        if same:
            yield f"'{same[0]}' in `include` and '{word}' in `exclude` are one account"


def _administrator_or_not(wanted: Wanted, group: LiveGroup, around: Surroundings) -> Iterator[str]:
    sids = {name.casefold(): sid for sid, name in group.local.items()} if group.administers else {}
    users = [one for one in around.declared if one.kind == "local_user" and not one.gone]
    for user in users if group.administers else ():
        said, inside = user.facts().get("administrator"), _inside(wanted, group, sids.get(user.key, user.key))
        if said is not None and inside is not None and inside is not said:
            yes_or_no = str(said).lower()
            yield f"`local_users` says `administrator: {yes_or_no}` of '{user.key}', and this group differs"


def _inside(wanted: Wanted, group: LiveGroup, who: str) -> bool | None:
    """Whether the declaration makes it a member; None where it says nothing of it."""

    def among(words: Sequence[str] | None) -> bool:
        return who in {_who(word, group) for word in words or ()}

    if wanted.members is not None:
        return among(wanted.members)
    return True if among(wanted.include) else False if among(wanted.exclude) else None


def _who(word: str, group: LiveGroup) -> str:
    return group.sids.get(word, word.casefold())
