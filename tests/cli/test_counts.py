"""What a run costs on the wire and on the machine, from the lab's own counters."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import CommandLine

NTLM, BASIC = "control-room-1", "control-room-2"
APPLY = ("--yes", "--restart", "never")


def test_a_plan_costs_eight_requests_with_ntlm_and_five_with_basic(provisioner: CommandLine) -> None:
    wire = provisioner.json("plan")["run"]["wire"]
    for host, bound in ((NTLM, 8), (BASIC, 5)):
        counted, row = provisioner.counts(host), wire[f"{host}/winrm"]
        assert (row["requests"], row["extra"], row["connections"]) == (counted["requests"], 0, 1)
        assert counted["requests"] <= bound
        assert counted["connections"] == 1


def test_one_setting_costs_as_much_as_all(provisioner: CommandLine) -> None:
    every = provisioner.json("plan")["run"]["wire"]
    text = (provisioner.site / "site.yaml").read_text("utf-8")
    kept = [
        line
        for line in text.splitlines()
        if not line.strip().startswith(("clock:", "power:", "computer_name:"))
    ]
    (provisioner.site / "site.yaml").write_text("\n".join(kept) + "\n", "utf-8")
    document = provisioner.json("plan")
    assert {item["kind"] for item in document["items"]} == {"windows_update"}
    for name, row in document["run"]["wire"].items():
        assert row["requests"] == every[name]["requests"]


def test_plan_apply_and_read_back_cost_fourteen_requests(provisioner: CommandLine) -> None:
    assert provisioner("apply", *APPLY, "--format", "json") == 6
    wire = json.loads(provisioner.out.splitlines()[-1])["end"]["run"]["wire"]
    for host, bound in ((NTLM, 14), (BASIC, 11)):
        counts = provisioner.counts(host)
        assert counts["connections"] == 1
        assert counts["requests"] <= bound
        assert wire[f"{host}/winrm"]["extra"] == 0


def test_the_second_apply_writes_nothing(provisioner: CommandLine) -> None:
    assert provisioner("apply", "--yes", "--restart", "now") == 0
    before = {host: provisioner.counts(host) for host in (NTLM, BASIC)}
    assert provisioner("apply", "--yes", "--restart", "now") == 0
    for host, counts in before.items():
        after = provisioner.counts(host)
        for count in ("writes", "bookkeeping_writes", "restarts"):
            assert after[count] == counts[count]


@pytest.mark.parametrize("verb", ["plan", "drift"])
def test_looking_writes_nothing_at_all(provisioner: CommandLine, verb: str) -> None:
    machines = {host: provisioner.lab.machine(host) for host in (NTLM, BASIC)}
    assert provisioner(verb) == 2
    assert {host: provisioner.lab.machine(host) for host in machines} == machines
    assert all(provisioner.counts(host)["writes"] == 0 for host in machines)


def test_shells_are_deleted(provisioner: CommandLine) -> None:
    provisioner("plan")
    provisioner("apply", "--yes", "--restart", "now")
    assert [provisioner.counts(host)["shells"] for host in (NTLM, BASIC)] == [0, 0]
