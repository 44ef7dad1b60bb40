"""The one question of `apply`, asked at a terminal."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.cli.conftest import CommandLine

if os.name == "nt":
    pytest.skip("pseudo terminals are POSIX's", allow_module_level=True)

import pty

HOST = "control-room-1"


def _answered(provisioner: CommandLine, answer: bytes, restart: str = "never") -> tuple[int, str]:
    """Exit code and what the terminal showed."""
    ours, theirs = pty.openpty()
    arguments = ["apply", str(provisioner.site), "--only", HOST, "--restart", restart, *provisioner.flags()]
    process = subprocess.Popen(
        [sys.executable, "-m", "provisioner", *arguments], stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, answer)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the terminal's other end is closed: the process has ended
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    return process.wait(timeout=60), shown.decode("utf-8", "replace")


def test_yes_applies(provisioner: CommandLine) -> None:
    code, shown = _answered(provisioner, b"y\n")
    assert code == 6, shown
    assert "Make 4 changes on 1 host?" in shown
    assert provisioner.counts(HOST)["writes"] > 0


@pytest.mark.parametrize("answer", [b"n\n", b"\n"])
def test_anything_else_writes_nothing_and_says_that_changes_remain(
    provisioner: CommandLine, answer: bytes
) -> None:
    code, shown = _answered(provisioner, answer)
    assert code == 2, shown
    assert provisioner.counts(HOST)["writes"] == 0
    assert provisioner.counts(HOST)["shells"] == 0


def test_no_connection_waits_while_a_person_thinks(provisioner: CommandLine) -> None:
    """Two connections: one for the plan, closed before the question, and one for the writing."""
    code, shown = _answered(provisioner, b"y\n")
    assert code == 6, shown
    counts = provisioner.counts(HOST)
    assert counts["connections"] == 2
    assert counts["requests"] <= 8 + 11 + counts["operations"].get("receive", 0)


def test_the_end_of_input_is_an_interruption(provisioner: CommandLine) -> None:
    code, shown = _answered(provisioner, b"\x04")
    assert code == 130, shown
    assert "Traceback" not in shown
    assert provisioner.counts(HOST)["writes"] == 0


def test_the_question_names_whom_and_what_a_restart_hits(provisioner: CommandLine) -> None:
    provisioner.lab.set_place(HOST, "logged_on", "Operator")
    code, shown = _answered(provisioner, b"n\n", restart="now")
    assert code == 2
    assert f"A restart of {HOST}: DESKTOP-" in shown
    assert "\\Operator is logged on; AXIS services run, and recording stops with them: Axis" in shown
    assert provisioner.counts(HOST)["writes"] == 0


def test_a_restart_is_part_of_the_question_and_asked_for_by_itself(provisioner: CommandLine) -> None:
    code, shown = _answered(provisioner, b"n\n", restart="now")
    assert f"and restart {HOST} now?" in shown
    assert provisioner("apply", "--only", HOST, "--yes", "--restart", "never") == 6
    code, shown = _answered(provisioner, b"n\n", restart="now")
    assert f"Restart {HOST} now?" in shown
    assert code == 6
    assert provisioner.counts(HOST)["restarts"] == 0
