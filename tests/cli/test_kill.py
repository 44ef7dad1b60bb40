"""The controller is killed at every step of an apply; and two controllers meet on one host."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from provisioner.resources import ALL
from provisioner.resources.host import RUN_FILE
from tests.cli.conftest import CommandLine

HOST = "control-room-1"
PLACES = [(moment, step) for step in range(1, len(ALL) + 1) for moment in ("before", "after")]
RUN_PLACE = "files/" + RUN_FILE


def _start(provisioner: CommandLine) -> subprocess.Popen[bytes]:
    """Another process, so that it can be killed."""
    arguments = [
        "apply",
        str(provisioner.site),
        "--only",
        HOST,
        "--yes",
        "--restart",
        "never",
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
    assert host["left_over_results"] == {f"{HOST}/{kind.kind}": "done" for kind in ALL}
    assert {item["action"] for item in left["items"]} == {"keep"}

    assert provisioner("apply", "--only", HOST, "--yes", "--restart", "now") == 0
    assert "took over an interrupted run" in provisioner.out
    assert provisioner.lab.place(HOST, RUN_PLACE) is None
    assert not provisioner.counts(HOST)["holding"]
    assert provisioner("plan", "--only", HOST) == 0


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
