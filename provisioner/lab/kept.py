"""What a lab keeps in its state folder: taken over only where it is a lab's, and never replaced by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from provisioner.errors import LabError
from provisioner.records.paths import private_folder

_MARKS = frozenset({"lab.lock", "lab.log", "lab.json", "passwords.json"})
"""Files of which a lab's folder has at least one, whatever ended the lab."""


def state_folder(path: Path) -> Path:
    """Make the folder, or take up a lab's, for this user alone. Raises `LabError` where it is not a lab's."""
    try:
        names = {entry.name for entry in path.iterdir()} if path.exists() else set()
        if not names or names & _MARKS:
            return private_folder(path)
    except OSError as error:
        raise LabError(
            f"no lab can be kept there: {error.strerror}.",
            where=str(path),
            next_step="Choose another --lab-state.",
        ) from error
    raise LabError(
        "there are files in this folder that are not a lab's.",
        where=str(path),
        next_step="Choose an empty or a new folder for --lab-state.",
    )


def kept_map(path: Path) -> dict[str, Any] | None:
    """What the lab wrote there, or None where it never did. Raises `LabError` where that is damaged."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        content = None
    if isinstance(content, dict):
        return content
    raise LabError(
        "this file of the lab cannot be read, and is not replaced unasked.",
        where=str(path),
        next_step="Delete it for a factory-new start, or the whole state folder for a new lab.",
    )
