"""The bootstrap as a child process with the wire's command line: sizes, noise, a kill in the middle."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from provisioner.links.scripts import script
from provisioner.links.wire import pack
from provisioner.resources.host import OUR_FOLDER, RUN_FILE

from .engine import Engine, ask_request, change_request
from .fixtures import with_changes
from .machines import GUID, small_machine, text

HOST = {"host.read": script("host.read")}
ECHO = "param($Arguments)\n[ordered]@{ rows = $Arguments.rows; last = $Arguments.rows[-1].name }\n"
SECONDS_AT_MOST = {200_000: 20, 2_000_000: 45}
"""By bytes on standard input. Far above what a slow machine needs; a child that takes longer is ended."""
ROW = {"name": "Sk\u00e4rg\u00e5rd", "number": 2**40, "list": ["one"], "none": [], "nothing": None}
NOISY = """param($Arguments)
[Console]::Out.WriteLine('a line of noise')
[Console]::Out.Write('@provisioner 00 half a frame')
[Console]::Out.WriteLine()
[Console]::Error.WriteLine('#< CLIXML')
[Console]::Error.Write('more' * 20000)
Write-Output ([ordered]@{ heard = $Arguments.word })
"""
STUCK = "param([string]$Verb, $Arguments)\n[Threading.Thread]::Sleep(-1)\n"
PLAIN = "param([string]$Verb, $Arguments)\n[ordered]@{}\n"
ANSWER = "param($Arguments)\n[ordered]@{ state = 'x' }\n"


@pytest.mark.parametrize("size", SECONDS_AT_MOST)
def test_a_large_request_comes_back_whole_and_in_time(engine: Engine, size: int) -> None:
    rows = [ROW | {"at": at, "text": sha256(str(at).encode()).hexdigest()} for at in range(size // 50)]
    request = ask_request(
        [{"script": "echo", "arguments": {"rows": rows}}, {"script": "host", "arguments": {}}],
        {"echo.read": ECHO} | HOST,
    )
    assert len(pack(request)) > size
    said = engine.start(small_machine()).tell(pack(request), SECONDS_AT_MOST[size])
    first, second = said.end["replies"]
    assert first == {"ok": True, "value": {"rows": rows, "last": ROW["name"]}}
    assert second["ok"]


def test_noise_on_both_streams_is_not_taken_for_an_answer(engine: Engine) -> None:
    arguments = {"word": "H\u00e4fen"}
    request = ask_request([{"script": "noisy", "arguments": arguments}], {"noisy.read": NOISY})
    front = "[Console]::Out.Write('profile noise ')\n[Console]::Error.WriteLine('profile error')\n"
    said = engine.run(small_machine(), request, front)
    assert said.end["replies"] == [{"ok": True, "value": {"heard": "H\u00e4fen"}}]
    assert "a line of noise" in said.noise
    assert "half a frame" in said.noise
    assert "profile error" in said.errors
    assert said.exit_code == 0


def test_read_mode_leaves_nothing(engine: Engine) -> None:
    """No change at all, and no file beside the machine (which `tell` looks for)."""
    said = engine.run(small_machine(), ask_request([{"script": "host", "arguments": {}}], HOST))
    assert said.end["replies"][0]["ok"]
    assert said.changes == []


def _step(id_: str, name: str, *needs: str) -> dict[str, Any]:
    return {
        "id": id_,
        "script": name,
        "verb": "update",
        "arguments": {},
        "needs": list(needs),
        "ask": {"script": "plain", "arguments": {}},
        "rests_on": {"state": "x"},
    }


def test_a_run_that_was_killed_is_taken_over(engine: Engine) -> None:
    """The first step's result is on the machine, the mutex is free, and the next run shows and removes it."""
    scripts = {"plain.read": ANSWER, "plain.write": PLAIN, "stuck.read": ANSWER, "stuck.write": STUCK}
    guid = f"{GUID}-killed"
    machine = small_machine()
    machine["registry"][r"HKLM\SOFTWARE\Microsoft\Cryptography"]["MachineGuid"] = text(guid)
    steps = [_step("first", "plain"), _step("second", "stuck"), _step("third", "plain", "second")]
    child = engine.start(machine)
    first = child.tell_until_first_frame(pack(change_request(guid, steps, scripts)))
    child.kill()
    assert (first["id"], first["state"]) == ("first", "done")

    after = with_changes(machine, child.changes())
    assert after["files"][OUR_FOLDER] == {"folder": True, "acl": "administrators"}
    left = after["files"][RUN_FILE]["text"].splitlines()
    assert left == ['{"run":"run-1","steps":3}', '{"type":"step","id":"first","state":"done"}']

    said = engine.run(after, change_request(guid, steps[:1], scripts, run="run-2"))
    assert [frame["type"] for frame in said.frames] == ["left_over", "step", "end"]
    assert said.frames[0]["lines"] == left
    assert said.end["replies"][0]["value"]["run_file"][0] == '{"run":"run-2","steps":1}'
