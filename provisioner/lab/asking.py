"""ask.ps1: read scripts and the closing frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from provisioner.lab.stage import Stage
from provisioner.resources.base import ScriptFailure

_FILETIME_1970 = 116_444_736_000_000_000


def ask(stage: Stage, request: Mapping[str, Any], call: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """`Invoke-Ask`. Raises `ScriptFailure`."""
    return run_carried(stage, request, f"{call['script']}.read", "read", call["arguments"])


def run_carried(
    stage: Stage, request: Mapping[str, Any], name: str, verb: str, arguments: Mapping[str, JsonValue]
) -> Mapping[str, JsonValue]:
    """Run a script that the request carries; strict mode throws where it does not."""
    if name not in request["scripts"]:
        raise ScriptFailure("PropertyNotFoundStrict", f"The property '{name}' cannot be found.")
    return stage.run(name, verb, arguments)


def end_frame(stage: Stage, request: Mapping[str, Any]) -> dict[str, Any]:
    """`Write-Answer`: one reply per ask, and the machine's clock, taken last."""
    replies = [_reply(stage, request, call) for call in request["asks"]]
    ticks = stage.machine.now_ms() * 10_000 + _FILETIME_1970
    return {"type": "end", "replies": replies, "utc_filetime": ticks}


def _reply(stage: Stage, request: Mapping[str, Any], call: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {"ok": True, "value": ask(stage, request, call)}
    except ScriptFailure as failure:
        return {"ok": False, "error": error_fact(failure)}


def error_fact(failure: ScriptFailure) -> dict[str, JsonValue]:
    """`Get-ErrorFact`. The line is 1: the lab does not run the text, so it knows no better."""
    return {"id": failure.error_id, "message": failure.message, "line": 1}
