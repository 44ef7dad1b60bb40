"""The verbs against a real Windows through its own WinRM on loopback. Opt in, for a throw-away machine only.

`prepare.ps1` makes the account and the listener and leaves the pin and the password in the environment;
PROVISIONER_REAL_WINDOWS names the folder for the recorded conversation.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from provisioner.cli import run
from provisioner.links.dial import straight
from provisioner.links.windows import AskingWindowsLine
from provisioner.links.winrm_shell import Target
from provisioner.resources import ALL
from provisioner.resources.base import Ask, Reply

FOLDER = os.environ.get("PROVISIONER_REAL_WINDOWS")
PIN = os.environ.get("PROVISIONER_REAL_PIN", "")
FIXTURES = Path(__file__).parents[1] / "fixtures"

pytestmark = pytest.mark.skipif(
    not FOLDER,
    reason="PROVISIONER_REAL_WINDOWS is not set; not proven: the scripts and WinRM of a real Windows",
)

CONNECTIONS = {
    "ntlm-http": "transport: ntlm",
    "ntlm-https": f"transport: ntlm, https: true, certificate_sha256: '{PIN}'",
    "basic-https": f"transport: basic, certificate_sha256: '{PIN}'",
}
SETTINGS = """\
    clock: {time_zone: Asia/Kolkata, ntp: [time.windows.com]}
    power: {display_off: 2 h}
    windows_update:
      install: scheduled
      day: sunday
      time: "03:00"
      restart: {always_at_scheduled_time: true, delay_minutes: 15}
    proxy: {winhttp: {server: "proxy.example:8080", bypass: ["*.example"]}}
    firewall_rules:
      - {name: provisioner-rehearsal, local_ports: [55752], remote_addresses: [192.0.2.0/24]}
    local_users:
      - name: provision-guard
        password: {env: PROVISIONER_REAL_GUARD}
        full_name: Control room guard
        password_never_expires: true
        user_cannot_change_password: true
    local_groups:
      - {name: Provision Operators, description: Throw-away, members: [provision-guard]}
      - {sid: S-1-5-32-555, include: [provision-guard]}
    windows_services:
      - {name: Spooler, start: manual, running: false}
"""
AU = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU"
RULES = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"
JUDGES: dict[tuple[str, ...], str] = {
    ("tzutil.exe", "/g"): "India Standard Time",
    ("reg.exe", "query", r"HKLM\SYSTEM\CurrentControlSet\Services\W32Time\Parameters", "/v", "NtpServer"): (
        "time.windows.com,0x9"
    ),
    ("reg.exe", "query", AU, "/v", "ScheduledInstallDay"): "0x1",
    ("reg.exe", "query", AU, "/v", "ScheduledInstallTime"): "0x3",
    ("reg.exe", "query", AU, "/v", "AlwaysAutoRebootAtScheduledTimeMinutes"): "0xf",
    ("net.exe", "user", "provision-guard"): "Control room guard",
    ("net.exe", "localgroup", "Provision Operators"): "provision-guard",
    ("net.exe", "localgroup", "Remote Desktop Users"): "provision-guard",
    ("sc.exe", "qc", "Spooler"): "DEMAND_START",
    ("netsh.exe", "winhttp", "show", "proxy"): "proxy.example:8080",
    ("reg.exe", "query", RULES, "/v", "provisioner-rehearsal"): "LPort=55752",
    ("powercfg.exe", "/query", "SCHEME_CURRENT", "SUB_VIDEO", "VIDEOIDLE"): "0x00001c20",
}
"""Programs that know nothing of us, and what each must print: two hours are 0x1c20 seconds."""


def _site(folder: Path, connection: str) -> Path:
    connect = f"{{address: localhost, username: provision, {CONNECTIONS[connection]}, "
    connect += "password: {env: PROVISIONER_REAL_PASSWORD}}"
    file = folder / "site.yaml"
    file.write_text(
        f"site: runner\nterminals:\n  - name: runner\n    connect: {connect}\n{SETTINGS}", "utf-8"
    )
    return file


def _verb(verb: str, site: Path, *more: str) -> int:
    return run([verb, str(site), "--state", str(site.parent / "state"), *more])


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_plan_apply_plan_and_drift(
    connection: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After the first connection everything is as declared; each of the others finds it so."""
    site = _site(tmp_path, connection)
    assert _verb("plan", site, "--format", "json") in (0, 2)
    wire = json.loads(capsys.readouterr().out)["run"]["wire"]["runner/winrm"]
    assert wire["requests"] <= (5 if connection == "basic-https" else 8)
    assert _verb("apply", site, "--yes", "--restart", "never") == 0
    assert _verb("plan", site) == 0
    assert _verb("drift", site) == 0


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge[-1])
def test_an_independent_program_reads_the_same(judge: tuple[str, ...]) -> None:
    said = subprocess.run(judge, capture_output=True, text=True, check=True).stdout
    assert JUDGES[judge] in said


