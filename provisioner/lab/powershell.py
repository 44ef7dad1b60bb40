"""Which PowerShell runs behind the doors of a lab, and how one process of it is started."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from provisioner.errors import LabError
from provisioner.links.scripts import command_line, runner

CHECKOUT = Path(__file__).parents[2]
START_SECONDS = 60
"""The first start on a cold machine takes several seconds."""
_VERSION = "$PSVersionTable.PSVersion.ToString()"
_VARIABLES = {
    "SystemDrive": "C:",
    "SystemRoot": r"C:\Windows",
    "windir": r"C:\Windows",
    "ProgramData": r"C:\ProgramData",
    "ProgramFiles": r"C:\Program Files",
    "ALLUSERSPROFILE": r"C:\ProgramData",
    "PUBLIC": r"C:\Users\Public",
    "OS": "Windows_NT",
    "PROCESSOR_ARCHITECTURE": "AMD64",
}
_NO_WINDOW = 0
if sys.platform == "win32":
    # The lab has no console there, and each process would open a window of its own.
    _NO_WINDOW = subprocess.CREATE_NO_WINDOW


@dataclass(frozen=True)
class Powershell:
    """An engine, and the small Windows of functions that every process of it gets in front."""

    program: Path
    windows: Path

    def start(self, machine: Path, changes: str, computer_name: str) -> subprocess.Popen[bytes]:
        """Start the command line of the wire. `machine` is its JSON, `changes` where changes are told."""
        return subprocess.Popen(  # noqa: S603 - the program that the person named, and our own text
            [str(self.program), *self._arguments()],
            cwd=machine.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(computer_name)
            | {"PROVISIONER_TEST_MACHINE": str(machine), "PROVISIONER_TEST_CHANGES": changes},
            creationflags=_NO_WINDOW,
        )

    def _arguments(self) -> list[str]:
        *flags, _ = command_line()[1]
        quoted = str(self.windows).replace("'", "''")
        text = f". '{quoted}'\n{runner('bootstrap')}"
        return [*flags, base64.b64encode(text.encode("utf-16-le")).decode("ascii")]


def _environment(computer_name: str) -> dict[str, str]:
    # On Windows the real ones stay: the engine itself starts by them.
    windows = {} if sys.platform == "win32" else _VARIABLES
    names = {"COMPUTERNAME": computer_name, "USERDOMAIN": computer_name}
    return os.environ | windows | names | {"POWERSHELL_TELEMETRY_OPTOUT": "1"}


def located(given: Path, checkout: Path = CHECKOUT) -> Powershell:
    """The engine that a person names by path or by name; nothing is started. Raises `LabError`."""
    windows = checkout / "tests" / "powershell" / "windows.ps1"
    if not windows.is_file():
        raise LabError(
            "the engine behind the door needs a source checkout: tests/powershell/windows.ps1 is not there.",
            where=str(checkout),
            next_step="Run provisioner from a checkout, or leave the flag out: the lab simulates then.",
        )
    found = shutil.which(str(given))
    if found is None:
        raise LabError("no such program.", where=str(given), next_step=_WHAT_TO_DO)
    return Powershell(Path(found).absolute(), windows)


_WHAT_TO_DO = "Name a PowerShell: pwsh, powershell.exe, or the path of one."


def proven(powershell: Powershell) -> Powershell:
    """The same, once it has told its version. Raises `LabError` for what is no PowerShell."""
    try:
        said = subprocess.run(  # noqa: S603 - the program that the person named
            [str(powershell.program), "-NoProfile", "-NonInteractive", "-Command", _VERSION],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=START_SECONDS,
            env=_environment("LAB"),
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        said = b""
    if not re.fullmatch(rb"[5-9]\.\d+(\.\d+)*(-\S+)?", said.strip()):
        raise LabError("this is no PowerShell.", where=str(powershell.program), next_step=_WHAT_TO_DO)
    return powershell
