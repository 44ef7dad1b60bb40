from __future__ import annotations

import base64
import http.client
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import winrm
from pypsrp.client import Client
from winrm.exceptions import InvalidCredentialsError, WinRMTransportError, WSManFaultError

from provisioner.lab.handle import LabHandle
from provisioner.lab.winrs import MAX_SHELLS_PER_USER
from provisioner.links.scripts import command_line
from provisioner.links.wire import Frames, ask_request
from provisioner.resources.base import Ask
from provisioner.resources.host import RUN_FILE
from tests.lab.clients import Talk, protocol, row_of

ONE, TWO = "control-room-1", "control-room-2"
READ = ask_request("run-1", [Ask("host"), Ask("computer_name")])


def count(lab: LabHandle, host: str) -> dict[str, Any]:
    counts: dict[str, Any] = lab.status()["hosts"][host]
    return counts


def test_one_request_over_ntlm_with_encryption_costs_eight_requests(lab: LabHandle) -> None:
    talk = Talk(protocol(lab, ONE))
    (end,) = talk.frames(READ)
    talk.close()
    machine = lab.machine(ONE)
    assert end["type"] == "end" and [reply["ok"] for reply in end["replies"]] == [True, True]
    assert end["replies"][1]["value"]["active"].startswith("DESKTOP-")
    assert machine["domain"] is None
    counts = count(lab, ONE)
    assert (counts["requests"], counts["connections"], counts["shells"]) == (8, 1, 0)
    assert counts["operations"] == {
        "login": 3,
        "create": 1,
        "command": 1,
        "send": 1,
        "receive": 1,
        "delete": 1,
    }
    assert (counts["writes"], counts["bookkeeping_writes"]) == (0, 0)


def test_one_request_over_https_with_basic_costs_five_requests(lab: LabHandle) -> None:
    talk = Talk(protocol(lab, TWO, "basic"))
    (end,) = talk.frames(READ)
    talk.close()
    assert end["replies"][0]["ok"]
    assert count(lab, TWO)["requests"] == 5


@pytest.mark.parametrize("user", ["provision", "PROVISION", r".\provision", "{computer}\\Provision"])
def test_the_account_is_found_in_every_spelling_windows_takes(lab: LabHandle, user: str) -> None:
    name = lab.place(ONE, r"registry/HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName")
    assert isinstance(name, dict) and isinstance(name["ComputerName"], dict)
    full = user.format(computer=str(name["ComputerName"]["data"]).lower())
    Talk(protocol(lab, ONE, username=full)).close()


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_https_takes_basic_and_ntlm(lab: LabHandle, transport: str) -> None:
    Talk(protocol(lab, TWO, transport)).close()


def test_a_message_may_be_sealed_inside_tls_too(lab: LabHandle) -> None:
    talk = Talk(protocol(lab, TWO, "ntlm", message_encryption="always"))
    assert talk.frames(READ)[0]["type"] == "end"


@pytest.mark.parametrize(("host", "transport"), [(ONE, "ntlm"), (TWO, "ntlm"), (TWO, "basic")])
def test_a_wrong_password_is_refused(lab: LabHandle, host: str, transport: str) -> None:
    with pytest.raises(InvalidCredentialsError):
        protocol(lab, host, transport, password="not this one").open_shell()
    counts = count(lab, host)
    assert counts["refused_logons"] == 1
    assert "create" not in counts["operations"]


def test_a_disabled_account_is_refused(lab: LabHandle) -> None:
    accounts = lab.machine(ONE)["accounts"]
    assert isinstance(accounts, dict)
    sid = next(sid for sid, row in accounts.items() if isinstance(row, dict) and row["name"] == "provision")
    lab.set_place(ONE, f"accounts/{sid}/enabled", False)
    with pytest.raises(InvalidCredentialsError):
        protocol(lab, ONE).open_shell()


def test_who_is_no_administrator_gets_access_denied(lab: LabHandle) -> None:
    lab.set_place(ONE, "groups/S-1-5-32-544/members", [])
    with pytest.raises(WSManFaultError) as refused:
        protocol(lab, ONE).open_shell()
    assert refused.value.wsman_fault_code == 5


