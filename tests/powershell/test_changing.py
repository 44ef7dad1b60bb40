"""Change mode in a real engine: batches, the run file, the record and the mutex."""

from __future__ import annotations

import json
from typing import Any

from provisioner.links.scripts import script
from provisioner.links.wire import pack
from provisioner.resources.computer_name import NAMES
from provisioner.resources.host import APPLIED_FILE, OUR_FOLDER, RUN_FILE

from .engine import Conversation, Engine, change_request
from .machines import GUID, small_machine, text

NAME = "control-room-1/computer_name"
SCRIPTS = {name: script(name) for name in ("computer_name.read", "computer_name.write")} | {
    "plain.read": "param($Arguments)\n[ordered]@{ state = @('x'); rows = @([ordered]@{ b = 1; a = 2 }) }\n",
    "plain.write": (
        "param([string]$Verb, $Arguments)\nif ($Arguments.fail) { throw 'No.' }\n'noise'\n[ordered]@{}\n"
    ),
}
RESTS_ON = {"active": "AXIS-B8A44F", "pending": "AXIS-B8A44F", "part_of_domain": False}
PLAIN = {"state": ["x"], "rows": [{"a": 2, "b": 1}]}


def _rename(name: str, rests_on: dict[str, Any] = RESTS_ON, **more: Any) -> dict[str, Any]:
    step = {
        "id": NAME,
        "script": "computer_name",
        "verb": "update",
        "arguments": {"name": name},
        "needs": [],
        "ask": {"script": "computer_name", "arguments": {}},
        "rests_on": rests_on,
    }
    return step | more


def _plain(id_: str, *needs: str, fail: bool = False, rests_on: Any = PLAIN) -> dict[str, Any]:
    return {
        "id": id_,
        "script": "plain",
        "verb": "update",
        "arguments": {"fail": fail},
        "needs": list(needs),
        "ask": {"script": "plain", "arguments": {}},
        "rests_on": rests_on,
    }


def _pending(said: Conversation) -> list[Any]:
    place = ["registry", rf"{NAMES}\ComputerName", "ComputerName"]
    return [row["value"]["data"] for row in said.changes if row["place"] == place]


def _last_text(said: Conversation, path: str) -> list[str]:
    last = [row for row in said.changes if row["place"][:2] == ["files", path]][-1]
    value = last["value"]
    return str(value["text"] if isinstance(value, dict) else value).splitlines()


def test_a_batch_runs_in_order_and_each_step_says_how_it_ended(engine: Engine) -> None:
    steps = [
        _rename("harbour-cr1"),
        _plain("failing", fail=True),
        _plain("after failing", "failing"),
        _plain("after that", "after failing"),
        _plain("moved", rests_on={"state": "x", "rows": [{"a": 2, "b": 9}], "gone": 1}),
        _plain("aside", rests_on=PLAIN | {"aside": {"members": ["S-1-5-4"]}}),
        _plain("after the rename", NAME),
    ]
    items = {step["id"]: {"list": ["one"], "nothing": []} for step in steps} | {
        "untouched": {"name": "\u00d6"}
    }
    said = engine.run(
        small_machine(), change_request(GUID, steps, SCRIPTS, applied={"commit": "c0ffee", "items": items})
    )

    results = said.of_type("step")
    assert [(row["id"], row["state"]) for row in results] == [
        (NAME, "done"),
        ("failing", "failed"),
        ("after failing", "skipped"),
        ("after that", "skipped"),
        ("moved", "moved"),
        ("aside", "done"),
        ("after the rename", "done"),
    ]
    assert results[1]["error"] == {"id": "No.", "message": "No.", "line": 2}
    assert [row["needs"] for row in results[2:4]] == ["failing", "after failing"]
    assert results[4]["moved"] == ["state", "rows.b", "gone"]
    assert _pending(said) == ["HARBOUR-CR1"]
    head, *lines = map(json.loads, _last_text(said, RUN_FILE))
    assert head == {"run": "run-1", "steps": 7}
    assert lines == results
    (record,) = map(json.loads, _last_text(said, APPLIED_FILE))
    kept = {id_: items[id_] for id_ in (NAME, "aside", "after the rename", "untouched")}
    assert record == {"run": "run-1", "commit": "c0ffee", "items": kept}
    assert {"place": ["files", OUR_FOLDER, "acl"], "value": "administrators"} in said.changes
    assert said.end["replies"][0]["value"]["run_file"] == _last_text(said, RUN_FILE)
    assert "noise" not in said.noise


