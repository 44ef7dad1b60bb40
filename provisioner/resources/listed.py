"""Base of the kinds of which a host may have several: a list in the manifest, and a way to be removed."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from provisioner.resources.base import Facts, Resource, Verb


class Listed(Resource):
    """One of several. A subclass says `section` and `key`."""

    verbs: ClassVar[tuple[Verb, ...]] = ("create", "update", "delete")

    absent: Literal[True] | None = Field(default=None, description="Remove it from the machine.")

    @property
    def gone(self) -> bool:
        """Declared absent."""
        return self.absent is True

    def facts(self) -> Facts:
        """What is declared; of an item that shall be gone, nothing."""
        if self.gone:
            return {}
        return self.model_dump(mode="json", exclude_unset=True, exclude={"absent"})
