"""One manifest with every setting takes a factory-new terminal into service in one run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.lab.serving import serving
from provisioner.manifest.load import load
from provisioner.resources import ALL
from tests.cli.conftest import CommandLine

SITE = Path(__file__).parents[2] / "sites" / "every-setting"
HOST = "control-room-1"
CONNECTIONS = 3
"""At the factory's address, at its own, and after the restart."""
REQUESTS = 14
POLL = 3
"""The question whether it is there yet is reported apart; the one that finds it is the connection's first."""


LANGUAGES = {
    "swedish": "hosts: {control-room-1: {language: sv-SE}}",
    "german": "hosts: {control-room-1: {language: de-DE}}",
    # A domain names its members itself and gives them their time.
    "domain member": """
hosts:
  control-room-1:
    computer_name: HARBOUR-CR1
    set: {domain: harbour.example, domain_accounts/S-1-5-21-4-4-4-1109: 'HARBOUR\\guards'}
""",
}


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[CommandLine]:
    site = tmp_path / "site"
    shutil.copytree(SITE, site)
    with serving(load(site), tmp_path / "lab", down_seconds=0.2) as served:
        yield CommandLine(site, tmp_path, served, capsys, joined=True)


def test_the_example_declares_every_kind() -> None:
    (host,) = load(SITE).hosts
    assert {resource.kind for resource in host.resources} == {kind.kind for kind in ALL}


def test_from_factory_new_to_in_service_in_one_run(terminal: CommandLine) -> None:
    assert terminal("apply", "--yes", "--restart", "now", "--format", "json") == 0, terminal.out
    wire = json.loads(terminal.out.splitlines()[-1])["end"]["run"]["wire"][f"{HOST}/winrm"]
    assert wire["addresses"] == ["192.0.2.21:5985", "192.0.2.151:5985"]
    assert wire["requests"] <= CONNECTIONS * REQUESTS, wire
    counts = terminal.counts(HOST)
    assert counts["most_in_a_connection"] <= REQUESTS + POLL, counts
    assert counts["restarts"] == 1

    assert terminal("plan") == 0, terminal.out
    assert terminal("apply", "--yes", "--restart", "now") == 0
    after = terminal.counts(HOST)
    for count in ("writes", "bookkeeping_writes", "restarts"):
        assert after[count] == counts[count]


@pytest.mark.parametrize("machine", LANGUAGES)
def test_the_same_manifest_on_other_machines(
    machine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site"
    shutil.copytree(SITE, site)
    text = (site / "site.yaml").read_text("utf-8")
    # Groups of Windows' own by their English names and a member of the domain, where there is one.
    if machine == "domain member":
        # It has its name and its time from the domain; both would be refused there, each with its reason.
        text = text.replace("members: [guard]", r"members: [guard, HARBOUR\guards]")
        text = "".join(line for line in text.splitlines(True) if not line.startswith("      ntp:"))
    text = text.replace("sid: S-1-5-32-555, include", "name: Remote Desktop Users, include")
    (site / "site.yaml").write_text(text, "utf-8")
    (site / "lab.yaml").write_text(LANGUAGES[machine], "utf-8")
    with serving(load(site), tmp_path / "lab", down_seconds=0.2) as served:
        terminal = CommandLine(site, tmp_path, served, capsys, joined=True)
        assert terminal("apply", "--yes", "--restart", "now") == 0, terminal.out
        assert terminal("plan") == 0, terminal.out
        writes = terminal.counts(HOST)["writes"]
        assert terminal("apply", "--yes", "--restart", "now") == 0
        assert terminal.counts(HOST)["writes"] == writes
