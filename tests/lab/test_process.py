"""The lab in a process of its own, as `--lab` starts it."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provisioner.errors import HeldError, LabError
from provisioner.lab.handle import LabHandle
from provisioner.lab.join import join, join_or_start
from provisioner.lab.saving import read_json
from provisioner.lab.serve import serve_here
from tests.lab.clients import Talk, protocol

ONE = "control-room-1"
MANIFEST = """\
site: harbour
terminals:
  - name: control-room-1
    connect: {address: 192.0.2.21, username: provision, password: {env: HARBOUR_WINRM}}
    computer_name: HARBOUR-CR1
"""
SECOND = """\
  - name: control-room-2
    connect: {address: 192.0.2.22, transport: basic, username: provision, password: {env: HARBOUR_WINRM}}
    computer_name: HARBOUR-CR2
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site" / "site.yaml"
    path.parent.mkdir()
    path.write_text(MANIFEST)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state"
    handle = join(tmp_path / "state")
    if handle is not None:
        handle.down()


def until(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Wait for a condition that another process brings about."""
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()


def pid_of(folder: Path) -> int:
    return int(read_json(folder / "lab.json")["pid"])


def test_it_is_started_joined_and_ended(site: Path, folder: Path) -> None:
    started = join_or_start(site, folder)
    Talk(protocol(started, ONE)).close()
    started.set_place(ONE, "clock/offset_ms", 90_000)
    joined = join_or_start(site, folder)
    assert joined.endpoints() == started.endpoints()
    assert joined.status()["hosts"][ONE]["operations"]["create"] == 1
    assert pid_of(folder) != os.getpid()
    joined.down()
    assert join(folder) is None and not (folder / "lab.json").exists()
    again = join_or_start(site, folder)
    assert again.place(ONE, "clock/offset_ms") == 90_000


def test_a_second_one_and_another_site_are_refused(site: Path, folder: Path, tmp_path: Path) -> None:
    join_or_start(site, folder)
    with pytest.raises(HeldError, match="process"):
        serve_here(site, folder)
    other = tmp_path / "other.yaml"
    other.write_text(MANIFEST)
    with pytest.raises(HeldError) as refused:
        join_or_start(other, folder)
    assert str(site) in str(refused.value)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_killed_lab_leaves_no_stale_lock(site: Path, folder: Path) -> None:
    first = join_or_start(site, folder)
    first.set_place(ONE, "clock/offset_ms", 7)
    Talk(protocol(first, ONE)).close()
    os.kill(pid_of(folder), signal.SIGKILL)
    assert until(lambda: join(folder) is None)
    assert join_or_start(site, folder).place(ONE, "clock/offset_ms") == 7


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use cannot be removed on Windows")
def test_it_ends_when_its_folder_is_gone(site: Path, folder: Path) -> None:
    join_or_start(site, folder)
    pid = pid_of(folder)
    shutil.rmtree(folder)
    assert until(lambda: not _runs(pid))


def test_it_ends_by_itself_when_nobody_is_connected(site: Path, folder: Path) -> None:
    handle = join_or_start(site, folder, linger_seconds=0.3)
    talk = Talk(protocol(handle, ONE))
    assert not until(lambda: not (folder / "lab.json").exists(), seconds=1.0)
    talk.close()
    assert until(lambda: not (folder / "lab.json").exists())


def test_doors_follow_the_manifest_and_machines_stay(site: Path, folder: Path) -> None:
    first = join_or_start(site, folder)
    first.set_place(ONE, "clock/offset_ms", 5)
    site.write_text(MANIFEST + SECOND)
    second = join_or_start(site, folder)
    assert [row["name"] for row in second.endpoints()["hosts"]] == [ONE, "control-room-2"]
    assert second.place(ONE, "clock/offset_ms") == 5


def test_a_lab_that_cannot_start_says_why(site: Path, folder: Path) -> None:
    (site.parent / "lab.yaml").write_text("hosts: {nobody: {}}")
    with pytest.raises(LabError, match="no host 'nobody'"):
        join_or_start(site, folder)


def test_serving_in_the_foreground_ends_with_a_signal(site: Path, folder: Path) -> None:
    seen: list[str] = []

    def ready(lab: LabHandle) -> None:
        seen.extend(row["role"] for row in lab.endpoints()["hosts"])
        threading.Timer(0.05, signal.raise_signal, (signal.SIGINT,)).start()

    serve_here(site, folder, ready=ready)
    assert seen == ["terminal"]
    assert not (folder / "lab.json").exists()


def _runs(pid: int) -> bool:
    try:
        # A child that ended is gone only once somebody took its exit code.
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return False
