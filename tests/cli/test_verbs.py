"""Verbs from the outside: faults of the manifest, formats, help, the demo, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from provisioner.cli import run
from provisioner.cli.app import app
from provisioner.records.journal import read_journal
from provisioner.steps.plan_value import plan_schema
from tests.cli.conftest import CommandLine

HOST = "control-room-1"
FRIDAY_NOON_MS = 1_795_780_800_000  # 2026-11-27 12:00 UTC
ROOT = Path(__file__).parents[2]
TWELVE = ROOT / "tests" / "manifest" / "bad" / "twelve.yaml"


@pytest.mark.parametrize("verb", ["validate", "plan", "drift", "apply"])
def test_a_manifest_with_twelve_faults_is_refused_whole(provisioner: CommandLine, verb: str) -> None:
    """All twelve at once, exit 64, and nobody is contacted."""
    flags = [] if verb == "validate" else [*provisioner.flags(), *(["--yes"] if verb == "apply" else [])]
    assert run([verb, str(TWELVE), *flags]) == 64
    said = provisioner.capture.readouterr().err
    assert "12 faults; no host was contacted." in said
    assert said.count("twelve.yaml:") == 12
    assert provisioner.counts(HOST)["connections"] == 0


def test_twelve_faults_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", str(TWELVE), "--format", "json"]) == 64
    document = json.loads(capsys.readouterr().out)
    assert len(document["error"]["complaints"]) == 12
    assert document["exit_code"] == 64


def test_the_plan_for_programs_fits_its_published_schema(provisioner: CommandLine) -> None:
    document = provisioner.json("plan")
    jsonschema.Draft202012Validator(plan_schema()).validate(document)
    assert {item["address"] for item in document["items"]} >= {f"{HOST}/clock", f"{HOST}/power"}
    assert document["summary"]["update"] == 8


def test_an_apply_for_programs_is_one_document_a_line(provisioner: CommandLine) -> None:
    provisioner("apply", "--yes", "--restart", "never", "--format", "json")
    first, *events, last = map(json.loads, provisioner.out.splitlines())
    assert first["plan"]["format"] == "provisioner-plan/1"
    assert {"step_done", "verified", "restart_waits"} <= {row["event"]["happened"] for row in events}
    assert last["end"]["exit_code"] == 6


def test_drift_names_what_was_changed_by_hand(provisioner: CommandLine) -> None:
    provisioner("apply", "--yes", "--restart", "now")
    provisioner.lab.set_place(HOST, "services/w32time/running", False)
    assert provisioner("drift") == 2
    assert "clock  (changed by hand)" in provisioner.out
    provisioner.rewrite("display_off: 2 h", "display_off: 1 h")
    assert provisioner("drift") == 2
    assert "power  (the manifest changed)" in provisioner.out


def _on_a_friday(provisioner: CommandLine, window: str) -> None:
    """The host's clock shows Friday noon in UTC, and nothing that is declared corrects it."""
    provisioner.rewrite('days: [saturday, sunday], from: "02:00", to: "05:00"', window)
    provisioner.rewrite(
        "clock: {time_zone: Europe/Stockholm, ntp: [ntp.demo.example]}\n    power: {", "power: {"
    )
    now = provisioner.served.world.twin(HOST).machine.now_ms()
    before = int(str(provisioner.lab.place(HOST, "clock/offset_ms")))
    provisioner.lab.set_place(HOST, "clock/offset_ms", before + FRIDAY_NOON_MS - now)


def test_outside_its_window_a_host_is_not_restarted(provisioner: CommandLine) -> None:
    """The machine's own clock counts, not ours."""
    _on_a_friday(provisioner, 'days: [monday], from: "02:00", to: "02:30"')
    assert provisioner("apply", "--only", HOST, "--yes") == 6
    assert "the maintenance window opens Monday 02:00" in provisioner.out


@pytest.mark.parametrize(
    ("restart", "why"),
    [
        ("window", "the maintenance window opens Saturday 02:00"),
        ("never", "restarts are switched off (--restart never)"),
    ],
)
def test_a_restart_that_may_not_be_now_is_one_line_that_says_until_when(
    provisioner: CommandLine, restart: str, why: str
) -> None:
    """Also where nothing else is left to do."""
    _on_a_friday(provisioner, 'days: [saturday, sunday], from: "02:00", to: "05:00"')
    for _ in range(2):
        assert provisioner("apply", "--only", HOST, "--yes", "--restart", restart) == 6
        lines = [line for line in provisioner.out.splitlines() if "restart pending" in line]
        assert lines == [f"  {HOST}/computer_name: restart pending ({why})"]


