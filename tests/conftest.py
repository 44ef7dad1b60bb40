"""Fixtures of the whole suite."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from _pytest.terminal import TerminalReporter
from hypothesis import HealthCheck, settings

NO_NETWORK = Path(__file__).parent / "no_network"

# At import, before any fixture or thread: in this process and, through PYTHONPATH, in every child.
sys.path.insert(0, str(NO_NETWORK))
import sitecustomize  # noqa: E402

if Path(sitecustomize.__file__ or "").parent != NO_NETWORK:
    # Another sitecustomize came first (a distribution's own): load ours beside it.
    exec(compile((NO_NETWORK / "sitecustomize.py").read_text(), "no_network", "exec"))
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(NO_NETWORK), os.environ.get("PYTHONPATH", "")]))
for _name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "PROVISIONER_STATE", "NO_COLOR"):
    os.environ.pop(_name, None)

# Timing says nothing on a shared machine; in CI the same examples run every time.
settings.register_profile(
    "suite", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("suite")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: many tests wait for a child process."""
    return (os.cpu_count() or 1) + 1


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """How many cases ran in a PowerShell engine: a green run without one proves less, and must say so."""

    def count(outcome: str) -> int:
        reports = terminalreporter.stats.get(outcome, [])
        return sum(
            "tests/powershell/" in report.nodeid or "engine_door" in report.nodeid for report in reports
        )

    engine = os.environ.get("PROVISIONER_TEST_PWSH") or shutil.which("powershell.exe") or shutil.which("pwsh")
    where = f"with {engine}" if engine else "without a PowerShell"
    terminalreporter.write_line(
        f"PowerShell scripts {where}: {count('passed')} cases ran, {count('skipped')} skipped, "
        f"{count('failed')} failed"
    )
