"""The line under bad weather, injected by the lab: what is carried through, and what is said."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.resources.host import RUN_FILE
from tests.cli.conftest import KINDS, CommandLine

NTLM, BASIC = "control-room-1", "control-room-2"
BOTH = pytest.mark.parametrize("host", [NTLM, BASIC])


@BOTH
@pytest.mark.parametrize(
    "fault",
    [
        {"effect": "noise", "operation": "output"},
        {"effect": "clixml", "operation": "output"},
        {"effect": "split", "operation": "output", "argument": 7},
        {"effect": "close", "operation": "create"},
        {"effect": "close", "operation": "send"},
        {"effect": "drop_before", "operation": "receive"},
        {"effect": "delay", "operation": "receive", "argument": 0.1},
        {"effect": "wsman_fault", "operation": "receive", "argument": 2150858793},
    ],
    ids=lambda fault: f"{fault['effect']}-{fault['operation']}",
)
def test_carried_through(provisioner: CommandLine, host: str, fault: dict[str, Any]) -> None:
    provisioner.lab.fault(host=host, **fault)
    document = provisioner.json("plan", "--only", host)
    assert {item["action"] for item in document["items"]} == {"update"}
    assert provisioner.lab.faults()[0]["seen"] >= 1


@BOTH
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"effect": "drop_before", "operation": "create"}, "refused or lost"),
        ({"effect": "drop_after", "operation": "command"}, "refused or lost"),
        ({"effect": "refuse", "operation": "connect", "argument": 30}, "refused or lost"),
        ({"effect": "status", "operation": "create", "argument": 403}, "HTTP 403"),
        ({"effect": "status", "operation": "create", "argument": 500}, "HTTP 500"),
        ({"effect": "wsman_fault", "operation": "create", "argument": 2150859174}, "no operation left"),
        ({"effect": "wsman_fault", "operation": "create", "argument": 5}, "not use WinRM"),
        ({"effect": "truncate", "operation": "output"}, "without a whole answer"),
    ],
    ids=lambda value: f"{value['effect']}-{value['operation']}" if isinstance(value, dict) else "",
)
def test_unknown_and_said_so(provisioner: CommandLine, host: str, fault: dict[str, Any], said: str) -> None:
    provisioner.lab.fault(host=host, times=0, **{k: v for k, v in fault.items()})
    assert provisioner("plan", "--only", host) == 3
    assert said in provisioner.out
    assert "Traceback" not in provisioner.err


def test_a_script_that_throws_leaves_the_other_settings_readable(provisioner: CommandLine) -> None:
    provisioner.lab.fault("throw", host=NTLM, operation="clock.read", argument="Access is denied.")
    document = provisioner.json("plan", "--only", NTLM)
    actions = {item["kind"]: item["action"] for item in document["items"]}
    assert actions == dict.fromkeys(KINDS, "update") | {"clock": "unknown"}


@BOTH
@pytest.mark.parametrize("effect", ["drop_before", "drop_after"])
def test_a_batch_whose_answer_is_lost_is_finished_and_known(
    provisioner: CommandLine, host: str, effect: str
) -> None:
    """The second Receive is the batch's; what it said is lost with `drop_after`, so the run file tells it."""
    provisioner.lab.fault(effect, host=host, operation="receive", nth=2)
    assert provisioner("apply", "--only", host, "--yes", "--restart", "never") == 6
    for kind in KINDS:
        assert f"{host}/{kind}: done" in provisioner.out
        assert f"{host}/{kind}: verified" in provisioner.out
    assert provisioner.lab.place(host, "files/" + RUN_FILE) is None


@BOTH
def test_when_the_results_are_lost_for_good_the_reading_back_still_proves_them(
    provisioner: CommandLine, host: str
) -> None:
    """The answer that took the run file with it is lost as well; what is as declared is as declared."""
    provisioner.lab.fault("drop_after", host=host, operation="receive", nth=2, times=3)
    assert provisioner("apply", "--only", host, "--yes", "--restart", "never") == 6
    for kind in KINDS:
        assert f"{host}/{kind}: verified" in provisioner.out


@BOTH
def test_a_batch_that_was_lost_before_it_began_is_sent_again(provisioner: CommandLine, host: str) -> None:
    provisioner.lab.fault("drop_before", host=host, operation="command", nth=2, times=1)
    assert provisioner("apply", "--only", host, "--yes", "--restart", "never") == 6
    assert provisioner.lab.faults()[0]["seen"] > 2
    assert provisioner("apply", "--only", host, "--yes", "--restart", "now") == 0
    assert provisioner("plan", "--only", host) == 0


@BOTH
def test_a_batch_that_never_began_is_not_done(provisioner: CommandLine, host: str) -> None:
    provisioner.lab.fault("drop_before", host=host, operation="send", nth=2, times=1)
    assert provisioner("apply", "--only", host, "--yes", "--restart", "never") == 3
    assert "Traceback" not in provisioner.err
    assert provisioner.counts(host)["writes"] == 0
    provisioner.lab.clear_faults()
    assert provisioner("apply", "--only", host, "--yes", "--restart", "now") == 0
    assert provisioner("plan", "--only", host) == 0
