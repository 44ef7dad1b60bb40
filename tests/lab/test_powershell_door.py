"""The mode in which a lab plays scripts: what is refused, what no engine ever gets, who may tell changes."""

from __future__ import annotations

import base64
import gzip
import json
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from provisioner.cli import run
from provisioner.errors import HeldError, LabError
from provisioner.lab.changes_door import ChangesDoor
from provisioner.lab.join import join, join_or_start
from provisioner.lab.powershell import located, proven
from provisioner.lab.reception import Reception
from provisioner.lab.serving import running, serving
from provisioner.lab.stage import Killed
from provisioner.links.wire import ask_request, pack
from provisioner.manifest.load import load
from provisioner.resources.base import Ask
from tests.lab.clients import Talk, protocol
from tests.lab.sites import two_hosts
from tests.powershell.engine import powershell

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "sites" / "demo"
ONE = "control-room-1"
NO_POWERSHELL = Path(sys.executable)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state"
    handle = join(tmp_path / "state")
    if handle is not None:
        handle.down()


def test_without_a_checkout_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="needs a source checkout") as refused:
        located(NO_POWERSHELL, tmp_path)
    assert refused.value.exit_code == 64
    assert located(NO_POWERSHELL).windows == ROOT / "tests" / "powershell" / "windows.ps1"


def test_what_is_no_powershell_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no such program"):
        located(tmp_path / "pwsh")
    with pytest.raises(LabError, match="this is no PowerShell") as refused:
        proven(located(NO_POWERSHELL))
    assert "powershell.exe" in refused.value.next_step


@pytest.mark.parametrize("verb", ["plan", "drift", "apply"])
def test_verbs_refuse_it_before_anything_starts(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--lab-state", str(tmp_path / "lab"), "--lab-powershell", str(tmp_path / "pwsh")]
    assert run([verb, str(DEMO), *flags, *(["--yes"] if verb == "apply" else [])]) == 64
    assert "no such program" in capsys.readouterr().err
    assert not (tmp_path / "lab").exists()


def test_endpoints_of_a_running_lab_and_a_mode_do_not_fit_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--lab-endpoints", str(tmp_path / "x.json"), "--lab-powershell", str(NO_POWERSHELL)]
    assert run(["plan", str(DEMO), *flags]) == 64
    assert "Leave one of them out" in capsys.readouterr().err


def test_a_lab_that_simulates_runs_no_engine_as_well(folder: Path) -> None:
    with serving(load(DEMO), folder), pytest.raises(HeldError, match="simulates the scripts") as refused:
        join_or_start(DEMO / "site.yaml", folder, powershell=NO_POWERSHELL)
    assert str(NO_POWERSHELL) in str(refused.value)
    assert "lab down" in refused.value.next_step


def test_a_lab_does_not_start_with_what_is_no_powershell(folder: Path) -> None:
    with pytest.raises(LabError, match="this is no PowerShell"):
        join_or_start(DEMO / "site.yaml", folder, powershell=NO_POWERSHELL)


def test_the_mode_is_shown_and_joined(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = powershell("that a lab with an engine behind its doors starts in a process of its own")
    twin = ["--lab-state", str(folder), "--state", str(folder.parent)]
    assert run(["plan", str(DEMO), *twin, "--lab-powershell", program]) == 2
    assert run(["plan", str(DEMO), *twin]) == 2
    assert run(["lab", "status", *twin]) == 0
    assert f"scripts run in {Path(program).absolute()}\n" in capsys.readouterr().out
    assert run(["plan", str(DEMO), *twin, "--lab-powershell", str(NO_POWERSHELL)]) == 4
    assert f"runs the scripts in {Path(program).absolute()}" in capsys.readouterr().err


def _request(**scripts: str) -> bytes:
    request = json.loads(gzip.decompress(base64.b64decode(ask_request("run-1", [Ask("host")]))))
    request["scripts"] |= {name.replace("_", "."): text for name, text in scripts.items()}
    return pack(request)


def test_only_the_shipped_text_reaches_the_engine(tmp_path: Path) -> None:
    """A program that is no PowerShell stands behind the door: what reached it would fail in another way."""
    with running(two_hosts(tmp_path), tmp_path / "state", powershell=located(NO_POWERSHELL)) as lab:
        talk = Talk(protocol(lab, ONE))
        frames, errors, code = talk.receive(talk.start(_request(host_read="param($Arguments)\nwhoami.exe")))
        assert (frames, code) == ([], 1)
        assert errors == b"The script 'host.read' is not the one of this version.\r\n"
        _, errors, code = talk.receive(talk.start(_request()))
        assert code not in (0, 1) and b"not the one" not in errors
        hostname = talk.client.run_command(talk.shell, "hostname.exe")
        assert talk.client.get_command_output(talk.shell, hostname)[0].startswith(b"DESKTOP-")
        other = talk.client.run_command(talk.shell, "powershell.exe", ["-Command", "1"])
        assert (
            b"no PowerShell but the shipped bootstrap" in talk.client.get_command_output(talk.shell, other)[1]
        )


@pytest.fixture
def door() -> Iterator[ChangesDoor]:
    reception = Reception()
    yield ChangesDoor(reception)
    reception.close()


def _tell(address: str, token: str, *lines: Mapping[str, Any]) -> list[bytes]:
    """The answers; an empty one where the connection was closed instead."""
    port = urlsplit(address).port
    assert port is not None
    with socket.create_connection(("127.0.0.1", port), 10) as connection, connection.makefile("rwb") as file:
        file.write(token.encode() + b"\n")
        answers = []
        for line in lines:
            file.write(json.dumps(line).encode() + b"\n")
            file.flush()
            answers.append(file.readline())
        return answers


def test_a_change_is_answered_once_it_is_applied(door: ChangesDoor) -> None:
    told: list[Any] = []

    def answer(line: Mapping[str, Any]) -> Mapping[str, Any]:
        told.append(line)
        return {"reload": len(told) > 1}

    with door.expecting(answer) as address:
        token = urlsplit(address).path.removeprefix("/")
        assert _tell(address, token, {"a": 1}, {"b": "\u00c5"}) == [
            b'{"reload": false}\n',
            b'{"reload": true}\n',
        ]
        assert _tell(address, "another-token", {"c": 1}) == [b""]
    assert told == [{"a": 1}, {"b": "\u00c5"}]
    assert _tell(address, token, {"d": 1}) == [b""]


def test_a_process_that_was_killed_tells_nothing_more(door: ChangesDoor) -> None:
    def answer(_line: Mapping[str, Any]) -> Mapping[str, Any]:
        raise Killed

    with door.expecting(answer) as address:
        assert _tell(address, urlsplit(address).path.removeprefix("/"), {"a": 1}) == [b""]
