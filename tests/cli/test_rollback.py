"""`rollback`, `plan --reverse` and `history` over the real command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from provisioner.cli import run
from provisioner.records.journal import read_journal
from provisioner.steps.plan_value import plan_schema
from tests.cli.conftest import CommandLine

NTLM, BASIC = "control-room-1", "control-room-2"
PENDING = r"registry/HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName/ComputerName/data"


def _runs(provisioner: CommandLine) -> list[dict[str, Any]]:
    state = ["--state", str(provisioner.folder / "state")]
    assert run(["history", str(provisioner.site), "--format", "json", *state]) == 0
    rows: list[dict[str, Any]] = json.loads(provisioner.capture.readouterr().out)["runs"]
    return rows


def _applied(provisioner: CommandLine, *more: str) -> str:
    """The id of a run that changed everything."""
    provisioner("apply", "--yes", "--restart", "now", *more)
    return str(_runs(provisioner)[-1]["run"])


def _back(provisioner: CommandLine, run_id: str, *more: str) -> int:
    code = run(["rollback", run_id, *more, *provisioner.flags()])
    provisioner.out, provisioner.err = provisioner.capture.readouterr()
    return code


def _values(provisioner: CommandLine) -> dict[str, Any]:
    """What the plan finds live where it is not as declared."""
    rows = provisioner.json("plan")["items"]
    return {
        f"{row['address']} {change['field']}": change["before"] for row in rows for change in row["changes"]
    }


def test_a_rollback_restores_the_site_and_says_what_remains(provisioner: CommandLine) -> None:
    before = _values(provisioner)
    run_id = _applied(provisioner)
    assert _values(provisioner) == {}
    assert _back(provisioner, run_id, "--yes", "--restart", "now") == 6
    assert "Rollback of demo: 8 to update." in provisioner.out
    assert f"> {NTLM}/clock  service was {{" in provisioner.out
    after = _values(provisioner)
    assert after == {name: value for name, value in before.items() if " service." not in name}
    assert provisioner("drift") == 2
    assert provisioner.out.count("rolled back)") == 8
    first, second = _runs(provisioner)
    assert (first["run"], first["exit_code"], first["changes"]) == (run_id, 0, 8)
    assert (second["takes_back"], second["exit_code"], second["changes"]) == (run_id, 6, 8)


def test_a_second_rollback_writes_nothing(provisioner: CommandLine) -> None:
    run_id = _applied(provisioner)
    _back(provisioner, run_id, "--yes", "--restart", "now")
    before = {host: provisioner.counts(host)["writes"] for host in (NTLM, BASIC)}
    assert _back(provisioner, run_id, "--yes", "--restart", "now") == 6
    assert "8 as declared" in provisioner.out
    assert {host: provisioner.counts(host)["writes"] for host in before} == before
    assert len(_runs(provisioner)) == 2


def test_a_rollback_is_a_run_that_can_be_taken_back(provisioner: CommandLine) -> None:
    run_id = _applied(provisioner)
    _back(provisioner, run_id, "--yes", "--restart", "now")
    assert _back(provisioner, _runs(provisioner)[-1]["run"], "--yes", "--restart", "now") == 0
    assert provisioner("plan") == 0


def test_only_one_host_and_a_beginning_of_the_id(provisioner: CommandLine) -> None:
    run_id = _applied(provisioner)
    before = provisioner.counts(NTLM)["connections"]
    assert _back(provisioner, run_id[:-2], "--yes", "--only", BASIC, "--restart", "now") == 6
    assert provisioner.counts(NTLM)["connections"] == before
    assert {address.split("/")[0] for address in _values(provisioner)} == {BASIC}


def test_what_is_rolled_back_is_guarded_as_any_change(provisioner: CommandLine) -> None:
    run_id = _applied(provisioner)
    provisioner.lab.set_place(NTLM, "domain", "harbour.example")
    assert _back(provisioner, run_id, "--yes", "--only", NTLM, "--restart", "never") == 4
    assert "! computer_name" in provisioner.out


def test_for_programs_it_is_an_apply(provisioner: CommandLine) -> None:
    run_id = _applied(provisioner)
    _back(provisioner, run_id, "--yes", "--restart", "never", "--format", "json")
    first, *_, last = map(json.loads, provisioner.out.splitlines())
    jsonschema.Draft202012Validator(plan_schema()).validate(first["plan"])
    assert first["plan"]["run"]["takes_back"] == run_id
    assert {row["field"] for row in first["plan"]["remains"]} == {"service"}
    assert {item["cause"] for item in first["plan"]["items"]} == {None}
    assert last["end"]["exit_code"] == 6


def test_plan_reverse_tells_it_beforehand(provisioner: CommandLine) -> None:
    document = provisioner.json("plan", "--reverse")
    jsonschema.Draft202012Validator(plan_schema()).validate(document)
    run_id = _applied(provisioner)
    _back(provisioner, run_id, "--yes", "--restart", "never", "--format", "json")
    plan = json.loads(provisioner.out.splitlines()[0])["plan"]
    told = document["reverse"]
    assert told["remains"] == plan["remains"]
    assert [row["address"] for row in told["items"]] == [row["address"] for row in plan["items"]]
    assert provisioner("plan", "--reverse", "--only", NTLM) == 2


def test_a_saved_plan_with_its_reverse_is_applied(provisioner: CommandLine) -> None:
    saved = provisioner.folder / "saved.plan"
    provisioner("plan", "--reverse", "--out", saved)
    assert provisioner("apply", "--restart", "now", target=saved) == 0


def test_nobody_to_ask_is_a_usage_error(provisioner: CommandLine) -> None:
    assert _back(provisioner, _applied(provisioner)) == 64
    assert "there is nobody to ask here" in provisioner.err


def test_a_run_that_wrote_nothing_says_so(provisioner: CommandLine) -> None:
    """Its only change was refused by the host, since the facts had moved."""
    saved = provisioner.folder / "saved.plan"
    provisioner("plan", "--only", NTLM, "--out", saved)
    provisioner.lab.set_place(NTLM, PENDING, "SOMEBODY-ELSE")
    assert provisioner("apply", "--restart", "never", target=saved) == 4
    run_id = _runs(provisioner)[-1]["run"]
    assert _back(provisioner, run_id, "--yes") == 0
    assert f"run {run_id} wrote nothing" in provisioner.err
    assert _back(provisioner, run_id, "--yes", "--only", NTLM) == 64
    assert "wrote nothing there" in provisioner.err


@pytest.mark.parametrize("unknown", ["20990101T000000Z-000000", "x", ""])
def test_an_unknown_run(provisioner: CommandLine, unknown: str) -> None:
    _applied(provisioner)
    assert _back(provisioner, unknown, "--yes") == 64
    assert "has a journal here" in provisioner.err


def test_an_ambiguous_beginning(provisioner: CommandLine) -> None:
    run_id = _applied(provisioner)
    _back(provisioner, run_id, "--yes", "--restart", "now")
    assert _back(provisioner, "20", "--yes") == 64
    assert f"may be {run_id}, " in provisioner.err


def test_a_run_of_a_lab_is_not_for_the_real_site(provisioner: CommandLine) -> None:
    run_id = _applied(provisioner)
    state = ["--state", str(provisioner.folder / "state")]
    assert run(["rollback", run_id, "--yes", *state]) == 4
    assert "made in a lab" in provisioner.capture.readouterr().err


def test_a_site_that_is_gone(provisioner: CommandLine) -> None:
    run_id = _applied(provisioner)
    shutil.rmtree(provisioner.site)
    assert _back(provisioner, run_id, "--yes") == 64
    assert "that is not here" in provisioner.err


def test_another_site_in_its_place(provisioner: CommandLine) -> None:
    run_id = _applied(provisioner)
    provisioner.rewrite("site: demo", "site: other")
    assert _back(provisioner, run_id, "--yes") == 64
    assert "this is another site now" in provisioner.err


def test_a_host_that_is_gone_from_the_manifest(provisioner: CommandLine) -> None:
    run_id = _applied(provisioner)
    provisioner.rewrite(f"name: {BASIC}", "name: control-room-9")
    before = provisioner.counts(NTLM)["connections"]
    assert _back(provisioner, run_id, "--yes") == 64
    assert f"wrote on {BASIC}, and the manifest has no such host any more" in provisioner.err
    assert provisioner.counts(NTLM)["connections"] == before


def test_a_journal_without_what_was_before(provisioner: CommandLine) -> None:
    """Journals of versions that could not roll back are still in people's folders."""
    from provisioner.records.journal import Journal

    old = Journal(provisioner.folder / "state", "demo", "20250101T000000Z-aaaaaa")
    old.record({"happened": "began", "run": "20250101T000000Z-aaaaaa", "site": {"name": "demo"}})
    old.close()
    assert _back(provisioner, "20250101", "--yes") == 64
    assert "of an earlier version" in provisioner.err
    assert _runs(provisioner)[0]["exit_code"] is None


def test_history_for_people(provisioner: CommandLine) -> None:
    state = ["--state", str(provisioner.folder / "state")]
    assert run(["history", str(provisioner.site), *state]) == 0
    assert "no run has kept a journal here" in provisioner.capture.readouterr().out
    run_id = _applied(provisioner)
    assert run(["history", str(provisioner.site), *state]) == 0
    said = provisioner.capture.readouterr().out
    assert said.startswith(f"{run_id}  ")
    assert said.endswith("  exit 0, 8 changes\n")


def test_no_secret_is_among_what_is_remembered(provisioner: CommandLine) -> None:
    run_id = _applied(provisioner)
    (journal,) = Path(provisioner.folder / "state" / "runs" / "demo").glob(f"{run_id}.jsonl")
    passwords = [row["password"] for row in json.loads(provisioner.endpoints.read_text("utf-8"))["hosts"]]
    rows = [row for row in read_journal(journal) if row["happened"] == "before"]
    assert {row["host"] for row in rows} == {NTLM, BASIC}
    assert not [word for word in passwords if word in journal.read_text("utf-8")]
