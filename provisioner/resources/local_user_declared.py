"""What can be declared of an account."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from provisioner.resources.base import Facts
from provisioner.resources.listed import Listed
from provisioner.resources.secret_reference import SecretReference

AS_DECLARED = "as declared"
"""All that a fact says of a password that is so."""
_FORBIDDEN = re.compile(r'["/\\\[\]:;|=,+*?<>@\x00-\x1f]')
PLAIN = (
    "full_name",
    "description",
    "enabled",
    "password_never_expires",
    "must_change_password",
    "user_cannot_change_password",
    "administrator",
)
"""Declared fields that are facts as they stand."""


def _name(text: str) -> str:
    if _FORBIDDEN.search(text):
        raise ValueError(f'{text!r} is no name of an account: none of " / \\ [ ] : ; | = , + * ? < > @')
    if text != text.strip() or not text.strip(". "):
        raise ValueError(f"{text!r} is no name of an account: not dots alone, no space at either end")
    return text


class DeclaredUser(Listed):
    """The fields of an account, and what they say of it."""

    name: Annotated[str, Field(min_length=1, max_length=20), AfterValidator(_name)] = Field(
        description="The name of the account, at most 20 characters."
    )
    password: SecretReference | None = Field(
        default=None, description="Where its password is found; needed to make the account."
    )
    full_name: str | None = Field(default=None, max_length=256, description="The name that people see.")
    description: str | None = Field(default=None, max_length=48, description="What the account is for.")
    enabled: bool | None = Field(default=None, description="Whether anybody may log on with it.")
    password_never_expires: bool | None = Field(
        default=None, description="Whether its password is good for ever."
    )
    must_change_password: bool | None = Field(
        default=None,
        description="Whether the next logon asks for a new password. While this is declared it is asked for "
        "again after each; AXIS Camera Station cannot answer it.",
    )
    user_cannot_change_password: bool | None = Field(
        default=None, description="Whether only an administrator may change its password."
    )
    administrator: bool | None = Field(
        default=None,
        description="Whether it is an administrator of the machine, and with that of AXIS Camera Station.",
    )
    delete_profile: Literal[True] | None = Field(
        default=None, description="With `absent`: remove its files and settings too. Else they stay."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.delete_profile and not self.gone:
            raise ValueError("`delete_profile` belongs to `absent: true`; what stays keeps its profile")
        if self.gone and (
            self.password is not None or any(getattr(self, name) is not None for name in PLAIN)
        ):
            raise ValueError("`absent` stands alone, but for `delete_profile`")
        if self.must_change_password:
            for name in ("password_never_expires", "user_cannot_change_password"):
                if getattr(self, name):
                    raise ValueError(f"`must_change_password` and `{name}` exclude each other; keep one")
        return self

    @property
    def key(self) -> str:
        """Windows takes names in any case for the same."""
        return self.name.casefold()

    def facts(self) -> Facts:
        """Of the password only that it is the declared one."""
        if self.gone:
            return {}
        facts: dict[str, JsonValue] = {
            name: getattr(self, name) for name in PLAIN if getattr(self, name) is not None
        }
        return facts | ({} if self.password is None else {"password": AS_DECLARED})