def test_reading_back_takes_the_run_file_over_and_removes_it(engine: Engine) -> None:
    machine = small_machine()
    lines = ['{"run":"run-0","steps":1}', '{"type":"step","id":"a","state":"done"}']
    machine["files"] |= {OUR_FOLDER: {"folder": True}, RUN_FILE: {"text": "\r\n".join(lines) + "\r\n"}}
    said = engine.run(machine, change_request(GUID.upper(), [], {}))
    assert [frame["type"] for frame in said.frames] == ["left_over", "end"]
    assert said.frames[0]["lines"] == lines
    assert said.changes == [{"place": ["files", RUN_FILE], "drop": True}]
    assert said.end["replies"][0]["value"]["run_file"] == []


def test_another_machine_is_left_alone(engine: Engine) -> None:
    said = engine.run(small_machine(), change_request("11111111-aaaa", [_rename("x1")], SCRIPTS))
    assert list(said.frames) == [{"type": "other_machine", "machine_guid": GUID}]
    assert said.changes == []


def test_renaming_back_and_in_a_domain(engine: Engine) -> None:
    """The active name goes through CIM, since the command refuses it; a domain refuses with Windows' id."""
    machine = small_machine()
    machine["registry"][rf"{NAMES}\ComputerName"]["ComputerName"] = text("HARBOUR-CR1")
    back = _rename("axis-b8a44f", RESTS_ON | {"pending": "HARBOUR-CR1"})
    assert _pending(engine.run(machine, change_request(GUID, [back], SCRIPTS))) == ["AXIS-B8A44F"]

    member = small_machine(domain="harbour.example")
    step = _rename("HARBOUR-CR1", RESTS_ON | {"part_of_domain": True})
    (result,) = engine.run(member, change_request(GUID, [step], SCRIPTS)).of_type("step")
    assert result["error"]["id"] == "FailToRenameComputer,Microsoft.PowerShell.Commands.RenameComputerCommand"
    assert result["error"]["message"].endswith("Access is denied.")


def test_one_writer_at_a_time_and_a_killed_one_holds_nothing(engine: Engine) -> None:
    machine = small_machine(registry=small_machine()["registry"])
    guid = f"{engine.folder.name}-{id(engine)}"
    machine["registry"][r"HKLM\SOFTWARE\Microsoft\Cryptography"]["MachineGuid"] = text(guid)
    request = pack(change_request(guid, [_rename("HARBOUR-CR1")], SCRIPTS))
    machine["files"] |= {OUR_FOLDER: {"folder": True}, RUN_FILE: {"text": '{"run":"run-0","steps":1}\r\n'}}
    front = (
        "$held = New-Object -TypeName System.Threading.Mutex "
        f"-ArgumentList $true, 'Global\\provisioner-{guid}'\n"
        "[Console]::Out.WriteLine('holding')\n[Console]::Out.Flush()\n"
    )
    holder = engine.start(machine, front)
    try:
        assert holder.process.stdout is not None
        assert holder.process.stdout.readline().strip() == b"holding"
        refused = engine.start(machine).tell(request)
        assert list(refused.frames) == [{"type": "held", "lines": ['{"run":"run-0","steps":1}']}]
        assert refused.changes == []
    finally:
        holder.process.kill()
        holder.process.communicate()
    after = engine.start(machine).tell(request)
    assert [row["state"] for row in after.of_type("step")] == ["done"]


def test_a_restart_is_scheduled_once(engine: Engine) -> None:
    restart = _plain("restart") | {
        "script": "host",
        "verb": "restart",
        "arguments": {"delay_seconds": 5, "reason": "provisioner: new computer name"},
    }
    scripts = SCRIPTS | {"host.write": script("host.write")}
    said = engine.run(small_machine(), change_request(GUID, [restart, restart | {"id": "again"}], scripts))
    assert [row["state"] for row in said.of_type("step")] == ["done", "done"]
    assert [row for row in said.changes if "restart" in row] == [{"restart": 5}]


def test_a_run_file_that_cannot_be_written_is_said_in_a_frame(engine: Engine) -> None:
    """A folder stands in its place: nothing runs, and the answer names what was wrong."""
    machine = small_machine()
    machine["files"][OUR_FOLDER] = {"folder": True, "acl": "administrators"}
    machine["files"][RUN_FILE] = {"folder": True}
    said = engine.run(machine, change_request(GUID, [_rename("harbour-cr1")], SCRIPTS))
    (frame,) = said.frames
    assert frame["type"] == "failed"
    assert frame["error"]["message"]
    assert said.changes == []
