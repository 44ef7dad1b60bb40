"""Places of a machine as a person writes them: `lab set HOST PLACE VALUE`.

Segments are separated by `/`, keys compare without case; inside a segment `~1` stands for `/` and `~0` for
`~` (as in RFC 6901). Examples:

    clock/offset_ms                                               90000
    services/w32time/running                                      false
    registry/HKLM\\SYSTEM\\CurrentControlSet\\Services\\W32Time\\Parameters/Type/data     NTP
    registry/HKLM\\SOFTWARE\\Example/New                            {"type": "DWord", "data": 1}

A value is JSON if it parses as JSON, else text. `null` removes a place; only `domain` can be null itself.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator

from pydantic import JsonValue

from provisioner.errors import LabError
from provisioner.lab.machine import SimulatedMachine

OPEN_FOLDERS = ("registry", "files", "services", "accounts", "groups", "profiles", "domain_accounts", "tasks")
"""Below these a person may add what is not there; elsewhere a place that is not there is a slip."""


def segments(place: str) -> tuple[str, ...]:
    """Split a place. Raises `LabError` for an empty segment."""
    parts = tuple(part.replace("~1", "/").replace("~0", "~") for part in place.split("/"))
    if not all(parts):
        raise LabError(f"'{place}' is no place: a part is empty.", next_step="Write it like clock/offset_ms.")
    return parts


def parsed(value: str) -> JsonValue:
    """JSON if it parses, else the text itself. Raises `LabError` for what a machine's JSON may not hold."""
    try:
        content: JsonValue = json.loads(value)
    except ValueError:
        return value
    if any(isinstance(leaf, float) for leaf in _leaves(content)):
        raise LabError(f"{value} has a fraction; a machine holds whole numbers only.")
    return content


def _leaves(content: JsonValue) -> Iterator[JsonValue]:
    if isinstance(content, dict):
        for inner in content.values():
            yield from _leaves(inner)
    elif isinstance(content, list):
        for inner in content:
            yield from _leaves(inner)
    else:
        yield content


def set_by_hand(machine: SimulatedMachine, place: str, value: JsonValue) -> None:
    """Change one place as a person at the machine would. Raises `LabError`."""
    path = segments(place)
    _check_place(machine, path)
    if value is None and path != ("domain",):
        machine.drop_by_hand(*path)
        return
    _check_value(machine, path, value)
    machine.set_by_hand(*path, value=value)


def _check_place(machine: SimulatedMachine, path: tuple[str, ...]) -> None:
    deep_enough = len(path) > 1 and path[0].casefold() in OPEN_FOLDERS
    for depth in range(1, len(path) + 1):
        parent = machine.get(*path[: depth - 1])
        row = parent if isinstance(parent, dict) else {}
        if path[depth - 1].casefold() in {key.casefold() for key in row}:
            continue
        if deep_enough and depth > 1:
            return
        raise _no_such_place(machine.name, path[:depth], row)


def _no_such_place(host: str, path: tuple[str, ...], row: dict[str, JsonValue]) -> LabError:
    close = difflib.get_close_matches(path[-1], row, 1, 0.5)
    known = ", ".join(sorted(row)[:12])
    hint = f"Did you mean '{close[0]}'?" if close else f"There are: {known}." if known else ""
    return LabError(f"there is no place '{'/'.join(path)}'.", where=host, next_step=hint)


def _check_value(machine: SimulatedMachine, path: tuple[str, ...], value: JsonValue) -> None:
    before = machine.get(*path)
    whole_value = path[0].casefold() == "registry" and len(path) == 3
    if whole_value and not (isinstance(value, dict) and {"type", "data"} == value.keys()):
        raise LabError(
            f"'{path[-1]}' is a registry value, which has a type and data.",
            where=machine.name,
            next_step='Write {"type": "DWord", "data": 1}, or add /data to the place.',
        )
    if value is not None and before is not None and type(before) is not type(value):
        raise LabError(
            f"'{'/'.join(path)}' holds {json.dumps(before)}, and {json.dumps(value)} is of another type.",
            where=machine.name,
        )
