"""What speaks against a change of a group, and what a plan says beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from provisioner.resources.administrators import locks_out
from provisioner.resources.base import Reason, Refusal, Surroundings
from provisioner.resources.local_group_contradictions import contradiction
from provisioner.resources.local_group_live import LiveGroup
from provisioner.resources.local_group_names import USERS, is_bare

DOMAIN_ADMINS = "-512"


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
    @property
    def gone(self) -> bool: ...
    def known_sid(self) -> str: ...


def refuse(wanted: Wanted, group: LiveGroup) -> Refusal | None:
    """What this machine cannot become, whatever else is declared."""
    if group.unknown:
        said = " ".join(group.unknown.values())
        return Refusal(
            Reason.READ_FAILED,
            f"whom {_listed(group.unknown)} means is unknown: {said}",
            "See that the machine is in that domain and reaches it, or declare the SID.",
        )
    return None if group.sid else _cannot_be_made(wanted, group)


def _cannot_be_made(wanted: Wanted, group: LiveGroup) -> Refusal | None:
    if wanted.known_sid():
        return Refusal(
            Reason.NOT_ON_THIS_HOST,
            f"this machine has no group {wanted.known_sid()}, and a SID cannot be chosen",
            "Declare a group by `name`, or leave it out for this machine.",
        )
    taken = next((name for name in group.local.values() if name.casefold() == wanted.key), None)
    if taken is None:
        return None
    return Refusal(
        Reason.NOT_ON_THIS_HOST,
        f"an account of this machine is called '{taken}', and a group cannot be called the same",
        "Choose another name for the group.",
    )


def guard(wanted: Wanted, group: LiveGroup, around: Surroundings) -> Refusal | None:
    """What would fail or lock somebody out, seen with all that is declared for the machine."""
    if wanted.gone:
        return _windows_own(group)
    found = _nobody(wanted, group, around)
    if found is not None or not group.sid:
        return found
    return contradiction(wanted, group, around) or _administrators(wanted, group, around)


def _windows_own(group: LiveGroup) -> Refusal | None:
    """Declared by a name in the machine's language."""
    if not group.sid.startswith("S-1-5-32-"):
        return None
    return Refusal(
        Reason.GUARD,
        f"'{group.name}' ({group.sid}) is a group of Windows' own, and none of those can be removed",
        "Take it out of the manifest, or declare its members instead of `absent`.",
    )


def _nobody(wanted: Wanted, group: LiveGroup, around: Surroundings) -> Refusal | None:
    """An account that is to be a member must be there, or be made in the same run."""
    users = {one.key: one for one in around.declared if one.kind == "local_user"}
    for word in (*(wanted.members or ()), *(wanted.include or ())):
        own = group.local.get(group.sids.get(word, ""), "").casefold()
        user = users.get(own or _own_name(word, around))
        if user is not None and user.gone:
            return Refusal(
                Reason.GUARD,
                f"'{word}' shall be a member, and `local_users` declares it absent",
                "Keep one of the two.",
            )
        if word not in group.sids and user is None:
            return Refusal(
                Reason.NOT_ON_THIS_HOST,
                f"there is no account '{word}'",
                "Correct the name, or declare the account under `local_users`; it is made first then.",
            )
    return None


def _own_name(word: str, around: Surroundings) -> str:
    """The folded name, if it is one of the machine's own accounts."""
    name = word.casefold().removeprefix(f"{around.host.computer_name.casefold()}\\")
    return name if is_bare(name) else ""


def _administrators(wanted: Wanted, group: LiveGroup, around: Surroundings) -> Refusal | None:
    """In a list of all members, who is left out may be so by mistake; in `exclude` it is meant."""
    if not group.administers:
        return None
    out = [group.sids[word] for word in wanted.exclude or () if group.has(word)]
    if set(out) & set(group.kept(())):
        return Refusal(
            Reason.GUARD,
            f"'{group.word(group.kept(())[0])}' is Windows' own administrator, and nobody can take it out",
            "Leave it out of `exclude`; `enabled: false` under `local_users` keeps it from logging on.",
        )
    if wanted.members is not None:
        out = group.removable(wanted.members)
        domain = [
            sid for sid in out if around.host.part_of_domain is not False and sid.endswith(DOMAIN_ADMINS)
        ]
        if domain:
            return Refusal(
                Reason.GUARD,
                f"{group.word(domain[0])} ({domain[0]}) would lose the machine: the domain's administrators",
                "Add it to `members`; to take it out on purpose, declare `exclude` instead of `members`.",
            )
    return locks_out(around) if out else None


def said_of(wanted: Wanted, group: LiveGroup) -> Iterator[str]:
    """What a change of members takes along."""
    if wanted.gone:
        yield "rights that were given to the group are lost, also for a new one of the same name"
        return
    orphans = group.orphans()
    if orphans:
        yield f"nobody knows {_listed(orphans)}: accounts that were removed, or of a domain that is away"
    if wanted.members is not None:
        for sid in group.kept(wanted.members):
            yield f"'{group.word(sid)}' stays, as Windows' own administrator does"
    joining = [
        word for word in (*(wanted.members or ()), *(wanted.include or ())) if group.has(word) is False
    ]
    leaving = [word for word in wanted.exclude or () if group.has(word)]
    leaving += group.removable(wanted.members) if wanted.members is not None else []
    if group.sid == USERS and {"S-1-5-4", "S-1-5-11"} & set(leaving):
        yield "only who is a member by name can then log on at the machine itself"
    if joining or leaving:
        yield "whoever joins or leaves notices at the next logon"
    if joining and group.administers:
        yield "a local administrator has every right in AXIS Camera Station, and none can be taken away there"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)
