"""Groups of the machine's own and who is in them (manual: Manage user accounts)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from provisioner.resources import local_group_guards, local_group_simulated
from provisioner.resources.administrators import Who
from provisioner.resources.base import (
    Argument,
    Ask,
    Asking,
    Change,
    Changing,
    Facts,
    Machine,
    Observed,
    Refusal,
    Risk,
    Surroundings,
)
from provisioner.resources.comparing import differing
from provisioner.resources.listed import Listed
from provisioner.resources.local_group_live import LiveGroup, live_group
from provisioner.resources.local_group_names import (
    BY_NAME,
    WELL_KNOWN,
    WELL_KNOWN_ACCOUNTS,
    GroupName,
    Member,
    Sid,
    is_sid,
)


def _once(members: list[str]) -> list[str]:
    folded = [member.casefold() for member in members]
    twice = next((member for member in members if folded.count(member.casefold()) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice!r} is there twice")
    return members


Members = Annotated[list[Member], AfterValidator(_once)]


class LocalGroup(Listed):
    """A group of this machine alone: exactly these members, or at least some and never others."""

    kind: ClassVar = "local_group"
    section: ClassVar = "local_groups"
    title: ClassVar = "User groups"
    examples: ClassVar[tuple[Mapping[str, Any], ...]] = (
        {"name": "ACS Operators", "description": "May log on to the client", "members": ["Operator"]},
        {"sid": "S-1-5-32-555", "include": ["Operator"], "exclude": ["Guest"]},
        {"name": "Users", "members": ["Operator", "S-1-5-4", "S-1-5-11"]},
        {"name": "Installers", "absent": True},
    )

    name: GroupName | None = Field(
        default=None,
        description="Its name, at most 48 characters. The English name of a group of Windows' own, like "
        "`Remote Desktop Users`, means that group in every language.",
    )
    sid: Sid | None = Field(default=None, description="Its SID, instead of its name.")
    description: str | None = Field(
        default=None, min_length=1, max_length=48, description="What the group is for."
    )
    members: Members | None = Field(
        default=None,
        description="Exactly these: accounts of the machine by name, `DOMAIN\\name`, `name@domain`, SIDs.",
    )
    include: Members | None = Field(
        default=None, min_length=1, description="At least these; others may stay."
    )
    exclude: Members | None = Field(default=None, min_length=1, description="Not these; others may stay.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.name is None) == (self.sid is None):
            raise ValueError("declare `name` or `sid`, and one of them alone")
        if self.members is not None and (self.include or self.exclude):
            raise ValueError("`members` says who is in it already; leave `include` and `exclude` out")
        both = {word.casefold() for word in self.include or ()} & {
            word.casefold() for word in self.exclude or ()
        }
        if both:
            raise ValueError(f"{min(both)!r} is in `include` and in `exclude`")
        if self.gone:
            self._may_go()
        return self

    def _may_go(self) -> None:
        if self.known_sid() in WELL_KNOWN or self.known_sid().startswith("S-1-5-32-"):
            raise ValueError("a group of Windows' own cannot be removed; declare its members instead")
        if self.name is None:
            raise ValueError("`absent` needs `name`: without it the group could not be made again")

    @property
    def key(self) -> str:
        """Windows' own groups by their English name, however they are declared."""
        sid = self.known_sid()
        return (WELL_KNOWN.get(sid, sid) or str(self.name)).casefold()

    def known_sid(self) -> str:
        """Its SID where the declaration tells; else empty."""
        return self.sid or BY_NAME.get(str(self.name).casefold(), "")

    def words(self) -> tuple[str, ...]:
        """All accounts that the declaration names."""
        return () if self.gone else (*(self.members or ()), *(self.include or ()), *(self.exclude or ()))

    def facts(self) -> Facts:
        """A list of all members, or of those that are named whether they are one."""
        if self.gone:
            return {}
        facts: dict[str, JsonValue] = {}
        if self.description is not None:
            facts["description"] = self.description
        if self.members is not None:
            facts["members"] = [*sorted(self.members, key=str.casefold)]
        elif self.words():
            facts["members"] = {word: word in (self.include or ()) for word in self.words()}
        return facts

    def refuse(self, live: Observed) -> Refusal | None:
        """No such group to be made, a name that is taken, a domain that cannot be asked."""
        return local_group_guards.refuse(self, self.live(live))

    def guard(self, live: Observed, around: Surroundings) -> Refusal | None:
        """Members that nobody makes, groups of Windows' own, the last administrators."""
        return local_group_guards.guard(self, self.live(live), around)

    def risks_around(self, changed: frozenset[str], around: Surroundings) -> tuple[Risk, ...]:
        """A local administrator has every right in AXIS Camera Station."""
        group = self.live(around.observed[self.kind, self.key])
        wanted = (*(self.members or ()), *(self.include or ()))
        joins = "members" in changed and any(group.has(word) is not True for word in wanted)
        return (Risk.RIGHTS_GAINED,) if joins and group.administers and not self.gone else ()

    def administrators_after(self, administrators: frozenset[Who], live: Observed) -> frozenset[Who]:
        """See `administrators.ChangesMembers`."""
        group = self.live(live)
        if not group.administers or self.gone:
            return administrators

        def who(words: Sequence[str] | None) -> frozenset[Who]:
            return frozenset(group.sids.get(word, word.casefold()) for word in words or ())

        if self.members is not None:
            return who(self.members) | frozenset(group.kept(self.members))
        return (administrators | who(self.include)) - who(self.exclude)

    def as_before(self, before: Facts) -> Mapping[str, JsonValue]:
        """In the manner of the declaration: all members, or those alone that it names."""
        said: dict[str, JsonValue] = {"sid": self.sid} if self.name is None else {"name": self.name}
        if self.gone or self.description is not None:
            said["description"] = before.get("description")
        members = before.get("members")
        if isinstance(members, dict):
            said["include"] = [word for word, inside in members.items() if inside] or None
            said["exclude"] = [word for word, inside in members.items() if not inside] or None
        elif self.gone or self.members is not None:
            said["members"] = members
        return said

    def apart_from(self, gone: frozenset[str]) -> tuple[Self, Mapping[str, JsonValue]]:
        """An account that was removed for good is in no group again."""
        left = [word for word in self.members or () if f"local_user/{word.casefold()}" in gone]
        if not left:
            return self, {}
        kept = [word for word in self.members or () if word not in left]
        return self.model_copy(update={"members": kept}), {"members": [*left]}

    def live(self, live: Observed) -> LiveGroup:
        """The group as it was read."""
        return live_group(live.rests_on, self.key, self.words())

    @classmethod
    def read(cls, wanted: Sequence[Self]) -> Asking[Mapping[str, Observed]]:
        """All groups at once, and whom the declared names mean."""
        reply = yield Ask(cls.kind, {"groups": [one._asked() for one in wanted]})
        raw: Any = reply.value
        return {one.key: one._observed(raw) for one in wanted}

    def _asked(self) -> JsonValue:
        names: list[JsonValue] = [word for word in self.words() if not is_sid(word)]
        return {"key": self.key, "sid": self.known_sid() or None, "name": self.name, "accounts": names}

    def _observed(self, raw: Mapping[str, Any]) -> Observed:
        key, aside = self.key, raw["aside"]
        mine: JsonValue = {"groups": {key: aside["groups"][key]}, "local": aside["local"]}
        rests_on: dict[str, JsonValue] = {"groups": {key: raw["groups"][key]}, "aside": mine}
        group = live_group(rests_on, key, self.words())
        if not group.sid:
            return Observed({}, rests_on, present=False)
        facts: dict[str, JsonValue] = {"description": group.description} if group.description else {}
        facts["members"] = self._members(group)
        return Observed(facts, rests_on, notes=tuple(local_group_guards.said_of(self, group)))

    def _members(self, group: LiveGroup) -> JsonValue:
        """In the words of the manifest, where it has one for a member."""
        if self.include or self.exclude:
            return {word: inside for word in self.words() if (inside := group.has(word)) is not None}
        words = self.members or ()
        mine = [word for word in words if group.has(word)]
        others = [group.word(sid) for sid in (group.beside(()) if self.gone else group.removable(words))]
        return [*sorted([*mine, *others], key=str.casefold)]

    def create(self) -> Changing[None]:
        """Made with its members: whole or not at all."""
        add = [_by_name(word) for word in (*(self.members or ()), *(self.include or ()))]
        yield Change(self.kind, "create", {"name": self.name, "description": self.description, "add": add})

    def update(self, live: Observed) -> Changing[None]:
        """Only what differs; who goes is named by SID, so that nobody goes whom the plan did not show."""
        group = self.live(live)
        wanted = (*(self.members or ()), *(self.include or ()))
        out: list[JsonValue] = [group.sids[word] for word in self.exclude or () if group.has(word)]
        if self.members is not None:
            out += group.removable(self.members)
        changed = differing(self.facts(), live.facts)
        arguments: dict[str, Argument] = {
            "sid": group.sid,
            "description": self.description if "description" in changed else None,
            "add": [_row(word, group.sids.get(word)) for word in wanted if not group.has(word)],
            "remove": out,
        }
        yield Change(self.kind, "update", arguments)

    def delete(self, live: Observed) -> Changing[None]:
        """By its SID, which no other group ever gets."""
        yield Change(self.kind, "delete", {"sid": self.live(live).sid})

    @classmethod
    def simulate(
        cls, machine: Machine, verb: str, arguments: Mapping[str, JsonValue]
    ) -> Mapping[str, JsonValue]:
        """The group commands on the lab's machine."""
        if verb == "read":
            return local_group_simulated.read(machine, arguments)
        return local_group_simulated.write(machine, verb, arguments)


def _by_name(word: str) -> JsonValue:
    return _row(word, word if is_sid(word) else None)


def _row(word: str, sid: str | None) -> JsonValue:
    """An account that is there by its SID; one that is made in the same run by its name.

    `ending` is the end of the SID of an account of Windows' own, whose name may be translated.
    """
    ending = None if sid else WELL_KNOWN_ACCOUNTS.get(word.casefold())
    return {"name": None if sid else word, "sid": sid, "ending": ending}
