"""Finds the journals of earlier runs and sums them up. What a row means to a rollback is not known here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.errors import UsageError
from provisioner.records.journal import read_journal


@dataclass(frozen=True)
class PastRun:
    """One run in a line."""

    run: str
    began: str
    """UTC, ISO 8601."""
    exit_code: int | None
    """None where it never came to its end."""
    changes: int
    """Steps that a host did."""
    takes_back: str = ""


def find_journal(state: Path, run: str) -> Path:
    """The journal of the run with this id or beginning of an id, over all sites. Raises `UsageError`."""
    found = [path for path in _journals(state, "*") if path.stem == run] or [
        path for path in _journals(state, "*") if run and path.stem.startswith(run)
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            f"no run {run!r} has a journal here",
            where=str(state),
            next_step="See `provisioner history SITE`, and give the --state of the run.",
        )
    shown = ", ".join(path.stem for path in found[:5]) + (", ..." if len(found) > 5 else "")
    raise UsageError(f"{run!r} may be {shown}", where=str(state), next_step="Give more of the id.")


def past_runs(state: Path, site: str) -> tuple[PastRun, ...]:
    """The runs over this site that kept a journal, oldest first."""
    return tuple(run for path in _journals(state, site) if (run := _past_run(path)) is not None)


def journal_rows(path: Path) -> list[dict[str, Any]]:
    """All sound rows. Raises `UsageError` where the file is no journal or cannot be read."""
    try:
        rows = list(read_journal(path))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if not rows or rows[0].get("happened") != "began":
        raise UsageError("this journal has lost its beginning", where=str(path))
    return rows


def _journals(state: Path, site: str) -> Iterator[Path]:
    # A pattern would read brackets in a name as a class; names of sites have none, `*` is ours.
    return iter(sorted((state / "runs").glob(f"{site}/*.jsonl"), key=lambda path: path.name))


def _past_run(path: Path) -> PastRun | None:
    try:
        rows = journal_rows(path)
    except UsageError:
        return None
    began, last = rows[0], rows[-1]
    return PastRun(
        run=str(began["run"]),
        began=str(began["at"]),
        exit_code=last["exit_code"] if last["happened"] == "ended" else None,
        changes=sum(row["happened"] == "step_done" for row in rows),
        takes_back=str(began.get("takes_back", "")),
    )
