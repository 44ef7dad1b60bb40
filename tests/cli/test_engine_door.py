"""The real scripts in a real PowerShell behind the lab's door: pywinrm, NTLM, the wire and the text."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from provisioner.lab.powershell import Powershell, located
from provisioner.lab.serving import serving
from provisioner.manifest.load import load
from provisioner.resources.host import OUR_FOLDER, RUN_FILE
from tests.cli.conftest import DEMO, KINDS, CommandLine
from tests.powershell.engine import powershell
from tests.strategies import SETTINGS

ONE, TWO = "control-room-1", "control-room-2"
Serve = Callable[[str], CommandLine]


@pytest.fixture(scope="module")
def engine() -> Powershell:
    return located(Path(powershell("that the scripts run behind the lab's door as they are simulated")))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    shutil.copyfile(DEMO / "site.yaml", folder / "site.yaml")
    return folder


@pytest.fixture
def serve(
    engine: Powershell, site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Serve]:
    """Serves the same machines, drawn once: "simulated", or with the engine behind the door."""
    drawn = tmp_path / "drawn"
    with ExitStack() as stack:

        def start(mode: str) -> CommandLine:
            if not drawn.exists():
                with serving(load(site), drawn):
                    pass
            folder = tmp_path / mode
            shutil.copytree(drawn, folder / "lab")
            chosen = None if mode == "simulated" else engine
            served = stack.enter_context(
                serving(load(site), folder / "lab", down_seconds=0.2, powershell=chosen)
            )
            line = CommandLine(site, folder, served, capsys)
            line.lab.write_endpoints(line.endpoints)
            return line

        yield start


@pytest.fixture
def line(serve: Serve) -> CommandLine:
    """The demo site with the engine behind its doors."""
    return serve("engine")


def _items(line: CommandLine) -> str:
    """As text: equality would take 1 for true."""
    return json.dumps(line.json("plan")["items"])


def _settings(line: CommandLine, host: str) -> dict[str, Any]:
    """What a machine holds, without what is measured, our own files, and folders that a file makes."""
    content: dict[str, Any] = line.lab.machine(host)
    content["files"] = {
        path: row
        for path, row in content["files"].items()
        if not path.startswith(OUR_FOLDER) and "folder" not in row
    }
    return {room: rows for room, rows in content.items() if room not in ("clock", "boot")}


def _hosts(line: CommandLine) -> list[str]:
    return [row["name"] for row in line.lab.endpoints()["hosts"]]


def _counts(line: CommandLine, host: str) -> tuple[int, int, int]:
    row = line.counts(host)
    return row["writes"], row["bookkeeping_writes"], row["restarts"]


def _plan_apply_plan(modes: Sequence[CommandLine], restart: str) -> None:
    """Both modes say the same, do the same and end the same."""
    played, ran = modes
    assert _items(played) == _items(ran)
    keys = {host: _keys(ran, host) for host in _hosts(ran)}
    codes = [mode("apply", "--yes", "--restart", restart) for mode in modes]
    assert codes[0] == codes[1] and codes[0] in (0, 6), (played.out, ran.out)
    assert _items(played) == _items(ran)
    for host in _hosts(ran):
        assert _settings(played, host) == _settings(ran, host)
        # Windows makes a key first and its value then; the simulation makes both with one write.
        made = len(_keys(ran, host) - keys[host])
        assert _counts(ran, host)[0] == _counts(played, host)[0] + made
        assert _counts(ran, host)[2] == _counts(played, host)[2]


def _keys(line: CommandLine, host: str) -> set[str]:
    registry: Any = line.lab.machine(host)["registry"]
    return set(registry)


def test_the_demo_site_is_planned_and_applied_as_in_the_simulation(serve: Serve) -> None:
    modes = serve("simulated"), serve("engine")
    _plan_apply_plan(modes, "now")
    for mode in modes:
        assert mode("plan") == 0
        before = {host: _counts(mode, host) for host in (ONE, TWO)}
        assert all(min(counts) > 0 for counts in before.values())
        assert mode("apply", "--yes", "--restart", "now") == 0
        assert {host: _counts(mode, host) for host in (ONE, TWO)} == before


def _five() -> list[Mapping[str, Any]]:
    """Settings of five hosts; Hypothesis draws the plainest first, so that one is left out.

    No accounts, nor the groups that they are in: the moment at which a password is set is measured, and is
    another one in each lab.
    """
    drawn: list[Mapping[str, Any]] = []

    @settings(max_examples=6, database=None)
    @given(SETTINGS)
    def draw(declared: Mapping[str, Any]) -> None:
        people = {"local_users", "local_groups"} if "local_users" in declared else set()
        drawn.append({name: value for name, value in declared.items() if name not in people})

    draw()
    return drawn[-5:]


def test_five_random_hosts_are_planned_and_applied_as_in_the_simulation(serve: Serve, site: Path) -> None:
    connect = {"username": "provision", "password": {"env": "HARBOUR_WINRM"}}
    # A change of the network needs time that passes, and only the machines of `--lab` have that to spare.
    terminals = [
        {"name": f"room-{number}", "connect": {"address": f"192.0.2.{number}", **connect}}
        | {place: value for place, value in declared.items() if place != "network"}
        for number, declared in enumerate(_five(), start=1)
    ]
    (site / "site.yaml").write_text(json.dumps({"site": "random", "terminals": terminals}), "utf-8")
    _plan_apply_plan((serve("simulated"), serve("engine")), "never")


def test_looking_writes_nothing(line: CommandLine) -> None:
    machines = {host: line.lab.machine(host) for host in (ONE, TWO)}
    assert line("drift") == 2
    assert {host: line.lab.machine(host) for host in machines} == machines
    assert all(_counts(line, host) == (0, 0, 0) for host in machines)


def _apply(line: CommandLine) -> subprocess.Popen[bytes]:
    """In another process, so that it can be killed."""
    arguments = ["apply", str(line.site), "--only", ONE, "--yes", "--restart", "never", *line.flags()]
    return subprocess.Popen([sys.executable, "-m", "provisioner", *arguments], stdout=subprocess.PIPE)


def _held(line: CommandLine, moment: Any, step: int) -> subprocess.Popen[bytes]:
    line.lab.hold(ONE, moment, step)
    controller = _apply(line)
    assert line.lab.wait_held(ONE, 60)
    return controller


def _wait_until_free(line: CommandLine) -> None:
    deadline = time.monotonic() + 60
    while line.counts(ONE)["holding"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _finished(line: CommandLine) -> list[str]:
    text = str(line.lab.place(ONE, "files/" + RUN_FILE + "/text"))
    return [json.loads(row)["id"] for row in text.splitlines()[1:]]


def test_after_a_killed_controller_nothing_done_is_forgotten(line: CommandLine) -> None:
    controller = _held(line, "after", 2)
    assert len(_finished(line)) == 2
    controller.kill()
    controller.communicate()
    line.lab.release(ONE)
    _wait_until_free(line)

    (host,) = line.json("plan", "--only", ONE)["hosts"]
    assert host["left_over_results"] == {f"{ONE}/{kind}": "done" for kind in KINDS}
    assert line("apply", "--only", ONE, "--yes", "--restart", "now") == 0
    assert "took over an interrupted run" in line.out
    assert line.lab.place(ONE, "files/" + RUN_FILE) is None


def test_the_engines_own_mutex_keeps_a_second_writer_out_and_readers_in(line: CommandLine) -> None:
    controller = _held(line, "before", 1)
    assert line.counts(ONE)["holding"]
    assert _finished(line) == []
    assert line("apply", "--only", ONE, "--yes", "--restart", "never") == 4
    assert "is writing on this host" in line.out
    assert line("plan", "--only", ONE) == 2
    line.lab.release(ONE)
    said, _ = controller.communicate(timeout=60)
    assert controller.returncode == 6, said


def test_a_power_cut_kills_the_engine_and_frees_the_mutex(line: CommandLine) -> None:
    controller = _held(line, "before", 3)
    line.served.world.twin(ONE).machine.restart(0)
    controller.communicate(timeout=200)
    _wait_until_free(line)
    assert line.counts(ONE)["restarts"] == 1
    # The first two steps were done, and the machine came up with its new name.
    assert line("apply", "--only", ONE, "--yes", "--restart", "never") == 0
    assert f"{ONE}/power: verified" in line.out
    assert f"{ONE}/clock: " not in line.out


def test_a_change_by_hand_under_a_held_batch_stops_its_step(line: CommandLine) -> None:
    """The engine's copy of the machine is made anew, so that the step sees what a person did."""
    controller = _held(line, "before", 3)
    plan = line.lab.place(ONE, "power/active")
    line.lab.set_place(ONE, f"power/plans/{plan}/settings/29f6c1db-86da-48c5-9fdb-f2b67b1f44da/ac", 7)
    line.lab.release(ONE)
    said, _ = controller.communicate(timeout=60)
    assert controller.returncode == 4, said
    assert f"{ONE}/power: " in said.decode()
    assert line.lab.place(ONE, f"power/plans/{plan}/settings/29f6c1db-86da-48c5-9fdb-f2b67b1f44da/ac") == 7


def test_faults_of_the_output_reach_what_the_engine_prints(line: CommandLine) -> None:
    line.lab.fault("noise", host=ONE)
    line.lab.fault("truncate", host=TWO)
    actions = {item["host"]: item["action"] for item in line.json("plan")["items"]}
    assert actions == {ONE: "update", TWO: "unknown"}
    assert "without a whole answer" in line.out


def test_a_script_that_is_told_to_throw_does_so_once(line: CommandLine) -> None:
    line.lab.fault("throw", host=ONE, operation="clock.read", argument="It's denied.")
    found = {item["kind"]: item["action"] for item in line.json("plan", "--only", ONE)["items"]}
    assert found == dict.fromkeys(KINDS, "update") | {"clock": "unknown"}
    assert "It's denied." in line.out
    assert line("plan", "--only", ONE) == 2
    line.lab.fault("throw", host=ONE, operation="power.write", argument="No.")
    assert line("apply", "--only", ONE, "--yes", "--restart", "never") == 1
    assert f"{ONE}/power: FAILED (No.)" in line.out
