"""Workflows fit GitHub's schema, pass a linter, and hold no right they do not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
BIN = Path(sys.executable).parent


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_fits_the_schema(workflow: Path) -> None:
    """The schema ships with the validator; nothing is fetched."""
    checked = _run(
        str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.github-workflows", str(workflow)
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_passes_the_linter(workflow: Path) -> None:
    linted = _run(str(BIN / "zizmor"), "--offline", "--no-progress", str(workflow))
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_no_job_may_write(workflow: Path) -> None:
    content = YAML(typ="safe").load(workflow.read_text("utf-8"))
    assert content["permissions"] == {}
    for job in content["jobs"].values():
        assert set(job["permissions"].values()) <= {"read"}
    assert "pull_request_target" not in workflow.read_text("utf-8")
