"""`plan --out FILE`, then `apply FILE`: exactly that, or a refusal that says what moved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioner.cli import run
from tests.cli.conftest import CommandLine

NTLM, BASIC = "control-room-1", "control-room-2"
PENDING = r"registry/HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName/ComputerName/data"


@pytest.fixture
def saved(provisioner: CommandLine) -> Path:
    file = provisioner.folder / "demo.plan"
    assert provisioner("plan", "--out", file) == 2
    return file


def test_a_saved_plan_is_applied_without_a_question(provisioner: CommandLine, saved: Path) -> None:
    assert provisioner("apply", "--restart", "now", target=saved) == 0
    assert provisioner("plan") == 0


def test_a_host_that_moved_is_refused_with_the_field_and_the_other_goes_on(
    provisioner: CommandLine, saved: Path
) -> None:
    provisioner.lab.set_place(NTLM, PENDING, "SOMEBODY-ELSE")
    assert provisioner("apply", "--restart", "now", target=saved) == 4
    assert "computer_name: pending" in provisioner.out
    assert provisioner.counts(NTLM)["writes"] == 0
    assert provisioner.lab.place(NTLM, PENDING) == "SOMEBODY-ELSE"
    after = provisioner.json("plan")
    assert {item["action"] for item in after["items"] if item["host"] == BASIC} == {"keep"}


def test_who_is_logged_on_by_now_makes_no_plan_stale(provisioner: CommandLine, saved: Path) -> None:
    provisioner.lab.set_place(NTLM, "logged_on", "Operator")
    assert provisioner("apply", "--restart", "now", target=saved) == 0


def test_a_write_filter_that_is_on_by_now_does(provisioner: CommandLine, saved: Path) -> None:
    provisioner.lab.set_place(NTLM, "write_filter/on", True)
    assert provisioner("apply", "--restart", "now", target=saved) == 4
    assert "would be refused now" in provisioner.out
    assert provisioner.counts(NTLM)["writes"] == 0


def test_a_changed_manifest_is_refused_before_anybody_is_contacted(
    provisioner: CommandLine, saved: Path
) -> None:
    before = provisioner.counts(NTLM)["connections"]
    provisioner.rewrite("sleep: never", "sleep: 2 h")
    assert provisioner("apply", target=saved) == 4
    assert "manifest has changed" in provisioner.err
    assert provisioner.counts(NTLM)["connections"] == before


def test_a_comment_changes_nothing(provisioner: CommandLine, saved: Path) -> None:
    provisioner.rewrite("site: demo", "site: demo  # the same")
    assert provisioner("apply", "--restart", "never", target=saved) == 6


def test_a_plan_for_one_host_touches_only_that(provisioner: CommandLine) -> None:
    file = provisioner.folder / "one.plan"
    provisioner("plan", "--only", BASIC, "--out", file)
    provisioner("apply", "--restart", "now", target=file)
    assert provisioner.counts(NTLM)["connections"] == 0


@pytest.mark.parametrize(
    "content", ["", "{}", '{"format": "provisioner-plan/1"}', '{"format": "provisioner-plan/9"}']
)
def test_what_is_no_plan_is_a_usage_error(provisioner: CommandLine, content: str) -> None:
    file = provisioner.folder / "bad.plan"
    file.write_text(content)
    assert provisioner("apply", target=file) == 64
    assert "bad.plan" in provisioner.err


def test_two_plans_of_one_world_are_the_same_bytes_apart_from_the_run(provisioner: CommandLine) -> None:
    first, second = provisioner.json("plan"), provisioner.json("plan")
    assert first.pop("run") != second.pop("run")
    assert json.dumps(first) == json.dumps(second)


def _edit(plan: Path, **changes: object) -> None:
    content = json.loads(plan.read_text("utf-8"))
    content["items"][0] |= changes
    plan.write_text(json.dumps(content), "utf-8")


@pytest.mark.parametrize(
    "changes", [{"action": "keep"}, {"action": "delete"}, {"address": "x/y"}, {"changes": []}]
)
def test_an_edited_plan_is_refused_and_nobody_contacted(
    provisioner: CommandLine, saved: Path, changes: dict[str, object]
) -> None:
    before = provisioner.counts(NTLM)["connections"]
    _edit(saved, **changes)
    assert provisioner("apply", target=saved) == 4
    assert "changed after it was saved" in provisioner.err
    assert provisioner.counts(NTLM)["connections"] == before


def test_a_guard_is_asked_again_whatever_the_file_says(provisioner: CommandLine, saved: Path) -> None:
    """Joined to a domain after the plan: what was an update then would be refused now."""
    provisioner.lab.set_place(NTLM, "domain", "harbour.example")
    assert provisioner("apply", "--restart", "never", target=saved) == 4
    assert provisioner.counts(NTLM)["writes"] == 0


def test_applying_a_plan_again_finds_everything_done(provisioner: CommandLine, saved: Path) -> None:
    assert provisioner("apply", "--restart", "now", target=saved) == 0
    before = {host: provisioner.counts(host)["writes"] for host in (NTLM, BASIC)}
    assert provisioner("apply", "--restart", "now", target=saved) == 0
    assert "8 as declared" in provisioner.out
    assert {host: provisioner.counts(host)["writes"] for host in before} == before


def test_a_plan_of_a_lab_is_not_for_the_real_site(provisioner: CommandLine, saved: Path) -> None:
    """No host is dialled: the refusal comes before the manifest is even read."""
    assert run(["apply", str(saved)]) == 4
    assert "made in a lab" in provisioner.capture.readouterr().err


@pytest.mark.parametrize("name", ["plan.yaml", "folder"])
def test_a_plan_is_saved_only_where_it_does_no_harm(provisioner: CommandLine, name: str) -> None:
    (provisioner.folder / "folder").mkdir()
    assert provisioner("plan", "--out", provisioner.folder / name) == 64
    assert "a plan is not saved there" in provisioner.err


def test_no_policy_file_of_a_host_is_in_a_plan(provisioner: CommandLine) -> None:
    """What others declared there may hold anything; the plan rests on its digest."""
    text = provisioner.json("plan", "--only", NTLM)
    (item,) = [item for item in text["items"] if item["kind"] == "windows_update"]
    file = item["rests_on"]["policy_file"]
    assert file is None or file.startswith("sha256:") or len(file) <= 200
