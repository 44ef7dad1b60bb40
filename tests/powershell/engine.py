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


def powershell(what_is_not_proven: str) -> str:
    """Path of a PowerShell, or a visible skip that says what was not proven."""
    found = os.environ.get("PROVISIONER_TEST_PWSH") or shutil.which("powershell.exe") or shutil.which("pwsh")
    if not found:
        pytest.skip(
            f"no PowerShell (PROVISIONER_TEST_PWSH, powershell.exe, pwsh); not proven: {what_is_not_proven}"
        )
    return found


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
    changes: Path

    def tell(self, request: bytes) -> Conversation:
        """Send the request and wait for the end."""
        out, errors = self.process.communicate(request, timeout=SECONDS)
        frames = Frames()
        found = frames.feed(out + b"\n")
        lines = self.changes.read_text("utf-8").splitlines() if self.changes.exists() else []
        return Conversation(
            found,
            [json.loads(line) for line in lines],
            frames.noise.decode("utf-8", "replace"),
            errors.decode("utf-8", "replace"),
            self.process.returncode,
        )


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
        (place / "machine.json").write_text(json.dumps(machine), "utf-8")
        text = f". '{WINDOWS}'\n{front}\n{runner('bootstrap')}"
        encoded = base64.b64encode(text.encode("utf-16-le")).decode("ascii")
        process = subprocess.Popen(
            [
                self.program,
                "-NoProfile",
                "-NonInteractive",
                *(("-ExecutionPolicy", "Bypass") if os.name == "nt" else ()),
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
                "PROVISIONER_TEST_MACHINE": str(place / "machine.json"),
                "PROVISIONER_TEST_CHANGES": str(place / "changes.jsonl"),
                "PROVISIONER_TEST_NOW_MS": str(NOW_MS),
            },
        )
        return Child(process, place / "changes.jsonl")

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
