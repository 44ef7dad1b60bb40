"""Which commit a manifest is from."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

_KEPT = frozenset(
    {
        *("PATH", "PATHEXT", "COMSPEC", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "PROGRAMDATA"),
        *("TEMP", "TMP", "TMPDIR"),
        *("HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA", "XDG_CONFIG_HOME", "LANG", "LC_ALL"),
        *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_CEILING_DIRECTORIES"),
        *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"),
    }
)
"""What git needs to start and to find its settings; a site's passwords may stand in any other variable."""


def commit_of(site: Path) -> str:
    """The commit of the site's repository, `-dirty` where other things lie there; empty without git."""
    git = shutil.which("git")
    if git is None:
        return ""
    folder = site if site.is_dir() else site.parent
    asked = [git, "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        said = subprocess.run(  # noqa: S603
            asked, capture_output=True, text=True, timeout=10, check=False, env=_environment(os.environ)
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in ours.items() if name.upper() in _KEPT}
