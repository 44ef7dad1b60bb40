"""No difference between engine and simulation over random machines and manifests, in one engine start."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

from .engine import powershell, run_cases
from .random_cases import cases

COUNT = int(os.environ.get("PROVISIONER_TEST_CASES", "75"))
"""A person sets 1000 by hand."""
SECONDS_EACH = 2


def test_engine_and_simulation_agree_on_random_machines(tmp_path: Path) -> None:
    program = powershell(f"{COUNT} random machines and manifests in a PowerShell engine")
    calls: Counter[str] = Counter()
    for number, case in enumerate(cases(COUNT)):
        (tmp_path / f"{number:05}.json").write_text(json.dumps(case, ensure_ascii=False), "utf-8")
        calls.update(f"{call['request']['script']} {call['request']['verb']}" for call in case["calls"])
        calls["error"] += any("error" in call["answer"] for call in case["calls"])
    said = run_cases(program, "-Fixtures", str(tmp_path), seconds=60 + SECONDS_EACH * COUNT)
    assert said.lines[-1] == f"{COUNT} passed, 0 failed", "\n".join(said.failed[:5])
    # That the cases were about something: every script ran often, and some failed.
    assert len(calls) == 31, calls
    assert min(calls.values()) >= COUNT // 40, calls
