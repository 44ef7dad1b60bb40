from __future__ import annotations

import contextlib
import dataclasses
import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from winrm.exceptions import WinRMTransportError, WSManFaultError

from provisioner.errors import HeldError, LabError
from provisioner.lab.handle import LabHandle
from provisioner.lab.join import from_file
from provisioner.lab.serving import running
from provisioner.links.wire import ask_request, change_request
from provisioner.resources.base import Ask, Change, Secret
from provisioner.resources.conversation import Batch, Step
from tests.lab.clients import Talk, protocol, row_of
from tests.lab.sites import Connect, Host, Site, two_hosts

ONE, TWO = "control-room-1", "control-room-2"
NAMES = r"registry/HKLM\SYSTEM\CurrentControlSet\Control\ComputerName"
READ = ask_request("run-1", [Ask("host"), Ask("computer_name")])


def facts(lab: LabHandle, host: str, transport: str = "ntlm") -> list[dict[str, Any]]:
    talk = Talk(protocol(lab, host, transport))
    replies = talk.frames(READ)[0]["replies"]
    talk.close()
    return [reply["value"] for reply in replies]


def rename_and_restart(lab: LabHandle, name: str, delay: int = 0) -> bytes:
    host, names = facts(lab, ONE)
    rename = Change("computer_name", "update", {"name": name})
    restart = Change("host", "restart", {"delay_seconds": delay, "reason": "test"})
    steps = (
        Step("a", rename, (), Ask("computer_name"), names),
        Step("b", restart, ("a",), Ask("computer_name"), names | {"pending": name}),
    )
    return change_request("run-2", Batch(host["machine_guid"], steps, ()), lambda _: None)


def test_a_restart_ends_everything_and_brings_the_new_name_up(lab: LabHandle) -> None:
    before, _ = facts(lab, ONE)
    talk = Talk(protocol(lab, ONE))
    states = [frame.get("state") for frame in talk.frames(rename_and_restart(lab, "HARBOUR-CR1", delay=1))]
    assert states == ["done", "done", None]
    while not lab.status()["hosts"][ONE]["restarts"]:
        pass
    with pytest.raises(WinRMTransportError) as stale:
        talk.start(READ)
    assert stale.value.code == 400
    talk.client.transport.close_session()
    with pytest.raises(WSManFaultError) as gone:
        talk.start(READ)
    assert gone.value.wsman_fault_code == 2150858843
    after, names = facts(lab, ONE)
    assert names == {"active": "HARBOUR-CR1", "pending": "HARBOUR-CR1", "part_of_domain": False}
    assert after["boot_filetime"] > before["boot_filetime"]
    assert after["machine_guid"] == before["machine_guid"]
    assert lab.status()["hosts"][ONE]["shells"] == 0


def test_a_batch_goes_on_after_its_controller_is_gone(lab: LabHandle) -> None:
    lab.hold(ONE, "before", 2)
    talk = Talk(protocol(lab, ONE))
    talk.start(rename_and_restart(lab, "HARBOUR-CR1", delay=3600))
    assert lab.wait_held(ONE, 5)
    assert lab.status()["hosts"][ONE]["holding"]
    talk.client.transport.close_session()
    lab.release(ONE)
    while lab.status()["hosts"][ONE]["holding"]:
        pass
    run_file = str(lab.place(ONE, r"files/C:\Program Files\provisioner\run.jsonl/text"))
    assert [json.loads(line).get("state") for line in run_file.splitlines()] == [None, "done", "done"]


def test_a_machine_that_goes_down_kills_its_batch_and_frees_the_mutex(lab: LabHandle) -> None:
    lab.hold(ONE, "after", 2)
    talk = Talk(protocol(lab, ONE))
    with contextlib.suppress(requests.ConnectionError):  # it may be gone before it has answered
        talk.start(rename_and_restart(lab, "HARBOUR-CR1"))
    while not lab.status()["hosts"][ONE]["restarts"]:
        pass
    assert not lab.status()["hosts"][ONE]["holding"]
    host, _ = facts(lab, ONE)
    assert len(host["run_file"]) == 3


def test_two_fresh_labs_show_the_same_world_but_for_what_they_draw(tmp_path: Path) -> None:
    seen = []
    for number in range(2):
        with running(two_hosts(tmp_path / "site"), tmp_path / f"state-{number}") as lab:
            seen.append((facts(lab, ONE), facts(lab, TWO, "basic"), lab.endpoints()))
    one, two = seen
    assert one[0][1] == two[0][1] and one[1][1] == two[1][1]
    assert one[0][0]["machine_guid"] != two[0][0]["machine_guid"]
    assert one[2]["hosts"][0]["password"] != two[2]["hosts"][0]["password"]


def test_the_state_is_taken_up_and_a_reset_is_factory_new(tmp_path: Path) -> None:
    site, folder = two_hosts(tmp_path / "site"), tmp_path / "state"
    with running(site, folder) as lab:
        password, pin = row_of(lab, TWO)["password"], row_of(lab, TWO)["certificate_sha256"]
        lab.set_place(ONE, "clock/offset_ms", 90_000)
        guid = facts(lab, ONE)[0]["machine_guid"]
    with running(site, folder) as lab:
        assert lab.place(ONE, "clock/offset_ms") == 90_000
        assert (row_of(lab, TWO)["password"], row_of(lab, TWO)["certificate_sha256"]) == (password, pin)
        lab.reset()
        assert lab.place(ONE, "clock/offset_ms") == 0
        assert facts(lab, ONE)[0]["machine_guid"] != guid
    kept = json.loads((folder / "machines" / f"{ONE}.json").read_text())
    assert kept["clock"]["offset_ms"] == 0


