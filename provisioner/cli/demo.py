"""`provisioner demo`: the verbs themselves, one after the other, on the simulated twin of the demo site."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import provisioner
from provisioner.cli.output import say
from provisioner.errors import UsageError

Run = Callable[[list[str]], int]
"""Runs one verb and gives its exit code."""

BY_HAND = ("control-room-1", "services/w32time/running", "false")
"""What somebody changes at the machine: the time service is stopped."""


def run_demo(folder: Path | None, powershell: Path | None, run: Run) -> int:
    """0 when every verb ended as it should. `run` is the command line itself, so nothing here is staged."""
    place = folder or Path(tempfile.mkdtemp(prefix="provisioner-demo-"))
    site = _copy_site(place)
    folders = ["--lab-state", str(place / "lab"), "--state", str(place / "state")]
    twin = [*folders, *(["--lab-powershell", str(powershell)] if powershell else [])]
    steps = [
        ("A factory-new site: what would have to change?", ["plan", str(site), *twin], 2),
        (
            "Make it so, and restart for the new computer names.",
            ["apply", str(site), *twin, "--yes", "--restart", "now"],
            0,
        ),
        ("Once more: nothing is left to do.", ["plan", str(site), *twin], 0),
        ("Somebody stops the time service by hand ...", ["lab", "set", *BY_HAND, *folders], 0),
        ("... and drift sees it, with its cause.", ["drift", str(site), *twin], 2),
    ]
    try:
        as_expected = [_step(run, *step) for step in steps]
    finally:
        run(["lab", "down", *folders])
    say(f"\nManifest, journals and simulated machines are in {place}\n")
    return 0 if all(as_expected) else 1


def _step(run: Run, title: str, arguments: list[str], expected: int) -> bool:
    say(f"\n# {title}\n$ provisioner {' '.join(arguments)}\n\n")
    code = run(arguments)
    if code != expected:
        say(f"\nThis ended with {code}, and {expected} was expected.\n")
    return code == expected


def _copy_site(folder: Path) -> Path:
    site = folder / "demo"
    if site.exists():
        raise UsageError("there is a demo already", where=str(site), next_step="Choose another --folder.")
    shutil.copytree(_shipped_site(), site)
    return site


def _shipped_site() -> Path:
    """In an installed package beside its modules, in a source checkout where everybody edits it."""
    packaged = Path(str(files("provisioner"))) / "demo_site"
    if packaged.is_dir():
        return packaged
    return Path(provisioner.__file__).parents[1] / "sites" / "demo"
