from __future__ import annotations

from typing import Any

import pytest
import requests
from winrm.exceptions import InvalidCredentialsError, WinRMTransportError, WSManFaultError

from provisioner.errors import LabError
from provisioner.lab.handle import LabHandle
from provisioner.links.scripts import command_line
from provisioner.links.wire import ask_request
from provisioner.resources.base import Ask
from tests.lab.clients import Talk, protocol

ONE, TWO = "control-room-1", "control-room-2"
READ = ask_request("run-1", [Ask("host")])


def test_the_second_send_is_dropped_before_it_is_processed(lab: LabHandle) -> None:
    lab.fault("drop_before", operation="send", nth=2, host=ONE)
    talk = Talk(protocol(lab, ONE))
    command = talk.start(READ)
    assert talk.receive(command)[0][0]["type"] == "end"
    with pytest.raises(requests.exceptions.ConnectionError):
        talk.start(READ)
    assert [fault["seen"] for fault in lab.faults()] == [2]


def test_after_a_dropped_answer_the_command_went_on(lab: LabHandle) -> None:
    lab.fault("drop_after", operation="send", host=ONE)
    talk = Talk(protocol(lab, ONE))
    program, arguments = command_line()
    command = talk.client.run_command(talk.shell, program, arguments, console_mode_stdin=False)
    with pytest.raises(requests.exceptions.ConnectionError):
        talk.client.send_command_input(talk.shell, command, READ, end=True)
    talk.client.transport.close_session()
    assert talk.receive(command)[0][0]["type"] == "end"


def test_other_hosts_are_not_hit(lab: LabHandle) -> None:
    lab.fault("drop_before", operation="create", host=ONE, times=0)
    Talk(protocol(lab, TWO)).close()
    for _ in range(2):
        with pytest.raises(requests.exceptions.ConnectionError):
            protocol(lab, ONE).open_shell()
    lab.clear_faults()
    Talk(protocol(lab, ONE)).close()


@pytest.mark.parametrize(("status", "error"), [(401, InvalidCredentialsError), (403, WinRMTransportError)])
@pytest.mark.parametrize("operation", ["login", "create"])
def test_statuses(lab: LabHandle, status: int, error: type[Exception], operation: str) -> None:
    lab.fault("status", operation=operation, argument=status, host=TWO)
    with pytest.raises(error):
        protocol(lab, TWO, "basic").open_shell()


def test_an_empty_500_is_a_transport_error(lab: LabHandle) -> None:
    lab.fault("status", operation="receive", argument=500)
    with pytest.raises(WinRMTransportError) as refused:
        Talk(protocol(lab, ONE)).frames(READ)
    assert refused.value.code == 500


@pytest.mark.parametrize("code", [170, 5, 2150858843])
def test_wsman_faults(lab: LabHandle, code: int) -> None:
    lab.fault("wsman_fault", operation="command", argument=code)
    with pytest.raises(WSManFaultError) as refused:
        Talk(protocol(lab, ONE)).frames(READ)
    assert refused.value.wsman_fault_code == code


def test_the_quota_of_operations_comes_as_a_wmi_error_too(lab: LabHandle) -> None:
    lab.fault("wsman_fault", operation="command", argument=2150859174)
    with pytest.raises(WSManFaultError) as refused:
        Talk(protocol(lab, ONE)).frames(READ)
    assert refused.value.wmierror_code == 0x803381A6


def test_a_connection_closed_between_requests_spoils_the_next_sealed_body(lab: LabHandle) -> None:
    lab.fault("close", operation="create", host=ONE)
    talk = Talk(protocol(lab, ONE))
    while lab.status()["hosts"][ONE]["open_connections"]:
        pass
    # Which of the two depends on whether the client has seen the end of its connection yet.
    with pytest.raises((WinRMTransportError, requests.ConnectionError)) as refused:
        talk.start(READ)
    assert getattr(refused.value, "code", 400) == 400


def test_noise_is_beside_the_frames_and_a_torn_frame_is_none(lab: LabHandle) -> None:
    talk = Talk(protocol(lab, ONE))
    for effect, frames, words in (("noise", 1, b""), ("clixml", 1, b"#< CLIXML"), ("truncate", 0, b"")):
        lab.fault(effect, host=ONE)
        got, stderr, code = talk.receive(talk.start(READ))
        assert (len(got), code) == (frames, 0), effect
        assert stderr.startswith(words)


def test_output_may_come_in_pieces(lab: LabHandle) -> None:
    lab.fault("split", argument=100)
    assert Talk(protocol(lab, ONE)).frames(READ)[0]["type"] == "end"
    assert lab.status()["hosts"][ONE]["operations"]["receive"] > 3


def test_a_named_script_fails_once(lab: LabHandle) -> None:
    lab.fault("throw", operation="computer_name.read", argument="RPC server is unavailable.", host=ONE)
    talk = Talk(protocol(lab, ONE))
    request = ask_request("run-1", [Ask("host"), Ask("computer_name")])
    failed, fine = talk.frames(request)[0]["replies"], talk.frames(request)[0]["replies"]
    assert [reply["ok"] for reply in failed] == [True, False]
    assert failed[1]["error"]["message"] == "RPC server is unavailable."
    assert [reply["ok"] for reply in fine] == [True, True]


def test_connections_are_refused_for_a_while(lab: LabHandle) -> None:
    lab.fault("refuse", argument=0.4, host=ONE)
    attempts = 0
    while True:
        try:
            Talk(protocol(lab, ONE)).close()
            break
        except requests.exceptions.ConnectionError:
            attempts += 1
    assert attempts > 0


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"effect": "drop_befor"}, "Did you mean 'drop_before'?"),
        ({"effect": "delay"}, "needs a number"),
        ({"effect": "drop_before", "operation": "recieve"}, "no operation"),
        ({"effect": "noise", "host": "control-rom-1"}, "Did you mean 'control-room-1'?"),
        ({"effect": "throw"}, "named like clock.read"),
        ({"effect": "noise", "nht": 2}, "nht"),
        ({"effect": "noise", "nth": "often"}, "nth"),
    ],
)
def test_a_slip_in_a_fault_is_told(lab: LabHandle, row: dict[str, Any], words: str) -> None:
    with pytest.raises(LabError) as refused:
        lab.fault(**row)
    assert words in str(refused.value)
