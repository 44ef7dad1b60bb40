"""docs/lab.md says of faults and verbs what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from provisioner.cli.lab_verbs import lab_app
from provisioner.lab.faults import EFFECTS, ON_REQUESTS, REQUESTS
from provisioner.lab.places import OPEN_FOLDERS

PAGE = (Path(__file__).parents[2] / "docs" / "lab.md").read_text("utf-8")
FAULTS = PAGE.partition("## Faults")[2].partition("\n## ")[0]


def test_every_fault_is_described_in_the_lab_s_own_words() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", FAULTS, re.MULTILINE)
    assert rows == list(EFFECTS.items())
    assert list(EFFECTS)[:6] == list(ON_REQUESTS)
    assert ", ".join(f"`{name}`" for name in REQUESTS) in FAULTS


def test_every_verb_and_every_room_that_can_grow_is_named() -> None:
    for command in lab_app.registered_commands:
        assert command.callback is not None
        assert f"`lab {command.name or command.callback.__name__}" in PAGE
    for room in OPEN_FOLDERS:
        assert f"`{room}`" in PAGE
