"""What is wrong with a manifest, where, and what to do; all of it collected, none of it hidden."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches

from provisioner.errors import ManifestError
from provisioner.manifest.masking import without_logons
from provisioner.manifest.tree import Origin

LONGEST_SHOWN_LINE = 300
MOST_COMPLAINTS = 200


@dataclass(frozen=True)
class Complaint:
    """One fault. Line and column count from 1; `text` is that line, secrets blotted out."""

    file: str
    line: int
    column: int
    code: str
    """A stable word for programs: `unknown-key`, `missing`, `type`, `value`, ..."""
    what: str
    next_step: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.what}"


class Complaints:
    """Collects complaints while a manifest is read and judged."""

    def __init__(self) -> None:
        self._found: dict[tuple[Origin, str, str], Complaint] = {}
        self._spoiled: set[Origin] = set()

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, at: Origin, code: str, what: str, next_step: str, *, spoils: bool = False) -> None:
        """Complain once. With `spoils`, what stands there means nothing and gets no further complaint."""
        if at in self._spoiled:
            return
        if spoils:
            self.spoil(at)
        self._found.setdefault((at, code, what), _complaint(at, code, what, next_step))

    def spoil(self, at: Origin) -> None:
        """What stands there depends on something faulty: no further complaint about it."""
        self._spoiled.add(at)

    def stop_if_any(self, path: str) -> None:
        """Raises `ManifestError` with what was collected, in file order, the first 200 of it."""
        if not self._found:
            return
        found = [one for _, one in sorted(self._found.items(), key=lambda one: _place(one[0][0]))]
        count = "a fault" if len(found) == 1 else f"{len(found)} faults"
        raise ManifestError(
            f"the manifest has {count}.",
            complaints=_first(found),
            where=path,
            next_step="Nothing was contacted. Correct the manifest and run again.",
        )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence with the nearest known word, or with all of them where none is near."""
    names = list(known)
    folded = {name.casefold(): name for name in names}
    near = get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    if near:
        return f"Did you mean '{folded[near[0]]}'?"
    return f"Known here: {', '.join(names)}." if names else ""


def _first(found: list[Complaint]) -> tuple[Complaint, ...]:
    """As many as anybody reads; the last one says how many there are beyond them."""
    if len(found) <= MOST_COMPLAINTS:
        return tuple(found)
    left = len(found) - MOST_COMPLAINTS
    more = replace(
        found[MOST_COMPLAINTS],
        code="more",
        what=f"from here on there are {left} more faults.",
        next_step="Correct those above first; one slip often has many followers.",
    )
    return (*found[:MOST_COMPLAINTS], more)


def _complaint(at: Origin, code: str, what: str, next_step: str) -> Complaint:
    lines = at.source.lines
    text = lines[at.line - 1] if at.line <= len(lines) else ""
    said = without_logons(what), without_logons(next_step)
    return Complaint(at.source.name, at.line, at.column, code, *said, text[:LONGEST_SHOWN_LINE])


def _place(at: Origin) -> tuple[int, int, int]:
    return at.source.order, at.line, at.column
