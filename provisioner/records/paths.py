"""Where we keep things on our side."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from platformdirs import user_state_path


def state_folder(chosen: Path | None) -> Path:
    """`--state`, else `PROVISIONER_STATE`, else the user's state folder of this system."""
    if chosen is not None:
        return chosen
    named = os.environ.get("PROVISIONER_STATE")
    return Path(named) if named else user_state_path("provisioner", appauthor=False)


def private_folder(path: Path) -> Path:
    """Make it, for this user alone (on Windows the profile's own rights hold)."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def write_private(path: Path, content: bytes) -> None:
    """Whole or not at all, mode 0600: written beside it, synced, and moved over it."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
