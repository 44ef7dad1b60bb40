"""The fixtures that `run.ps1` and the simulation share, and the simulation's side of them.

A fixture is `now_ms` (real UTC, ms since 1970), the machine `before`, a `request` (script, verb, arguments)
with its `answer`, or several of them in `calls`, and `after`: the places that are different then.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.lab.stage import Stage
from provisioner.resources.base import ScriptFailure

from .machines import StillMachine

FOLDER = Path(__file__).parents[1] / "fixtures"


@dataclass(frozen=True)
class Fixture:
    """One case, by its path below the folder without ending."""

    name: str
    content: Mapping[str, Any]

    @property
    def calls(self) -> Sequence[Mapping[str, Any]]:
        """Requests with their answers, in order."""
        return self.content.get("calls") or [self.content]


def fixtures() -> list[Fixture]:
    """All of them, by name."""
    paths = sorted(FOLDER.rglob("*.json"))
    return [
        Fixture(path.relative_to(FOLDER).with_suffix("").as_posix(), json.loads(path.read_text("utf-8")))
        for path in paths
    ]


class RecordingMachine(StillMachine):
    """Keeps each write, restart and start of a task in the form of a fixture's `after`."""

    def __init__(self, content: Mapping[str, Any], now_ms: int) -> None:
        self.changes: list[dict[str, Any]] = []
        super().__init__(
            content,
            now_ms,
            going_down=lambda delay: self.changes.append({"restart": delay}),
            task_started=lambda name: self.changes.append({"task": name}),
        )

    def put(self, *place: str, value: Any) -> None:
        self.changes.append({"place": [*place], "value": value})
        super().put(*place, value=value)

    def drop(self, *place: str) -> None:
        self.changes.append({"place": [*place], "drop": True})
        super().drop(*place)


def simulated(machine: StillMachine, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the simulation answers, in the form of a fixture's `answer`."""
    script = f"{request['script']}.{'read' if request['verb'] == 'read' else 'write'}"
    try:
        return Stage(machine).run(script, request["verb"], request["arguments"])
    except ScriptFailure as failure:
        return {"error": {"id": failure.error_id, "message": failure.message}}


def with_changes(before: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The machine before with these changes on it."""
    machine = StillMachine(before)
    for change in changes:
        if "drop" in change:
            machine.drop(*change["place"])
        elif "place" in change:
            machine.put(*change["place"], value=change["value"])
    return machine.content()
