"""A lab's folder and files: damaged, not its own, or of a lab that has ended."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import LabError
from provisioner.lab.handle import LabHandle
from provisioner.lab.join import from_file, join
from provisioner.lab.serving import running
from tests.lab.sites import Connect, Host, two_hosts

ONE = "control-room-1"


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"name": ', "\x00"])
@pytest.mark.parametrize("name", [f"machines/{ONE}.json", "passwords.json"])
def test_damaged_state_is_told_and_stays(tmp_path: Path, name: str, damage: str) -> None:
    site, folder = two_hosts(tmp_path / "site"), tmp_path / "state"
    with running(site, folder):
        pass
    (folder / name).write_text(damage)
    with pytest.raises(LabError) as refused, running(site, folder):
        pass
    assert str(folder / name) in str(refused.value) and "Delete it" in str(refused.value)
    assert (folder / name).read_text() == damage
    (folder / name).unlink()
    with running(site, folder) as lab:
        assert lab.place(ONE, "clock/offset_ms") == 0


@pytest.mark.parametrize("somebody", ["thesis.odt", "machines", ".profile"])
def test_a_folder_of_somebody_else_is_not_taken_over(tmp_path: Path, somebody: str) -> None:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o755)
    (folder / somebody).write_text("mine")
    mode = stat.S_IMODE(folder.stat().st_mode)
    with pytest.raises(LabError, match="not a lab's") as refused, running(two_hosts(tmp_path), folder):
        pass
    assert str(folder) in str(refused.value)
    assert stat.S_IMODE(folder.stat().st_mode) == mode
    assert [entry.name for entry in folder.iterdir()] == [somebody]


def test_a_file_in_the_folders_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("mine")
    with (
        pytest.raises(LabError, match="no lab can be kept there"),
        running(two_hosts(tmp_path), tmp_path / "state"),
    ):
        pass


def test_an_empty_folder_becomes_the_labs(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    with running(two_hosts(tmp_path), tmp_path / "state"):
        pass
    assert sys.platform == "win32" or stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "notice", ["[]", "{}", '{"control_port": "x", "token": 1}', '{"control_port": 70000}']
)
def test_a_notice_that_says_nothing_is_nobodys(tmp_path: Path, notice: str) -> None:
    (tmp_path / "lab.json").write_text(notice)
    assert join(tmp_path) is None


ROW: dict[str, Any] = {
    "name": ONE,
    "address": "192.0.2.21",
    "url": "http://127.0.0.1:1/wsman",
    "password": "x",
    "certificate_sha256": None,
}


@pytest.mark.parametrize(
    "row",
    [
        *({field: value for field, value in ROW.items() if field != left_out} for left_out in ROW),
        ROW | {"password": 1},
        ROW | {"url": "http://["},
        ROW | {"url": "http://127.0.0.1/wsman"},
        ROW | {"book": ["192.0.2.21:5985"]},
        {},
        None,
    ],
)
def test_rows_that_lack_something_are_no_endpoints(tmp_path: Path, row: Any) -> None:
    (tmp_path / "x.json").write_text(json.dumps({"hosts": [row]}))
    with pytest.raises(LabError, match="no endpoints file"):
        from_file(tmp_path / "x.json")
    (tmp_path / "x.json").write_text(json.dumps({"hosts": [ROW]}))
    assert from_file(tmp_path / "x.json").endpoints()["hosts"] == [ROW]


def test_endpoints_of_a_lab_that_has_ended(tmp_path: Path) -> None:
    site, host = two_hosts(tmp_path), Host(ONE, Connect("192.0.2.21"))
    with running(site, tmp_path / "state") as lab:
        lab.write_endpoints(tmp_path / "endpoints.json")
        access = from_file(tmp_path / "endpoints.json")
        assert access.dial("192.0.2.21", 5985) == lab.dial("192.0.2.21", 5985)
        assert lab.status()["hosts"][ONE]["connections"] == 0
    access = from_file(tmp_path / "endpoints.json")
    for ask in (
        lambda: access.pin(host),
        lambda: access.password(host),
        lambda: access.dial("192.0.2.21", 5985),
    ):
        with pytest.raises(LabError, match="no longer runs"):
            ask()


def test_a_machine_that_is_down_does_not_end_its_lab(lab: LabHandle, tmp_path: Path) -> None:
    lab.write_endpoints(tmp_path / "endpoints.json")
    for host in lab.endpoints()["hosts"]:
        lab.fault("refuse", host=host["name"], argument=60)
    access = from_file(tmp_path / "endpoints.json")
    assert access.dial("192.0.2.21", 5985) == lab.dial("192.0.2.21", 5985)
