from __future__ import annotations

import threading
from pathlib import Path

import pytest

from provisioner.errors import LabError
from provisioner.lab.machine import NAMES, SimulatedMachine
from provisioner.lab.places import set_by_hand
from provisioner.lab.saving import Saver, read_json
from provisioner.resources.host import OUR_FOLDER, RUN_FILE

PARAMETERS = r"HKLM\SYSTEM\CurrentControlSet\Services\W32Time\Parameters"


def machine() -> SimulatedMachine:
    return SimulatedMachine(
        {
            "name": "control-room-1",
            "registry": {
                PARAMETERS: {"Type": {"type": "String", "data": "NTP"}},
                rf"{NAMES}\ComputerName": {"ComputerName": {"type": "String", "data": "NEW"}},
                rf"{NAMES}\ActiveComputerName": {"ComputerName": {"type": "String", "data": "OLD"}},
            },
            "files": {},
            "clock": {"offset_ms": 0},
            "boot": {"started_ms": 1_760_000_000_000},
            "domain": None,
        }
    )


def test_keys_compare_without_case_and_keep_their_spelling() -> None:
    it = machine()
    it.put("REGISTRY", PARAMETERS.lower(), "TYPE", value={"type": "String", "data": "NoSync"})
    assert it.get("registry", PARAMETERS, "type", "DATA") == "NoSync"
    registry = it.content()["registry"]
    assert isinstance(registry, dict) and registry[PARAMETERS] == {
        "Type": {"type": "String", "data": "NoSync"}
    }


def test_what_is_got_is_a_copy() -> None:
    it = machine()
    got = it.get("registry", PARAMETERS)
    assert isinstance(got, dict)
    got.clear()
    assert it.get("registry", PARAMETERS, "Type", "data") == "NTP"


def test_writes_and_bookkeeping_are_counted_apart_and_hands_not_at_all() -> None:
    it = machine()
    it.put("registry", PARAMETERS, "NtpServer", value={"type": "String", "data": ""})
    it.drop("registry", PARAMETERS, "NtpServer")
    it.put("files", RUN_FILE.upper(), value={"text": ""})
    it.put("files", rf"{OUR_FOLDER}2\x", value={"text": ""})
    it.set_by_hand("clock", "offset_ms", value=5)
    assert (it.writes, it.bookkeeping_writes) == (3, 1)


def test_a_thousand_writes_from_eight_threads_are_all_there() -> None:
    it = machine()

    def write(thread: int) -> None:
        for number in range(125):
            it.put("registry", "HKLM\\X", f"{thread}-{number}", value={"type": "DWord", "data": number})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    values = it.get("registry", "HKLM\\X")
    assert isinstance(values, dict) and len(values) == it.writes == 1000


def test_a_boot_takes_the_pending_name_and_a_new_time() -> None:
    delays: list[int] = []
    it = machine()
    it = SimulatedMachine(it.content(), going_down=delays.append)
    it.restart(5)
    it.restart(9)
    assert delays == [5]
    it.boot()
    assert it.computer_name() == "NEW"
    started = it.get("boot", "started_ms")
    assert isinstance(started, int) and started > 1_760_000_000_000


def test_the_clock_is_ours_plus_an_offset() -> None:
    it = machine()
    before = it.now_ms()
    it.put("clock", "offset_ms", value=-3_600_000)
    assert -3_600_000 <= it.now_ms() - before < -3_590_000


def test_a_change_is_on_disk_after_a_flush(tmp_path: Path) -> None:
    saver, path = Saver(), tmp_path / "one.json"
    it = SimulatedMachine(machine().content(), saved=lambda: saver.changed(path, lambda: it.content()))
    it.put("clock", "offset_ms", value=7)
    saver.flush()
    assert read_json(path)["clock"] == {"offset_ms": 7}
    it.put("clock", "offset_ms", value=8)
    saver.close()
    assert read_json(path)["clock"] == {"offset_ms": 8}
    assert [file.name for file in tmp_path.iterdir()] == ["one.json"]


def test_a_person_sets_places() -> None:
    it = machine()
    set_by_hand(it, "clock/offset_ms", 90_000)
    set_by_hand(it, f"registry/{PARAMETERS}/Type/data", "NoSync")
    set_by_hand(it, r"registry/HKLM\New/with~1slash", {"type": "DWord", "data": 1})
    set_by_hand(it, "domain", "harbour.example")
    set_by_hand(it, f"files/{RUN_FILE}", {"text": "{}"})
    assert it.get("clock", "offset_ms") == 90_000
    assert it.get("registry", PARAMETERS, "Type", "data") == "NoSync"
    assert it.get("registry", r"HKLM\New", "with/slash", "data") == 1
    set_by_hand(it, r"registry/HKLM\New/with~1slash", None)
    set_by_hand(it, "domain", None)
    assert it.get("registry", r"HKLM\New") == {}
    assert "domain" in it.content()
    assert it.writes == 0


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("clok/offset_ms", 1, "Did you mean 'clock'?"),
        ("clock/ofset_ms", 1, "Did you mean 'offset_ms'?"),
        ("clock//x", 1, "a part is empty"),
        ("clock/offset_ms", "later", "another type"),
        (r"registry/HKLM\New/Name", 5, "has a type and data"),
        ("power/active", None, "There are:"),
    ],
)
def test_a_slip_is_told_with_what_was_meant(place: str, value: int | str | None, words: str) -> None:
    with pytest.raises(LabError) as refused:
        set_by_hand(machine(), place, value)
    assert words in str(refused.value)