def test_a_plain_body_over_http_is_refused(lab: LabHandle) -> None:
    with pytest.raises(WinRMTransportError) as refused:
        protocol(lab, ONE, message_encryption="never").open_shell()
    assert refused.value.code == 403


def test_basic_over_plain_http_is_refused_and_not_offered(lab: LabHandle) -> None:
    row = row_of(lab, ONE)
    answer = requests.post(row["url"], auth=(row["username"], row["password"]), timeout=5)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Negotiate"


def test_a_foreign_client_runs_hostname_with_pywinrms_session(lab: LabHandle) -> None:
    row = row_of(lab, ONE)
    session = winrm.Session(
        row["url"], auth=(row["username"], row["password"]), transport="ntlm", proxy=None, ca_trust_path=None
    )
    answer = session.run_cmd("hostname")
    assert answer.status_code == 0
    assert answer.std_out.decode().startswith("DESKTOP-")


@pytest.mark.parametrize("auth", ["ntlm", "negotiate"])
def test_a_foreign_client_runs_hostname_with_pypsrp(lab: LabHandle, auth: str) -> None:
    row = row_of(lab, ONE)
    port = int(row["url"].rpartition(":")[2].partition("/")[0])
    with Client(
        "127.0.0.1",
        port=port,
        ssl=False,
        auth=auth,
        username=row["username"],
        password=row["password"],
        no_proxy=True,
    ) as client:
        stdout, stderr, code = client.execute_cmd("hostname")
    assert (code, stderr) == (0, "")
    assert stdout.startswith("DESKTOP-")


def test_the_same_user_name_with_different_passwords_side_by_side(lab: LabHandle) -> None:
    one, two = row_of(lab, ONE), row_of(lab, TWO)
    assert one["username"] == two["username"] and one["password"] != two["password"]
    talks = [Talk(protocol(lab, ONE)), Talk(protocol(lab, TWO))]
    names = [talk.frames(READ)[0]["replies"][0]["value"]["computer_name"] for talk in talks]
    assert len(set(names)) == 2
    with pytest.raises(InvalidCredentialsError):
        protocol(lab, ONE, password=two["password"]).open_shell()


def run(talk: Talk, command: str, *arguments: str, **options: bool) -> tuple[bytes, bytes, int]:
    process = talk.client.run_command(talk.shell, command, arguments, **options)
    output: tuple[bytes, bytes, int] = talk.client.get_command_output(talk.shell, process)
    return output


def test_unknown_commands_are_errors_as_cmd_says_them(lab: LabHandle) -> None:
    talk = Talk(protocol(lab, ONE))
    stdout, stderr, code = run(talk, "format", "c:")
    assert (stdout, code) == (b"", 1)
    assert b"'format' is not recognized as an internal or external command" in stderr


def test_powershell_runs_the_shipped_bootstrap_only(lab: LabHandle) -> None:
    other = base64.b64encode("Get-Date".encode("utf-16-le")).decode()
    stdout, stderr, code = run(Talk(protocol(lab, ONE)), "powershell.exe", "-EncodedCommand", other)
    assert (stdout, code) == (b"", 1) and b"shipped bootstrap" in stderr


def test_cmd_takes_8191_characters_and_no_more(lab: LabHandle) -> None:
    talk = Talk(protocol(lab, ONE))
    fits = "x" * (8191 - len("hostname "))
    assert b"not recognized" in run(talk, "hostname", fits)[1]
    assert run(talk, "hostname", fits + "x") == (b"", b"The command line is too long.\r\n", 1)
    assert b"not recognized" in run(talk, "hostname", fits + "x", skip_cmd_shell=True)[1]


def test_the_31st_shell_of_a_user_meets_the_quota(lab: LabHandle) -> None:
    client = protocol(lab, ONE)
    shells = [client.open_shell() for _ in range(MAX_SHELLS_PER_USER)]
    with pytest.raises(WSManFaultError) as refused:
        client.open_shell()
    assert refused.value.wsman_fault_code == 2150859173
    client.close_shell(shells[0], close_session=False)
    client.open_shell()


