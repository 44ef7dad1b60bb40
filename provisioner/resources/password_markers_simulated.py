"""The file on the lab's machine that tells which passwords are ours, for `simulate`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import JsonValue

from provisioner.resources.base import Machine
from provisioner.resources.host import OUR_FOLDER
from provisioner.resources.host_simulated import text_file_lines

FILE = rf"{OUR_FOLDER}\passwords.json"


def markers_in(machine: Machine) -> dict[str, JsonValue]:
    """By SID; a damaged file holds none."""
    try:
        kept = json.loads("".join(text_file_lines(machine, FILE)))
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}


def write_markers(machine: Machine, markers: Mapping[str, JsonValue]) -> None:
    """All of them, for administrators alone; no file where there is none."""
    if not markers:
        machine.drop("files", FILE)
        return
    if machine.get("files", OUR_FOLDER) is None:
        machine.put("files", OUR_FOLDER, value={"folder": True})
    if machine.get("files", OUR_FOLDER, "acl") != "administrators":
        machine.put("files", OUR_FOLDER, "acl", value="administrators")
    machine.put("files", FILE, value={"text": json.dumps(markers, separators=(",", ":")) + "\r\n"})
