"""The journal survives a torn tail and shows a changed line."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioner.errors import UsageError
from provisioner.records.journal import Journal, new_run_id, read_journal
from provisioner.records.plans import load_plan, save_plan


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    book = Journal(tmp_path, "demo", new_run_id(datetime.now(UTC)))
    for number in range(3):
        book.record({"happened": "step_done", "number": number, "name": "gr\u00f6\u00dfe"})
    book.close()
    return book.path


def test_rows_come_back_in_order(journal: Path) -> None:
    assert [row["number"] for row in read_journal(journal)] == [0, 1, 2]


def test_a_torn_tail_is_ignored(journal: Path) -> None:
    journal.write_bytes(journal.read_bytes()[:-7])
    assert [row["number"] for row in read_journal(journal)] == [0, 1]


def test_a_changed_line_ends_the_reading(journal: Path) -> None:
    journal.write_bytes(journal.read_bytes().replace(b'"number":1', b'"number":9'))
    assert [row["number"] for row in read_journal(journal)] == [0]


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights, not modes; the profile folder protects it")
def test_it_is_readable_by_its_owner_alone(journal: Path) -> None:
    assert journal.stat().st_mode & 0o777 == 0o600
    assert journal.parent.stat().st_mode & 0o777 == 0o700


def test_run_ids_sort_by_time_and_differ() -> None:
    early, late = (new_run_id(datetime(2026, 11, day, tzinfo=UTC)) for day in (1, 2))
    assert early < late
    assert len({new_run_id(datetime(2026, 11, 1, tzinfo=UTC)) for _ in range(50)}) == 50


def test_a_plan_comes_back_as_saved(tmp_path: Path) -> None:
    plan = {"format": "provisioner-plan/1", "name": "gr\u00f6\u00dfe"}
    save_plan(tmp_path / "p", plan)
    assert load_plan(tmp_path / "p") == plan
    assert os.name == "nt" or (tmp_path / "p").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": "else"}', b"\xff\xfe"])
def test_what_is_no_plan_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "p").write_bytes(content)
    with pytest.raises(UsageError):
        load_plan(tmp_path / "p")


def test_a_plan_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be saved"):
        save_plan(tmp_path / "nowhere" / "p", {})
