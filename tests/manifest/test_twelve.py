"""One run names every fault, each where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.errors import ManifestError
from provisioner.manifest.complaint import Complaint
from provisioner.manifest.load import load

TWELVE = Path(__file__).parent / "bad" / "twelve.yaml"
PLANTED = [
    (5, 9, "expression"),
    (6, 46, "value"),
    (9, 67, "secret"),
    (10, 20, "value"),
    (11, 5, "unknown-key"),
    (13, 5, "duplicate-key"),
    (16, 16, "duplicate-address"),
    (19, 14, "value"),
    (21, 31, "value"),
    (22, 11, "duplicate-name"),
    (23, 14, "missing"),
    (26, 21, "type"),
]


def complaints_of(path: Path) -> list[Complaint]:
    with pytest.raises(ManifestError) as refused:
        load(path)
    assert refused.value.exit_code == 64
    return [one for one in refused.value.complaints if isinstance(one, Complaint)]


def test_every_planted_fault_is_named_where_it_stands() -> None:
    found = complaints_of(TWELVE)
    assert [(one.line, one.column, one.code) for one in found] == PLANTED
    assert {one.file for one in found} == {TWELVE.as_posix()}


def test_each_says_what_to_do_and_shows_the_line() -> None:
    lines = TWELVE.read_text(encoding="utf-8").splitlines()
    for complaint in complaints_of(TWELVE):
        assert complaint.what.endswith(".") and complaint.next_step
        shown = complaint.text.removesuffix("***")
        assert shown.strip() and lines[complaint.line - 1].startswith(shown)


def test_the_password_is_not_repeated() -> None:
    assert "hunter2" in TWELVE.read_text(encoding="utf-8")
    assert all("hunter2" not in repr(complaint) for complaint in complaints_of(TWELVE))
