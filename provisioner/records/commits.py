"""Which commit a manifest is from."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def commit_of(site: Path) -> str:
    """The commit of the site's repository, `-dirty` where other things lie there; empty without git."""
    git = shutil.which("git")
    if git is None:
        return ""
    folder = site if site.is_dir() else site.parent
    asked = [git, "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""
