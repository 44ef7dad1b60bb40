"""Saved plans as files. What a plan means is not known here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from provisioner.errors import UsageError
from provisioner.records.paths import write_private

LARGEST = 256 * 1024 * 1024
"""Bytes. A plan of 5,000 items has about 10 MB."""


def save_plan(path: Path, plan: dict[str, Any]) -> None:
    """Mode 0600: a plan tells much about a site, though no secret."""
    if (
        path.suffix.lower() in (".yaml", ".yml")
        or (path.exists() and not path.is_file())
        or path.is_symlink()
    ):
        raise UsageError(
            "a plan is not saved there", where=str(path), next_step="Name a new file, like harbour.plan."
        )
    text = json.dumps(plan, ensure_ascii=True, indent=1) + "\n"
    try:
        write_private(path, text.encode("utf-8"))
    except OSError as error:
        raise UsageError(f"the plan cannot be saved: {error.strerror}", where=str(path)) from error


def load_plan(path: Path) -> dict[str, Any]:
    """The JSON of a saved plan. Raises `UsageError` for anything else."""
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError("too large for a saved plan", where=str(path))
        plan = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except (ValueError, RecursionError) as error:
        raise _no_plan(path) from error
    if not isinstance(plan, dict) or not str(plan.get("format", "")).startswith("provisioner-plan/"):
        raise _no_plan(path)
    return plan


def _no_plan(path: Path) -> UsageError:
    return UsageError(
        "this is not a plan saved by `provisioner plan --out`",
        where=str(path),
        next_step="Name a site's folder, or a file that `plan --out` wrote.",
    )
