"""Accounts of the machine's own (manual: Manage user accounts)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from pydantic import JsonValue

from provisioner.resources import local_user_guards, local_user_simulated
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
from provisioner.resources.local_user_declared import PLAIN, DeclaredUser
from provisioner.resources.local_user_live import live_facts, password_fact, said_of

ITERATIONS = 100_000
"""Of the slow digest that tells later whether the password is still the declared one."""


class LocalUser(DeclaredUser):
    """An account of this machine alone. Its password is never read, shown or kept."""

    kind: ClassVar = "local_user"
    section: ClassVar = "local_users"
    title: ClassVar = "User accounts"
    confidential: ClassVar[frozenset[str]] = frozenset({"marker"})
    examples: ClassVar[tuple[Mapping[str, Any], ...]] = (
        {
            "name": "Control",
            "password": {"env": "CONTROL_PASSWORD"},
            "full_name": "Control room operator",
            "password_never_expires": True,
            "user_cannot_change_password": True,
        },
        {"name": "Operator", "enabled": False, "description": "Not in use", "administrator": False},
        {"name": "AxisService", "absent": True, "delete_profile": True},
    )

    def refuse(self, live: Observed) -> Refusal | None:
        """No password to make it with, or flags that Windows does not hold together."""
        return local_user_guards.refuse(self, live)

    def guard(self, live: Observed, around: Surroundings) -> Refusal | None:
        """The account that we use, those that Windows brings along, the last administrator."""
        return local_user_guards.guard(self, live, around)

    def risks(self, changed: frozenset[str]) -> tuple[Risk, ...]:
        """A local administrator has every right in AXIS Camera Station."""
        gains = self.administrator and not self.gone and "administrator" in changed
        return (Risk.RIGHTS_GAINED,) if gains else ()

    @classmethod
    def read(cls, wanted: Sequence[Self]) -> Asking[Mapping[str, Observed]]:
        """All at once; profiles are looked at only where an account shall go."""
        asked: list[JsonValue] = [{"name": one.name, "profile": one.gone} for one in wanted]
        reply = yield Ask(cls.kind, {"users": asked})
        found: dict[str, Observed] = {}
        for one in wanted:
            rests_on: dict[str, JsonValue] = {
                room: {one.name: reply.value[room][one.name]}  # type: ignore[call-overload, index]
                for room in ("users", "groups")
            }
            found[one.key] = yield from one._observed(rests_on)
        return found

    def _observed(self, rests_on: dict[str, JsonValue]) -> Asking[Observed]:
        row: Any = rests_on["users"][self.name]  # type: ignore[call-overload, index]
        if row is None:
            notes = said_of(self, {}, None)
            return Observed({}, rests_on, present=False, notes=() if self.gone else notes)
        facts, notes = live_facts(row), ()
        if self.password is not None and not self.gone:
            facts["password"], notes = yield from password_fact(self.password, row)
        return Observed(facts, rests_on, notes=(*notes, *said_of(self, facts, row)))

    def create(self) -> Changing[None]:
        """Made, put among the users, and then as declared: whole or not at all."""
        yield Change(self.kind, "create", {"name": self.name, **self._written(self.facts(), {})})

    def update(self, live: Observed) -> Changing[None]:
        """Only what differs."""
        row: Any = row_of(self, live)
        changed = differing(self.facts(), live.facts)
        facts = {name: value for name, value in self.facts().items() if name in changed}
        yield Change(
            self.kind, "update", {"sid": row["sid"], "name": row["name"], **self._written(facts, live.facts)}
        )

    def _written(self, facts: Facts, live: Facts) -> dict[str, Argument]:
        """The duty to change a password is said again where it is declared, and where a new one ends it."""
        written: dict[str, Argument] = {name: facts.get(name) for name in PLAIN}
        kept = live.get("must_change_password") if "password" in facts else None
        written["must_change_password"] = self.facts().get("must_change_password", kept)
        password = self.password if "password" in facts else None
        return written | {"password": password, "iterations": ITERATIONS}

    def delete(self, live: Observed) -> Changing[None]:
        """By its SID, which no other account ever gets."""
        row: Any = row_of(self, live)
        yield Change(self.kind, "delete", {"sid": row["sid"], "delete_profile": self.delete_profile is True})

    @classmethod
    def simulate(
        cls, machine: Machine, verb: str, arguments: Mapping[str, JsonValue]
    ) -> Mapping[str, JsonValue]:
        """The account commands on the lab's machine."""
        if verb == "read":
            return local_user_simulated.read(machine, arguments)
        return local_user_simulated.write(machine, verb, arguments)


def row_of(wanted: LocalUser, live: Observed) -> Mapping[str, Any] | None:
    """What Windows said of the account; None where there is none."""
    raw: Any = live.rests_on
    found: Mapping[str, Any] | None = raw["users"][wanted.name]
    return found