def test_inside_its_window_a_host_restarts_without_being_told(provisioner: CommandLine) -> None:
    _on_a_friday(provisioner, 'days: [friday], from: "00:30", to: "23:30"')
    assert provisioner("apply", "--only", HOST, "--yes") == 0
    assert f"{HOST}: restarted" in provisioner.out


@pytest.mark.parametrize(
    "command", [command.callback.__name__ for command in app.registered_commands if command.callback]
)
def test_every_verb_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"Example: provisioner {command}" in said


@pytest.mark.parametrize(
    "arguments", [["nope"], ["plan"], ["plan", "x", "--nope"], ["apply", "x", "--restart", "later"]]
)
def test_a_wrong_command_line_is_64(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 64
    assert "error:" in capsys.readouterr().err


def test_a_missing_site_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", str(tmp_path / "nowhere"), "--lab"]) == 64
    assert "nowhere" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("provisioner ")


def test_the_demo_shows_everything_and_leaves_its_files(tmp_path: Path) -> None:
    demo = [sys.executable, "-m", "provisioner", "demo", "--folder", str(tmp_path / "demo")]
    ended = subprocess.run(demo, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for said in ("8 to update", "restarted", "8 as declared", "changed by hand", str(tmp_path / "demo")):
        assert said in ended.stdout
    assert (tmp_path / "demo" / "demo" / "site.yaml").is_file()
    assert not (tmp_path / "demo" / "lab" / "lab.json").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows delivers Ctrl-C to a console, not to one process")
def test_ctrl_c_finishes_what_was_sent_and_ends_with_130(provisioner: CommandLine) -> None:
    provisioner.lab.hold(HOST, "before", 2)
    arguments = [
        "apply",
        str(provisioner.site),
        "--only",
        HOST,
        "--yes",
        "--restart",
        "now",
        *provisioner.flags(),
    ]
    controller = subprocess.Popen(
        [sys.executable, "-m", "provisioner", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert provisioner.lab.wait_held(HOST, 30)
    controller.send_signal(signal.SIGINT)
    assert controller.stderr is not None
    assert "finishing what was already sent" in controller.stderr.readline() + controller.stderr.readline()
    provisioner.lab.release(HOST)
    out, err = controller.communicate(timeout=60)
    assert controller.returncode == 130, out + err
    assert f"{HOST}/windows_update: verified" in out
    assert "restarting" not in out
    assert provisioner.counts(HOST)["shells"] == 0


def test_a_state_folder_that_cannot_be_made_is_a_usage_error(provisioner: CommandLine) -> None:
    (provisioner.folder / "state").write_text("a file in the way")
    assert provisioner("apply", "--yes", "--restart", "never") == 64
    assert "no journal can be kept there" in provisioner.err
    assert provisioner.counts(HOST)["writes"] == 0


@pytest.mark.skipif(os.name == "nt", reason="a shell's pipe")
def test_a_reader_that_goes_away_ends_the_words_and_not_the_work(provisioner: CommandLine) -> None:
    """`| head -1` while an apply goes on: everything is done, and the journal says how it ended."""
    arguments = ["apply", str(provisioner.site), "--yes", "--restart", "now", *provisioner.flags()]
    controller = subprocess.Popen(
        [sys.executable, "-m", "provisioner", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert controller.stdout is not None
    controller.stdout.readline()
    controller.stdout.close()
    assert controller.wait(timeout=60) == 0
    (journal,) = (provisioner.folder / "state" / "runs" / "demo").glob("*.jsonl")
    *_, last = read_journal(journal)
    assert (last["happened"], last["exit_code"]) == ("ended", 0)
    assert provisioner("plan") == 0


def test_lab_up_neither_replaces_nor_removes_a_file_that_no_lab_wrote(provisioner: CommandLine) -> None:
    precious = provisioner.folder / "precious.txt"
    precious.write_text("precious")
    state = ["--lab-state", str(provisioner.folder / "lab")]
    assert run(["lab", "up", str(provisioner.site), "--endpoints", str(precious), *state]) == 64
    assert precious.read_text() == "precious"


def test_a_lab_that_is_refused_leaves_the_running_lab_its_endpoints(provisioner: CommandLine) -> None:
    before = provisioner.endpoints.read_text("utf-8")
    state = ["--lab-state", str(provisioner.folder / "lab")]
    assert run(["lab", "up", str(provisioner.site), "--endpoints", str(provisioner.endpoints), *state]) == 4
    assert provisioner.endpoints.read_text("utf-8") == before
