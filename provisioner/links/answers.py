"""The shape of what a host's scripts answer, checked once, before anything above relies on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, Field, StrictBool, model_validator

from provisioner.resources.host import FILETIME_1970


class ErrorFact(BaseModel):
    """Why a script threw: PowerShell's error id and message."""

    id: str = ""
    message: str = ""


class Row(BaseModel):
    """One reply: the script's one object, or its error."""

    ok: StrictBool
    value: dict[str, Any] | None = None
    error: ErrorFact | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.value if self.ok else self.error) is None:
            raise ValueError("neither a value nor an error")
        return self


class End(BaseModel):
    """The frame that ends an answer, with the host's clock when it was written."""

    replies: list[Row]
    utc_filetime: int = Field(ge=0, lt=2**63)
    """100 ns ticks since 1601 (MS-DTYP 2.3.3)."""

    @property
    def host_ms(self) -> int:
        """The same in milliseconds since 1970."""
        return (self.utc_filetime - FILETIME_1970) // 10_000


def end_of(frame: Mapping[str, Any], asked: int) -> End:
    """The end of an answer to that many asks. Raises `ValueError` (pydantic's is one)."""
    end = End.model_validate(frame)
    if len(end.replies) != asked:
        raise ValueError(f"{len(end.replies)} replies to {asked} asks")
    return end
