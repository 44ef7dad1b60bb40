"""A running lab over real sockets, and the command line against it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from provisioner.cli import run
from provisioner.lab.handle import LabHandle
from provisioner.lab.serving import Serving, serving
from provisioner.manifest.load import load

DEMO = Path(__file__).parents[2] / "sites" / "demo"
KINDS = tuple(resource.kind for resource in load(DEMO).hosts[0].resources)
"""What the demo declares on each of its terminals, in the order in which it is changed."""


@dataclass
class CommandLine:
    """Runs verbs against one lab, and keeps what they wrote."""

    site: Path
    folder: Path
    served: Serving
    capture: pytest.CaptureFixture[str]
    out: str = ""
    err: str = ""
    joined: bool = False
    """Whether the lab is joined as with `--lab`, so that waiting takes no time, and not by its endpoints."""

    @property
    def lab(self) -> LabHandle:
        return self.served.handle()

    @property
    def endpoints(self) -> Path:
        return self.folder / "endpoints.json"

    def flags(self) -> list[str]:
        lab = ["--lab-state", str(self.folder / "lab")] if self.joined else []
        return [*(lab or ["--lab-endpoints", str(self.endpoints)]), "--state", str(self.folder / "state")]

    def __call__(self, verb: str, *arguments: str | Path, target: Path | None = None) -> int:
        """The exit code; texts are in `out` and `err`."""
        code = run([verb, str(target or self.site), *map(str, arguments), *self.flags()])
        self.out, self.err = self.capture.readouterr()
        return code

    def json(self, verb: str, *arguments: str | Path) -> Any:
        self(verb, *arguments, "--format", "json")
        return json.loads(self.out)

    def counts(self, host: str) -> dict[str, Any]:
        found: dict[str, Any] = self.lab.status()["hosts"][host]
        return found

    def rewrite(self, before: str, after: str) -> None:
        """Edit the manifest."""
        manifest = self.site / "site.yaml"
        text = manifest.read_text("utf-8")
        assert before in text
        manifest.write_text(text.replace(before, after), "utf-8")


@pytest.fixture
def provisioner(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[CommandLine]:
    """The demo site: control-room-1 over NTLM, control-room-2 over HTTPS with Basic."""
    site = tmp_path / "demo"
    site.mkdir()
    (site / "site.yaml").write_text((DEMO / "site.yaml").read_text("utf-8"), "utf-8")
    with serving(load(site), tmp_path / "lab", down_seconds=0.2) as served:
        line = CommandLine(site, tmp_path, served, capsys)
        line.lab.write_endpoints(line.endpoints)
        yield line
