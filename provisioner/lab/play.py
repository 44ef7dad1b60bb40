"""Plays what PowerShell would do with our request: bootstrap, ask.ps1 and change.ps1, in their order.

This proves the controller and the wire, not the PowerShell text: no script is run. Scripts and runners are
accepted only if they are byte for byte the shipped ones.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

from provisioner.lab.asking import end_frame, error_fact
from provisioner.lab.batch import Emit, play_batch, run_lines
from provisioner.lab.stage import Alive, Stage, always_alive
from provisioner.links.scripts import runner, script, shipped
from provisioner.resources.base import ScriptFailure
from provisioner.resources.registry_values import read_value

MOST_REQUEST_BYTES = 64 * 1024 * 1024
MACHINE_GUID = (r"HKLM\SOFTWARE\Microsoft\Cryptography", "MachineGuid")


class BadRequest(Exception):
    """PowerShell would end with an error before any frame: text on stderr and exit code 1."""


def play(stage: Stage, stdin: bytes, emit: Emit, alive: Alive = always_alive) -> None:
    """Play one request to its end; `emit` gets each frame as it is printed.

    Raises `BadRequest` where the bootstrap would fail, `Killed` once `alive` says no.
    """
    request = received(stdin)
    if len(request["runners"]) == 1:
        emit(end_frame(stage, request))
    else:
        _change(stage, request, emit, alive)


def received(stdin: bytes) -> dict[str, Any]:
    """The request, if every script and runner in it is byte for byte the shipped one. Raises `BadRequest`."""
    request = _unpacked(stdin)
    _check_scripts(request)
    if request["runners"] not in ([runner("ask")], [runner("ask"), runner("change")]):
        raise BadRequest("The request's runners are not those of this version.")
    return request


def _change(stage: Stage, request: Mapping[str, Any], emit: Emit, alive: Alive) -> None:
    guid = read_value(stage.machine, *MACHINE_GUID)
    if str(guid).casefold() != str(request["machine_guid"]).casefold():
        emit({"type": "other_machine", "machine_guid": guid})
        return
    mutex = stage.mutex  # a restarted machine has another
    if not mutex.acquire(blocking=False):
        emit({"type": "held", "lines": run_lines(stage, request["run_file"])})
        return
    try:
        play_batch(stage, request, emit, alive)
    except ScriptFailure as failure:
        emit({"type": "failed", "error": error_fact(failure)})
    else:
        emit(end_frame(stage, request))
    finally:
        mutex.release()


def _unpacked(stdin: bytes) -> dict[str, Any]:
    try:
        packed = base64.b64decode(stdin.strip(), validate=True)
        text = zlib.decompressobj(wbits=31).decompress(packed, MOST_REQUEST_BYTES)
        request = json.loads(text)
    except (ValueError, zlib.error) as error:
        raise BadRequest(f"Standard input is not a packed request: {error}.") from error
    if not isinstance(request, dict) or not {"runners", "scripts", "asks"} <= request.keys():
        raise BadRequest("Standard input is not one of our requests.")
    return request


def _check_scripts(request: Mapping[str, Any]) -> None:
    """An unknown script is an error, never an empty success."""
    for name, text in request["scripts"].items():
        if name not in shipped() or script(name) != text:
            raise BadRequest(f"The script '{name}' is not the one of this version.")
