"""SIGKILL around each step of an apply with thirty changes, a change of the network among them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.lab.serving import serving
from provisioner.manifest.load import load
from provisioner.resources.host import OUR_FOLDER, RUN_FILE
from tests.cli.conftest import CommandLine
from tests.cli.test_everything import HOST, SITE

EVERY = [(moment, step) for step in range(1, 31) for moment in ("before", "after")]
SOME = [("before", 1), ("after", 17), ("after", 30)]
PLACES = EVERY if os.environ.get("PROVISIONER_TEST_KILLS") == "every" else SOME
"""All of them take minutes: a person sets PROVISIONER_TEST_KILLS=every by hand."""
WINDOW = 10 * 60
MORE = "\n".join(
    [
        "    firewall_rules:",
        *(f"      - {{name: provisioner-{port}, local_ports: [{port}]}}" for port in range(6001, 6008)),
        "    local_users:",
        *(f"      - {{name: guard {number}, password: {{env: G{number}}}}}" for number in range(1, 7)),
    ]
)


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[CommandLine]:
    """The example with every setting, and as many more that it has thirty."""
    site = tmp_path / "site"
    shutil.copytree(SITE, site)
    text = (site / "site.yaml").read_text("utf-8")
    for section in ("firewall_rules", "local_users"):
        head = f"    {section}:\n"
        more = MORE.split(head)[1].split("    local_users:\n")[0].rstrip()
        assert head in text
        text = text.replace(head, f"{head}{more}\n")
    (site / "site.yaml").write_text(text, "utf-8")
    with serving(load(site), tmp_path / "lab", down_seconds=0.1) as served:
        yield CommandLine(site, tmp_path, served, capsys, joined=True)


def _killed_at(terminal: CommandLine, moment: Any, step: int) -> None:
    terminal.lab.hold(HOST, moment, step)
    words = ["apply", str(terminal.site), "--yes", "--restart", "never", *terminal.flags()]
    controller = subprocess.Popen([sys.executable, "-m", "provisioner", *words], stdout=subprocess.PIPE)
    assert terminal.lab.wait_held(HOST, 60)
    controller.kill()
    controller.communicate()
    terminal.lab.release(HOST)


def _wait_until_free(terminal: CommandLine) -> None:
    deadline = time.monotonic() + 60
    while terminal.counts(HOST)["holding"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _left_on(terminal: CommandLine) -> list[str]:
    """Tasks, markers and files of a run that are still there."""
    machine: Any = terminal.lab.machine(HOST)
    ours = [path for path in machine["files"] if path.casefold().startswith(OUR_FOLDER.casefold() + "\\")]
    lasting = {f"{OUR_FOLDER}\\applied.json", f"{OUR_FOLDER}\\passwords.json"}
    tasks = [name for name in machine["tasks"] if "provisioner" in name.casefold()]
    return sorted(set(ours) - lasting) + tasks


@pytest.mark.parametrize(("moment", "step"), PLACES)
def test_killed_at_any_of_thirty_steps(terminal: CommandLine, moment: str, step: int) -> None:
    planned = terminal.json("plan")["items"]
    assert len([item for item in planned if item["action"] != "keep"]) == 30
    _killed_at(terminal, moment, step)
    _wait_until_free(terminal)
    # The batch went on without us, and nobody confirms its change of the network.
    terminal.lab.let_pass(WINDOW + 30, HOST)

    left = terminal.json("plan")
    (host,) = left["hosts"]
    assert len(host["left_over_results"]) == 30
    assert set(host["left_over_results"].values()) == {"done"}
    assert {item["kind"] for item in left["items"] if item["action"] != "keep"} == {"network"}
    assert host["network_change"] == "ended"

    assert terminal("apply", "--yes", "--restart", "now") == 0, terminal.out
    assert "took over an interrupted run" in terminal.out
    assert terminal.lab.place(HOST, "files/" + RUN_FILE) is None
    assert terminal("plan") == 0, terminal.out
    assert _left_on(terminal) == []
    assert not terminal.counts(HOST)["holding"]
