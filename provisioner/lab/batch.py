"""change.ps1's `Invoke-Batch`: the run file, the steps in order, the record of what was applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import JsonValue

from provisioner.lab.asking import ask, error_fact, run_carried
from provisioner.lab.frames import compact
from provisioner.lab.moved import moved_fields
from provisioner.lab.stage import Alive, Stage
from provisioner.resources.base import ScriptFailure
from provisioner.resources.host_simulated import text_file_lines

Emit = Callable[[Mapping[str, Any]], None]


def run_lines(stage: Stage, path: str) -> list[str]:
    """`Get-TextLine`. Raises `ScriptFailure` where something else is in the file's place."""
    return text_file_lines(stage.machine, path)


def play_batch(stage: Stage, request: Mapping[str, Any], emit: Emit, alive: Alive) -> None:
    """Take over an earlier run file, then run the steps."""
    left = run_lines(stage, request["run_file"])
    if left:
        emit({"type": "left_over", "lines": left})
        stage.machine.drop("files", request["run_file"])
    if request["steps"]:
        _make_folder(stage, request["folder"])
        _add_line(stage, request, {"run": request["run"], "steps": len(request["steps"])})
        states = _play_steps(stage, request, emit, alive)
        if request["applied"] is not None and "done" in states.values():
            _write_applied(stage, request, states)


def _make_folder(stage: Stage, path: str) -> None:
    ours: JsonValue = {"folder": True, "acl": "administrators"}
    if stage.machine.get("files", path) != ours:
        stage.machine.put("files", path, value=ours)


def _add_line(stage: Stage, request: Mapping[str, Any], content: Mapping[str, Any]) -> None:
    path = request["run_file"]
    before = stage.machine.get("files", path, "text") or ""
    stage.machine.put("files", path, value={"text": f"{before}{compact(content)}\r\n"})


def _play_steps(stage: Stage, request: Mapping[str, Any], emit: Emit, alive: Alive) -> dict[str, str]:
    states: dict[str, str] = {}
    for number, step in enumerate(request["steps"], start=1):
        stage.at_step("before", number, alive)
        result = _result(stage, request, step, states)
        states[step["id"].casefold()] = result["state"]
        _add_line(stage, request, result)
        emit(result)
        stage.at_step("after", number, alive)
    return states


def _result(
    stage: Stage, request: Mapping[str, Any], step: Mapping[str, Any], states: Mapping[str, str]
) -> dict[str, Any]:
    for need in step["needs"]:
        if states.get(need.casefold()) != "done":
            return {"type": "step", "id": step["id"], "state": "skipped", "needs": need}
    try:
        return _write(stage, request, step)
    except ScriptFailure as failure:
        return {"type": "step", "id": step["id"], "state": "failed", "error": error_fact(failure)}


def _write(stage: Stage, request: Mapping[str, Any], step: Mapping[str, Any]) -> dict[str, Any]:
    now = ask(stage, request, step["ask"])
    moved = list(dict.fromkeys(moved_fields(step["rests_on"], now)))
    if moved:
        return {"type": "step", "id": step["id"], "state": "moved", "moved": moved}
    run_carried(stage, request, f"{step['script']}.write", step["verb"], step["arguments"])
    return {"type": "step", "id": step["id"], "state": "done"}


def _write_applied(stage: Stage, request: Mapping[str, Any], states: Mapping[str, str]) -> None:
    applied = request["applied"]
    items = {
        address: facts
        for address, facts in applied["items"].items()
        if states.get(address.casefold(), "done") == "done"
    }
    content = {"run": request["run"], "commit": applied["commit"], "items": items}
    record: JsonValue = {"text": compact(content)}
    path = request["applied_file"]
    stage.machine.put("files", f"{path}.new", value=record)
    stage.machine.put("files", path, value=record)
    stage.machine.drop("files", f"{path}.new")