def test_what_a_client_was_told_is_on_disk(lab: LabHandle, tmp_path: Path) -> None:
    talk = Talk(protocol(lab, ONE))
    talk.frames(rename_and_restart(lab, "HARBOUR-CR1", delay=3600))
    kept = json.loads((tmp_path / "state" / "machines" / f"{ONE}.json").read_text())
    assert kept == lab.machine(ONE)


@pytest.mark.skipif(sys.platform == "win32", reason="the profile's own rights hold on Windows")
def test_files_with_passwords_are_the_users_alone(lab: LabHandle, tmp_path: Path) -> None:
    Talk(protocol(lab, ONE)).close()
    lab.write_endpoints(tmp_path / "endpoints.json")
    files = [tmp_path / "endpoints.json", *(tmp_path / "state").rglob("*.*")]
    assert {"lab.json", "passwords.json", f"{TWO}.pem", f"{ONE}.smbpasswd"} <= {file.name for file in files}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    password = row_of(lab, ONE)["password"]
    assert password not in (tmp_path / "state" / "machines" / f"{ONE}.json").read_text()


def test_the_book_knows_who_holds_an_address(tmp_path: Path) -> None:
    new = Host(ONE, Connect("192.0.2.21", first_address="192.0.2.151"))
    with running(Site(tmp_path, (new,)), tmp_path / "state") as lab:
        port = int(row_of(lab, ONE)["url"].rpartition(":")[2].removesuffix("/wsman"))
        assert lab.dial("192.0.2.151", 5985) == ("127.0.0.1", port)
        assert lab.dial("192.0.2.21", 5985) is None
        assert lab.dial("192.0.2.151", 5986) is None


def test_an_endpoints_file_alone_reaches_and_logs_on(lab: LabHandle, tmp_path: Path) -> None:
    path = tmp_path / "endpoints.json"
    lab.write_endpoints(path)
    access, host = from_file(path), Host(TWO, Connect("192.0.2.22", https=True))
    row = row_of(lab, TWO)
    assert set(row) == {
        *("name", "role", "address", "url", "username", "password", "certificate_sha256", "book")
    }
    assert access.dial("192.0.2.22", 5986) == lab.dial("192.0.2.22", 5986)
    assert access.dial("192.0.2.23", 5986) is None
    assert (access.password(host), access.pin(host)) == (row["password"], row["certificate_sha256"])
    with pytest.raises(LabError):
        access.password(dataclasses.replace(host, name="elsewhere"))
    rows = [{key: value for key, value in row.items() if key != "book"} for row in lab.endpoints()["hosts"]]
    path.write_text(json.dumps({"hosts": rows}))
    assert access.dial("192.0.2.22", 5986) == lab.dial("192.0.2.22", 5986)


def test_other_secrets_get_a_value_that_stays(lab: LabHandle) -> None:
    guest, guard = Secret("env", "GUEST"), Secret("env", "GUARD")
    assert lab.secret(guest) == lab.secret(Secret("env", "GUEST"))
    assert lab.secret(guest) != lab.secret(guard)


def test_a_file_that_holds_no_endpoints_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]")
    for path in (tmp_path / "x.json", tmp_path / "missing.json"):
        with pytest.raises(LabError, match="no endpoints file"):
            from_file(path)


def test_a_second_lab_on_the_folder_is_refused_with_its_owner(lab: LabHandle, tmp_path: Path) -> None:
    with (
        pytest.raises(HeldError) as refused,
        running(two_hosts(tmp_path / "site"), tmp_path / "state"),
    ):
        pass
    assert "process" in str(refused.value) and str(tmp_path / "site") in str(refused.value)


def test_the_personality_of_a_machine_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text(
        f"hosts:\n  {ONE}:\n    computer_name: RECEPTION\n    language: sv-SE\n    set:\n"
        "      clock/offset_ms: 5000\n      domain_accounts/S-1-5-21-4-4-4-1109: HARBOUR\\guards\n"
    )
    with running(two_hosts(tmp_path), tmp_path / "state") as lab:
        assert lab.place(ONE, rf"{NAMES}\ActiveComputerName/ComputerName/data") == "RECEPTION"
        assert lab.place(ONE, "clock/offset_ms") == 5000
        assert lab.place(TWO, "clock/offset_ms") == 0
        assert lab.place(ONE, "groups/S-1-5-32-546/name") == "G\u00e4ster"
        assert lab.place(ONE, "domain_accounts/S-1-5-21-4-4-4-1109") == r"HARBOUR\guards"
        assert lab.place(TWO, "groups/S-1-5-32-546/name") == "Guests"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hosts: {control-rom-1: {}}", "Did you mean 'control-room-1'?"),
        ("hosts: {control-room-1: {computername: X}}", "computername"),
        ("hosts: {control-room-1: {language: svenska}}", "language"),
        ("hosts: {control-room-1: {set: {clock/ofset_ms: 1}}}", "Did you mean 'offset_ms'?"),
        ("hosts: [", "not readable as YAML"),
    ],
)
def test_a_slip_in_the_personality_is_told(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "lab.yaml").write_text(text)
    with pytest.raises(LabError) as refused, running(two_hosts(tmp_path), tmp_path / "state"):
        pass
    assert words in str(refused.value)