def test_a_change_by_hand_is_drift(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = _site(tmp_path, "ntlm-http")
    subprocess.run(["tzutil.exe", "/s", "UTC"], check=True)
    assert _verb("drift", site) == 2
    assert "changed by hand" in capsys.readouterr().out


@pytest.mark.parametrize("kind", [kind.kind for kind in ALL])
def test_the_recorded_answer_has_the_form_of_the_fixtures(kind: str) -> None:
    """Same keys, same types: else the fixtures, and with them the lab, are wrong about Windows."""
    target = Target("runner", ("localhost",), 5985, False, "ntlm", "provision")
    line = AskingWindowsLine(target, lambda: os.environ["PROVISIONER_REAL_PASSWORD"], straight, "recording")
    fixture = _fixture(kind)
    ask = Ask(kind, fixture["request"]["arguments"])
    try:
        (reply,) = line.ask([ask])
    finally:
        line.hang_up()
    assert isinstance(reply, Reply), reply
    folder = Path(FOLDER or "") / kind
    folder.mkdir(parents=True, exist_ok=True)
    recorded = {"request": fixture["request"], "answer": reply.value}
    (folder / "recorded.json").write_text(json.dumps(recorded, indent=1), "utf-8")
    assert _form(reply.value) == _form(fixture["answer"])


def _fixture(kind: str) -> dict[str, Any]:
    """The first that is answered, of the kind's reads."""
    found = [
        json.loads(path.read_text("utf-8")) for path in sorted((FIXTURES / kind / "read").glob("*.json"))
    ]
    answered: dict[str, Any] = next(one for one in found if "error" not in one.get("answer", {"error": 1}))
    return answered


def _form(value: Any) -> Any:
    """Keys and the types that may stand there; a value that may be missing is not told apart from one."""
    if isinstance(value, Mapping):
        return {key: _form(inner) for key, inner in value.items()}
    return "list" if isinstance(value, list) else "value"


ADAPTER = os.environ.get("PROVISIONER_REAL_ADAPTER")
OLD, NEW, NOWHERE = "192.0.2.151", "192.0.2.21", "198.51.100.21"


def _moving_site(folder: Path, address: str) -> Path:
    connect = f"{{address: {address}, first_address: {OLD}, username: provision, transport: ntlm, "
    connect += "password: {env: PROVISIONER_REAL_PASSWORD}}"
    network = f"{{adapter: {{name: {ADAPTER}}}, address: {address}/24, gateway: none, confirm_minutes: 2}}"
    file = folder / "site.yaml"
    file.write_text(
        f"site: moving\nterminals:\n  - name: runner\n    connect: {connect}\n    network: {network}\n",
        "utf-8",
    )
    return file


@pytest.mark.skipif(not ADAPTER, reason="PROVISIONER_REAL_ADAPTER is not set; not proven: commit-confirm")
def test_a_change_of_address_is_taken_back_and_then_confirmed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a loopback adapter with an address of its own, so that the runner keeps its network."""
    lost = tmp_path / "lost"
    lost.mkdir()
    # No machine can be found at an address that a firewall rule blocks: nobody confirms.
    block = ["netsh.exe", "advfirewall", "firewall", "add", "rule", "name=provisioner-rehearsal", "dir=in"]
    block += ["action=block", "protocol=TCP", "localport=5985", f"localip={NOWHERE}"]
    subprocess.run(block, check=True)
    try:
        assert _verb("apply", _moving_site(lost, NOWHERE), "--yes", "--restart", "never") == 1
    finally:
        remove = [*block[:3], "delete", "rule", "name=provisioner-rehearsal"]
        subprocess.run(remove, check=True)
    assert "its network change was taken back" in capsys.readouterr().out
    site = _moving_site(tmp_path, NEW)
    assert _verb("apply", site, "--yes", "--restart", "never") == 0
    assert _verb("plan", site) == 0
