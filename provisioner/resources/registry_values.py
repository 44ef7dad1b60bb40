"""The registry of the lab's machine, for `simulate`: key, value name, and PowerShell's name of the type."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from pydantic import JsonValue

from provisioner.resources.base import Machine

RegistryType: TypeAlias = Literal["String", "ExpandString", "MultiString", "DWord", "QWord", "Binary"]


def read_value(machine: Machine, key: str, name: str) -> JsonValue:
    """What PowerShell's registry provider shows of one value; None where key or value is missing.

    A DWord is unsigned and Binary is a list of bytes, however the machine keeps them.
    """
    row = machine.get("registry", key, name)
    if not isinstance(row, Mapping):
        return None
    if row["type"] == "Binary":
        return [*b64decode(str(row["data"]))]
    if row["type"] == "DWord" and isinstance(row["data"], int):
        return row["data"] % 2**32
    return row["data"]


def key_exists(machine: Machine, key: str) -> bool:
    """`Test-Path`: also where only a key below it is listed."""
    return is_listed(machine, "registry", key)


def is_listed(machine: Machine, room: str, path: str) -> bool:
    """Whether a key, file or folder is listed, or something below it is."""
    if machine.get(room, path) is not None:
        return True
    rows: Any = machine.get(room) or {}
    below = f"{path}\\".casefold()
    return any(row.casefold().startswith(below) for row in rows)


def write_value(machine: Machine, key: str, name: str, type_: RegistryType, data: JsonValue) -> None:
    """Write one value and its type, making the key."""
    machine.put("registry", key, name, value={"type": type_, "data": data})


def drop_value(machine: Machine, key: str, name: str) -> None:
    """Remove one value; the key stays."""
    machine.drop("registry", key, name)
