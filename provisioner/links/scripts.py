"""The PowerShell we ship, as text. Scripts lie beside their kind, the runners beside the link."""

from __future__ import annotations

import base64
from functools import cache
from importlib.resources import files
from pathlib import Path


@cache
def runner(name: str) -> str:
    """`bootstrap`, `ask` or `change`."""
    return files("provisioner.links").joinpath(f"{name}.ps1").read_text("ascii")


@cache
def script(name: str) -> str:
    """A kind's script: `clock.read`, `clock.write`."""
    return files("provisioner.resources").joinpath(f"{name}.ps1").read_text("ascii")


@cache
def shipped() -> frozenset[str]:
    """Names of all kinds' scripts in this package."""
    folder = files("provisioner.resources")
    return frozenset(Path(entry.name).stem for entry in folder.iterdir() if entry.name.endswith(".ps1"))


@cache
def encoded_bootstrap() -> str:
    """The bootstrap as `-EncodedCommand` wants it: base64 of UTF-16LE. Constant, so it needs no quoting."""
    return base64.b64encode(runner("bootstrap").encode("utf-16-le")).decode("ascii")


def command_line() -> tuple[str, tuple[str, ...]]:
    """Program and arguments. With the program's name it stays below cmd.exe's 8191 characters."""
    return "powershell.exe", (
        "-NoProfile",
        "-NonInteractive",
        "-ExecutionPolicy",
        "Bypass",
        "-EncodedCommand",
        encoded_bootstrap(),
    )
