"""The fixtures find small mistakes in the scripts."""

from __future__ import annotations

from pathlib import Path

from provisioner.resources import ALL

from .engine import powershell, run_cases
from .mutations import MAY_SURVIVE, MUTATIONS


def test_the_list_reaches_every_script() -> None:
    scripts = {mutation.script for mutation in MUTATIONS}
    assert len(MUTATIONS) >= 20
    assert len(MAY_SURVIVE) <= 1
    assert scripts == {
        f"{kind}.{verb}" for kind in (*(kind.kind for kind in ALL), "host") for verb in ("read", "write")
    } | {"ask", "change"}


def test_a_planted_mistake_makes_a_fixture_fail(tmp_path: Path) -> None:
    program = powershell(f"that the fixtures find {len(MUTATIONS)} mistakes in the scripts")
    for mutation in MUTATIONS:
        mutation.plant(tmp_path)
    said = run_cases(program, "-Replaced", str(tmp_path), seconds=60 + 2 * len(MUTATIONS))
    found = {line.removeprefix("FAILED ").partition(": ")[0] for line in said.failed}
    assert {mutation.name for mutation in MUTATIONS} - found <= MAY_SURVIVE
