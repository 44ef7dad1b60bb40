"""A manifest as a tree in which every key and value knows where it was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, eq=False)
class Source:
    """One file that was read. `order` is its turn; `lines` are shown to people, secrets blotted out."""

    name: str
    order: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Origin:
    """Where something was written; line and column count from 1."""

    source: Source
    line: int
    column: int


@dataclass(frozen=True)
class Scalar:
    """Text, number, true, false or nothing."""

    value: str | int | float | bool | None
    origin: Origin


@dataclass(frozen=True)
class Listing:
    """A YAML sequence."""

    items: tuple[Tree, ...]
    origin: Origin


@dataclass(frozen=True)
class Entry:
    """The value under a key, and where the key stands."""

    key: Origin
    value: Tree


@dataclass(frozen=True)
class Section:
    """A YAML mapping; keys are text."""

    entries: Mapping[str, Entry]
    origin: Origin

    def get(self, key: str) -> Tree | None:
        """The value under the key, if it is there."""
        entry = self.entries.get(key)
        return entry.value if entry else None

    def without(self, *keys: str) -> Section:
        """The same section, some keys left out."""
        return Section({key: entry for key, entry in self.entries.items() if key not in keys}, self.origin)


Tree: TypeAlias = Scalar | Listing | Section


def plain(tree: Tree) -> Any:
    """The values alone, as YAML means them."""
    if isinstance(tree, Section):
        return {key: plain(entry.value) for key, entry in tree.entries.items()}
    if isinstance(tree, Listing):
        return [plain(item) for item in tree.items]
    return tree.value


def text_of(tree: Tree | None) -> str | None:
    """The text of a scalar; None where there is anything else."""
    return tree.value if isinstance(tree, Scalar) and isinstance(tree.value, str) else None


def follow(tree: Tree, steps: Sequence[str | int]) -> tuple[tuple[str | int, ...], Tree]:
    """Go down as far as the steps lead; steps that name nothing in the tree are passed over.

    Answers the steps that were taken and the subtree there.
    """
    taken: list[str | int] = []
    for step in steps:
        below = _below(tree, step)
        if below is not None:
            taken.append(step)
            tree = below
    return tuple(taken), tree


def _below(tree: Tree, step: str | int) -> Tree | None:
    if isinstance(tree, Section) and isinstance(step, str):
        return tree.get(step)
    if isinstance(tree, Listing) and isinstance(step, int) and step < len(tree.items):
        return tree.items[step]
    return None