def test_a_shell_that_was_deleted_is_not_found(lab: LabHandle) -> None:
    talk = Talk(protocol(lab, ONE))
    talk.client.close_shell(talk.shell, close_session=False)
    with pytest.raises(WSManFaultError) as gone:
        run(talk, "hostname")
    assert gone.value.wsman_fault_code == 2150858843


def test_an_envelope_above_the_limit_is_a_fault(lab: LabHandle) -> None:
    talk = Talk(protocol(lab, ONE))
    command = talk.client.run_command(talk.shell, "hostname")
    talk.client.send_command_input(talk.shell, command, b"x" * 370_000)
    with pytest.raises(WSManFaultError) as refused:
        talk.client.send_command_input(talk.shell, command, b"x" * 385_000)
    assert refused.value.fault_subcode == "w:EncodingLimit"


def test_a_huge_body_is_refused_without_reading_it(lab: LabHandle) -> None:
    place = urlsplit(row_of(lab, ONE)["url"]).netloc
    connection = http.client.HTTPConnection(place, timeout=5)
    connection.putrequest("POST", "/wsman")
    connection.putheader("Content-Length", str(10**9))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_a_document_type_is_refused(lab: LabHandle, tmp_path: Path) -> None:
    row = row_of(lab, TWO)
    pem = tmp_path / "state" / "doors" / f"{TWO}.pem"
    bomb = '<!DOCTYPE a [<!ENTITY b "cc">]><a>&b;</a>'
    for body in (bomb, "<not closed", ""):
        answer = requests.post(
            row["url"], auth=(row["username"], row["password"]), data=body, verify=str(pem), timeout=5
        )
        assert answer.status_code == (400 if body else 200)


def test_a_client_that_does_not_trust_the_certificate_sends_nothing(lab: LabHandle) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.post(row_of(lab, TWO)["url"], auth=("provision", "secret"), verify=True, timeout=5)
    assert (count(lab, TWO)["connections"], count(lab, TWO)["requests"]) == (1, 0)


def test_big_output_comes_in_pieces_of_the_clients_envelope(lab: LabHandle) -> None:
    lab.set_place(ONE, f"files/{RUN_FILE}", {"text": secrets.token_hex(300_000)})
    talk = Talk(protocol(lab, ONE))
    command, stdout, done = talk.start(READ), b"", False
    while not done:
        piece, _, _, done = talk.client.get_command_output_raw(talk.shell, command)
        assert len(piece) * 4 // 3 < 153_600
        stdout += piece
    (end,) = Frames().feed(stdout)
    assert len(end["replies"][0]["value"]["run_file"][0]) == 600_000
    assert count(lab, ONE)["operations"]["receive"] == -(-len(stdout) // ((153_600 - 3000) * 3 // 4))


def test_nothing_to_receive_in_time_is_the_timeout_fault(lab: LabHandle) -> None:
    client = protocol(lab, ONE, operation_timeout_sec=1, read_timeout_sec=5)
    talk = Talk(client)
    command = client.run_command(talk.shell, *command_line())
    with pytest.raises(winrm.exceptions.WinRMOperationTimeoutError):
        client.get_command_output_raw(talk.shell, command)
    client.send_command_input(talk.shell, command, READ[:50])
    client.send_command_input(talk.shell, command, READ[50:], end=True)
    assert talk.receive(command)[0][0]["type"] == "end"


def test_identify_needs_no_password_when_it_says_so(lab: LabHandle) -> None:
    answer = requests.post(
        row_of(lab, ONE)["url"], headers={"WSMANIDENTIFY": "unauthenticated"}, data=b"", timeout=5
    )
    assert answer.status_code == 200 and "Microsoft Corporation" in answer.text


def test_the_door_survives_garbage_in_every_header(lab: LabHandle) -> None:
    url = row_of(lab, ONE)["url"]
    for token in ("Negotiate", "Negotiate !!", "NTLM AAAA", "Negotiate TlRMTVNTUAAB", "Basic x", "Bearer y"):
        answer = requests.post(url, headers={"Authorization": token}, data=b"x", timeout=5)
        assert answer.status_code == 401 and "WWW-Authenticate" in answer.headers
    Talk(protocol(lab, ONE)).close()
