"""Two items of one kind on one host that mean the same thing are a fault, with both places."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from provisioner.errors import ManifestError
from provisioner.manifest import machines
from provisioner.manifest.complaint import Complaint, Complaints
from provisioner.manifest.reading import read_tree
from provisioner.manifest.tree import Section, plain
from tests.toys import Share

MANIFEST = """\
terminals:
  - shares:
      - {name: Clips}
      - {name: Logs}
      - name: CLIPS
  - shares: [{name: Clips}]
  - {}
servers:
  - shares:
      - {name: clips, absent: true}
      - {name: Clips}
"""


def _check(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> list[Complaint]:
    monkeypatch.setattr(machines, "ALL", (Share,))
    (folder / "site.yaml").write_text(text, "utf-8")
    complaints = Complaints()
    whole = read_tree(folder / "site.yaml", "site.yaml", 0, complaints)
    assert isinstance(whole, Section)
    roles: dict[str, Any] = {
        role: [
            SimpleNamespace(shares=[Share.model_validate(row) for row in host.get("shares", ())] or None)
            for host in plain(whole).get(role, ())
        ]
        for role in ("terminals", "servers")
    }
    declared: Any = SimpleNamespace(**roles)
    machines.check_items(declared, whole, complaints)
    try:
        complaints.stop_if_any("site.yaml")
    except ManifestError as refused:
        return [one for one in refused.complaints if isinstance(one, Complaint)]
    return []


def test_each_second_one_is_named_with_the_line_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without case, since Windows compares so; absent and declared contradict each other."""
    found = _check(tmp_path, MANIFEST, monkeypatch)
    assert [(one.line, one.code, one.what) for one in found] == [
        (5, "duplicate-item", "this stands here already, in line 3."),
        (11, "duplicate-item", "this stands here already, in line 10."),
    ]


def test_the_same_on_two_hosts_and_none_at_all_are_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine = "terminals:\n  - shares: [{name: Clips}]\n  - shares: [{name: Clips}]\nservers:\n  - {}\n"
    assert _check(tmp_path, fine, monkeypatch) == []
