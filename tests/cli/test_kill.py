"""The controller is killed at every step of an apply; and two controllers meet on one host."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from provisioner.resources.host import RUN_FILE
from tests.cli.conftest import KINDS, CommandLine

HOST = "control-room-1"
PLACES = [(moment, step) for step in range(1, len(KINDS) + 1) for moment in ("before", "after")]
RUN_PLACE = "files/" + RUN_FILE


def _start(provisioner: CommandLine, restart: str = "never") -> subprocess.Popen[bytes]:
    """Another process, so that it can be killed."""
    arguments = [
        "apply",
        str(provisioner.site),
        "--only",
        HOST,
        "--yes",
        "--restart",
        restart,
        *provisioner.flags(),
    ]
    return subprocess.Popen([sys.executable, "-m", "provisioner", *arguments], stdout=subprocess.PIPE)


def _held(provisioner: CommandLine, moment: str, step: int) -> subprocess.Popen[bytes]:
    provisioner.lab.hold(HOST, moment, step)  # type: ignore[arg-type]
    controller = _start(provisioner)
    assert provisioner.lab.wait_held(HOST, 30)
    return controller


def _wait_until_free(provisioner: CommandLine) -> None:
    deadline = time.monotonic() + 30
    while provisioner.counts(HOST)["holding"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(("moment", "step"), PLACES)
def test_killed_at_every_step_nothing_done_is_forgotten(
    provisioner: CommandLine, moment: str, step: int
) -> None:
    controller = _held(provisioner, moment, step)
    controller.kill()
    controller.communicate()
    provisioner.lab.release(HOST)
    _wait_until_free(provisioner)

    # The batch went on without us: all of it is done, and the plan names the run that was interrupted.
    left = provisioner.json("plan", "--only", HOST)
    (host,) = left["hosts"]
    assert host["left_over"]
    assert host["left_over_results"] == {f"{HOST}/{kind}": "done" for kind in KINDS}
    assert {item["action"] for item in left["items"]} == {"keep"}

    assert provisioner("apply", "--only", HOST, "--yes", "--restart", "now") == 0
    assert "took over an interrupted run" in provisioner.out
    assert provisioner.lab.place(HOST, RUN_PLACE) is None
    assert not provisioner.counts(HOST)["holding"]
    assert provisioner("plan", "--only", HOST) == 0


def _killed_at_command(provisioner: CommandLine, number: int) -> None:
    """Kill the controller while its n-th command waits: one reads, one writes, one reads back."""
    provisioner.lab.fault("delay", host=HOST, operation="command", nth=number, argument=60)
    controller = _start(provisioner)
    deadline = time.monotonic() + 30
    while provisioner.lab.faults()[0]["seen"] < number:
        assert time.monotonic() < deadline and controller.poll() is None
        time.sleep(0.02)
    controller.kill()
    controller.communicate()
    provisioner.lab.clear_faults()


def _finished(provisioner: CommandLine) -> str:
    """The next apply completes; what it said."""
    assert provisioner("apply", "--only", HOST, "--yes", "--restart", "now") == 0
    said = provisioner.out
    assert provisioner.lab.place(HOST, RUN_PLACE) is None
    assert not provisioner.counts(HOST)["holding"]
    assert provisioner("plan", "--only", HOST) == 0
    return said


def test_killed_before_the_batch_is_sent_all_work_is_left(provisioner: CommandLine) -> None:
    _killed_at_command(provisioner, 2)
    assert provisioner.counts(HOST)["writes"] == 0
    said = _finished(provisioner)
    assert "took over an interrupted run" not in said
    for kind in KINDS:
        assert f"{HOST}/{kind}: verified" in said


def test_killed_while_it_reads_back_no_work_is_left(provisioner: CommandLine) -> None:
    _killed_at_command(provisioner, 3)
    writes = provisioner.counts(HOST)["writes"]
    assert writes and provisioner.lab.place(HOST, RUN_PLACE) is not None
    said = _finished(provisioner)
    assert "took over an interrupted run" in said
    assert provisioner.counts(HOST)["writes"] == writes


def test_killed_while_the_host_restarts_it_is_not_restarted_again(provisioner: CommandLine) -> None:
    controller = _start(provisioner, "now")
    assert controller.stdout is not None
    assert any(f"{HOST}: restarting" in line.decode() for line in controller.stdout)
    controller.kill()
    controller.communicate()
    deadline = time.monotonic() + 30
    while not provisioner.counts(HOST)["restarts"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    _finished(provisioner)
    assert provisioner.counts(HOST)["restarts"] == 1


def test_the_batch_of_a_dead_controller_still_holds_the_host(provisioner: CommandLine) -> None:
    controller = _held(provisioner, "before", 2)
    controller.kill()
    controller.communicate()
    assert provisioner("apply", "--only", HOST, "--yes", "--restart", "never") == 4
    assert "is writing on this host" in provisioner.out
    assert provisioner.counts(HOST)["holding"]
    provisioner.lab.release(HOST)
    _wait_until_free(provisioner)
    assert "took over an interrupted run" in _finished(provisioner)


def test_the_second_controller_says_who_holds_the_host(provisioner: CommandLine) -> None:
    controller = _held(provisioner, "before", 2)
    assert provisioner("apply", "--only", HOST, "--yes", "--restart", "never") == 4
    assert "is writing on this host" in provisioner.out
    provisioner.lab.release(HOST)
    said, _ = controller.communicate(timeout=60)
    assert controller.returncode == 6, said
    assert provisioner.lab.place(HOST, RUN_PLACE) is None


def test_the_host_loses_power_in_the_middle_of_a_batch(provisioner: CommandLine) -> None:
    """Steps that were done stay done, the others are planned again."""
    controller = _held(provisioner, "before", 3)
    provisioner.served.world.twin(HOST).machine.restart(0)
    controller.communicate(timeout=200)
    _wait_until_free(provisioner)
    assert provisioner("apply", "--only", HOST, "--yes", "--restart", "now") == 0
    assert provisioner.lab.place(HOST, RUN_PLACE) is None
    assert provisioner("plan", "--only", HOST) == 0
