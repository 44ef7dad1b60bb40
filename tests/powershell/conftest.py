"""Fixtures of the tests that run PowerShell text in a real engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from .engine import Engine, powershell


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """A real engine with the small Windows; skips visibly where there is none."""
    return Engine(powershell("that the shipped PowerShell text runs"), tmp_path)
