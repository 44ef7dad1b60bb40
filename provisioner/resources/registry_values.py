"""The registry of the lab's machine, for `simulate`: key, value name, and PowerShell's name of the type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import JsonValue

from provisioner.resources.base import Machine

RegistryType: TypeAlias = Literal["String", "ExpandString", "MultiString", "DWord", "QWord", "Binary"]


def read_value(machine: Machine, key: str, name: str) -> JsonValue:
    """The data of one value (Binary as base64), or None where key or value is missing."""
    row = machine.get("registry", key, name)
    return row["data"] if isinstance(row, Mapping) else None


def write_value(machine: Machine, key: str, name: str, type_: RegistryType, data: JsonValue) -> None:
    """Write one value and its type, making the key."""
    machine.put("registry", key, name, value={"type": type_, "data": data})


def drop_value(machine: Machine, key: str, name: str) -> None:
    """Remove one value; the key stays."""
    machine.drop("registry", key, name)
