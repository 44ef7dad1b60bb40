"""Writing manifests for tests and reading back what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import pytest

from provisioner.errors import ManifestError
from provisioner.manifest.complaint import Complaint
from provisioner.manifest.load import load

HOST = "connect: {address: 192.0.2.%d, username: provision, password: {env: HARBOUR_WINRM}}"
Place: TypeAlias = tuple[int, int, str]


def site(*lines: str) -> str:
    """A manifest of one terminal with these lines, indented as its settings."""
    head = ["site: harbour", "terminals:", "  - name: control-room-1", f"    {HOST % 21}"]
    return "\n".join([*head, *(f"    {line}" for line in lines)]) + "\n"


def complaints_about(folder: Path, text: str | bytes) -> list[Complaint]:
    """Everything that `load` objects to."""
    file = folder / "site.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ManifestError) as refused:
        load(file)
    return [one for one in refused.value.complaints if isinstance(one, Complaint)]


def places(complaints: list[Complaint]) -> list[Place]:
    """Line, column and code of each."""
    return [(one.line, one.column, one.code) for one in complaints]
