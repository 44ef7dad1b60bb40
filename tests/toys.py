"""Kinds of which a host may have several, small enough to see through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from provisioner.resources.base import (
    Ask,
    Asking,
    Change,
    Changing,
    Facts,
    Observed,
    Reason,
    Refusal,
    Risk,
    Surroundings,
)
from provisioner.resources.listed import Listed
from provisioner.resources.secret_reference import SecretReference


class Account(Listed):
    """A toy kind of which a host may have several, with a secret."""

    kind: ClassVar = "account"
    section: ClassVar = "accounts"
    title: ClassVar = "Accounts"
    name: str
    full_name: str | None = None
    password: SecretReference | None = None

    @property
    def key(self) -> str:
        return self.name.casefold()

    def facts(self) -> Facts:
        said = {} if self.password is None else {"password": "as_declared"}
        return {} if self.gone else self.model_dump(exclude_unset=True, exclude={"absent", "password"}) | said


class Share(Listed):
    """A toy kind without a secret."""

    kind: ClassVar = "share"
    section: ClassVar = "shares"
    title: ClassVar = "Shares"
    name: str
    path: str | None = None

    @property
    def key(self) -> str:
        return self.name.casefold()

    def risks(self, changed: frozenset[str]) -> tuple[Risk, ...]:
        return (Risk.STOPS_RECORDING,) if "path" in changed else ()

    def refuse(self, live: Observed) -> Refusal | None:
        if self.path != "Q:":
            return None
        return Refusal(Reason.NOT_ON_THIS_HOST, "there is no drive Q:", "Choose another.")

    def guard(self, live: Observed, around: Surroundings) -> Refusal | None:
        if self.key != around.way_in.username:
            return None
        return Refusal(Reason.GUARD, "we come in by it", "Come in by another.")

    @classmethod
    def read(cls, wanted: Sequence[Self]) -> Asking[Mapping[str, Observed]]:
        reply = yield Ask(cls.kind, {"names": [one.key for one in wanted]})
        rows: Any = reply.value
        return {
            one.key: Observed(
                dict(rows[one.key] or {}), {one.key: rows[one.key]}, present=bool(rows[one.key])
            )
            for one in wanted
        }

    def create(self) -> Changing[None]:
        yield Change(self.kind, "create", {"name": self.name})

    def update(self, live: Observed) -> Changing[None]:
        yield Change(self.kind, "update", {"name": self.name})

    def delete(self, live: Observed) -> Changing[None]:
        yield Change(self.kind, "delete", {"name": self.name})
