"""Starts the shipped bootstrap in a real PowerShell engine, with the small Windows in front of it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from provisioner.links.scripts import runner, script
from provisioner.links.wire import Frames, pack
from provisioner.resources.host import APPLIED_FILE, OUR_FOLDER, RUN_FILE

WINDOWS = Path(__file__).with_name("windows.ps1")
NOW_MS = 1_795_000_000_000
"""Where real time stands still in the engine: 2026-11-18 09:46:40 UTC."""
SECONDS = 60
MACHINE, CHANGES = "machine.json", "changes.jsonl"
QUIET = ("-NoProfile", "-NonInteractive", *(("-ExecutionPolicy", "Bypass") if os.name == "nt" else ()))
RUN_CASES = Path(__file__).with_name("run.ps1")


def powershell(what_is_not_proven: str) -> str:
    """Path of a PowerShell, or a visible skip that says what was not proven."""
    found = os.environ.get("PROVISIONER_TEST_PWSH") or shutil.which("powershell.exe") or shutil.which("pwsh")
    if not found:
        pytest.skip(
            f"no PowerShell (PROVISIONER_TEST_PWSH, powershell.exe, pwsh); not proven: {what_is_not_proven}"
        )
    return found


@dataclass(frozen=True)
class CasesRun:
    """What `run.ps1` printed: one line per case, then how many passed and failed."""

    lines: Sequence[str]
    exit_code: int

    @property
    def failed(self) -> list[str]:
        """The lines of cases that failed."""
        return [line for line in self.lines if line.startswith("FAILED ")]


def run_cases(program: str, *arguments: str, seconds: int = SECONDS) -> CasesRun:
    """One engine start of `run.ps1`. Fails if it ends without its last line."""
    ended = subprocess.run(
        [program, *QUIET, "-File", str(RUN_CASES), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=seconds,
        env=os.environ | {"POWERSHELL_TELEMETRY_OPTOUT": "1"},
    )
    lines = ended.stdout.decode("utf-8", "replace").splitlines()
    assert lines, ended.stderr.decode("utf-8", "replace")
    assert lines[-1].endswith(" failed"), lines[-1] + ended.stderr.decode("utf-8", "replace")
    return CasesRun(lines, ended.returncode)


@dataclass(frozen=True)
class Conversation:
    """What one engine process said, and the changes that it made to its machine."""

    frames: Sequence[Mapping[str, Any]]
    changes: Sequence[Mapping[str, Any]]
    noise: str
    errors: str
    exit_code: int

    @property
    def end(self) -> Mapping[str, Any]:
        """The last frame, which must be the answer to the asks."""
        assert self.frames, self.errors
        assert self.frames[-1]["type"] == "end", (self.frames, self.errors)
        return self.frames[-1]

    def of_type(self, kind: str) -> list[Mapping[str, Any]]:
        """Frames of one type in their order."""
        return [frame for frame in self.frames if frame["type"] == kind]


@dataclass
class Child:
    """A started engine process whose request is not sent yet."""

    process: subprocess.Popen[bytes]
    folder: Path
    machine: str

    def tell(self, request: bytes, seconds: int = SECONDS) -> Conversation:
        """Send the request and wait so many seconds for the end."""
        try:
            out, errors = self.process.communicate(request, timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        frames = Frames()
        found = frames.feed(out + b"\n")
        assert (self.folder / MACHINE).read_text("utf-8") == self.machine, "a child wrote the machine back"
        assert {path.name for path in self.folder.iterdir()} <= {MACHINE, CHANGES}, "a child left a file"
        return Conversation(
            found,
            self.changes(),
            frames.noise.decode("utf-8", "replace"),
            errors.decode("utf-8", "replace"),
            self.process.returncode,
        )

    def tell_until_first_frame(self, request: bytes) -> Mapping[str, Any]:
        """Send the request, wait for one frame, and leave the child at its work."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(request)
        self.process.stdin.close()
        frames = Frames()
        for line in self.process.stdout:
            for frame in frames.feed(line):
                return frame
        raise AssertionError("the child ended without a frame")

    def kill(self) -> None:
        """As a power cut does: nothing more runs."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def changes(self) -> list[Any]:
        """What it changed so far."""
        path = self.folder / CHANGES
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]


@dataclass
class Engine:
    """Starts children in a folder of their own."""

    program: str
    folder: Path
    _started: int = field(default=0)

    def start(self, machine: Mapping[str, Any], front: str = "") -> Child:
        """A child with the command line as on the wire; `front` is script text before the bootstrap."""
        self._started += 1
        place = self.folder / str(self._started)
        place.mkdir()
        written = json.dumps(machine)
        (place / MACHINE).write_text(written, "utf-8")
        text = f". '{WINDOWS}'\n{front}\n{runner('bootstrap')}"
        encoded = base64.b64encode(text.encode("utf-16-le")).decode("ascii")
        process = subprocess.Popen(
            [
                self.program,
                *QUIET,
                "-EncodedCommand",
                encoded,
            ],
            cwd=place,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ
            | {
                "POWERSHELL_TELEMETRY_OPTOUT": "1",
                "PROVISIONER_TEST_MACHINE": str(place / MACHINE),
                "PROVISIONER_TEST_CHANGES": str(place / CHANGES),
                "PROVISIONER_TEST_NOW_MS": str(NOW_MS),
            },
        )
        return Child(process, place, written)

    def run(self, machine: Mapping[str, Any], request: Mapping[str, Any], front: str = "") -> Conversation:
        """Start a child, send it the request and wait for its end."""
        return self.start(machine, front).tell(pack(request))


def ask_request(asks: Sequence[Mapping[str, Any]], scripts: Mapping[str, str]) -> dict[str, Any]:
    """An asking request with any scripts, also such as we do not ship."""
    return {
        "mode": "ask",
        "run": "run-1",
        "runners": [runner("ask")],
        "scripts": dict(scripts),
        "asks": list(asks),
    }


def change_request(
    guid: str, steps: Sequence[Mapping[str, Any]], scripts: Mapping[str, str], **more: Any
) -> dict[str, Any]:
    """A changing request; `more` overrides what it says."""
    request = ask_request(
        [{"script": "host", "arguments": {}}], {"host.read": script("host.read"), **scripts}
    )
    return request | {
        "mode": "change",
        "runners": [runner("ask"), runner("change")],
        "machine_guid": guid,
        "folder": OUR_FOLDER,
        "run_file": RUN_FILE,
        "applied_file": APPLIED_FILE,
        "applied": None,
        "steps": list(steps),
        **more,
    }
