"""Who administers a machine once everything declared for it is done: what no change of people may end.

For the kinds of accounts and groups. It looks at all that is declared, since two changes that are harmless
one by one can leave nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from provisioner.resources.base import Observed, Reason, Refusal, Resource, Surroundings
from provisioner.resources.host_facts import HostFacts

ADMINISTRATORS = "S-1-5-32-544"
_BUILT_IN = {
    "500": "Administrator",
    "501": "Guest",
    "503": "DefaultAccount",
    "504": "WDAGUtilityAccount",
}

Who = str
"""A SID, or the folded name of an account that is made only now."""


@runtime_checkable
class ChangesMembers(Protocol):
    """A kind whose items may say who the members of Administrators are."""

    def administrators_after(self, administrators: frozenset[Who], live: Observed) -> frozenset[Who]:
        """Who they are with this item, if they were these; the same where it is about another group."""


@dataclass(frozen=True)
class People:
    """Administrators, and which of the machine's own accounts may log on."""

    administrators: frozenset[Who]
    enabled: frozenset[Who]

    def local(self) -> frozenset[Who]:
        """Administrators that are the machine's own and may log on: they can come in whatever happens."""
        return self.administrators & self.enabled


def built_in(sid: str) -> str | None:
    """What Windows calls it in English, if it is an account that it brings along; such are never removed."""
    prefix, _, rid = sid.rpartition("-")
    return _BUILT_IN.get(rid) if prefix.startswith("S-1-5-21-") else None


def locks_out(around: Surroundings) -> Refusal | None:
    """Why what is declared would lock us or everybody out. To be asked where a change takes rights away."""
    facts = around.host
    if facts.administrators is None or facts.accounts is None or facts.account_sid is None:
        return _UNKNOWN
    before, after = _now(facts), _after(around)
    return _locks_us_out(facts, before, after) or (_NOBODY if before.local() and not after.local() else None)


def _locks_us_out(facts: HostFacts, before: People, after: People) -> Refusal | None:
    us = str(facts.account_sid)
    known = {account.sid: account.name for account in facts.accounts or ()}
    if us in known and us not in after.enabled and us in before.enabled:
        return _ours(f"'{known[us]}' is the account that we log on with, and nobody could log on with it")
    if us in before.administrators:
        if us in after.administrators:
            return None
        name = known.get(us, us)
        return _ours(
            f"'{name}' is the account that we log on with, and it would be no administrator any more"
        )
    # We are one through a group, and which group that is nobody tells.
    lost = [who for who in before.administrators - after.administrators if who not in known]
    if lost:
        return _ours(f"our account may be an administrator through {', '.join(sorted(lost))} alone")
    return None


def _now(facts: HostFacts) -> People:
    return People(
        frozenset(facts.administrators or ()),
        frozenset(account.sid for account in facts.accounts or () if account.enabled),
    )


def _after(around: Surroundings) -> People:
    """Accounts first and groups after them, as they are changed."""
    people = _now(around.host)
    known = {account.name.casefold(): account.sid for account in around.host.accounts or ()}
    for resource in around.declared:
        if resource.kind == "local_user":
            people = _with_account(people, known.get(resource.key, resource.key), resource)
    administrators = people.administrators
    for group, live in _groups(around):
        administrators = group.administrators_after(administrators, live)
    return People(administrators, people.enabled)


def _with_account(people: People, who: Who, account: Resource) -> People:
    if account.gone:
        return People(people.administrators - {who}, people.enabled - {who})
    said: Mapping[str, object] = account.facts()
    made = who == account.key
    return People(
        _with(people.administrators, who, said.get("administrator")),
        _with(people.enabled, who, said.get("enabled", True if made else None)),
    )


def _with(those: frozenset[Who], who: Who, wanted: object) -> frozenset[Who]:
    return those if wanted is None else those | {who} if wanted else those - {who}


def _groups(around: Surroundings) -> Iterator[tuple[ChangesMembers, Observed]]:
    for resource in around.declared:
        live = around.observed.get((resource.kind, resource.key))
        if isinstance(resource, ChangesMembers) and live is not None:
            yield resource, live


def _ours(what: str) -> Refusal:
    next_step = "Keep it as it is, or let provisioner log on with another administrator (`connect`) first."
    return Refusal(Reason.GUARD, what, next_step)


_NOBODY = Refusal(
    Reason.GUARD,
    "no enabled administrator of the machine's own would remain",
    "Declare an account with `administrator: true` and `enabled: true` under `local_users`, or keep one.",
)
_UNKNOWN = Refusal(
    Reason.READ_FAILED,
    "who administers the machine could not be read, so nobody's rights are taken away",
    "Run `Get-LocalUser` and `Get-LocalGroup` on the host, mend what they say, and plan again.",
)
