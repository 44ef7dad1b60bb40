"""Wrong password, wrong certificate, unencrypted Basic, nobody there."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import CommandLine

NTLM, BASIC = "control-room-1", "control-room-2"


def _spoil(provisioner: CommandLine, field: str, value: str) -> None:
    endpoints = json.loads(provisioner.endpoints.read_text("utf-8"))
    for row in endpoints["hosts"]:
        if row[field] is not None:
            row[field] = value
    provisioner.endpoints.write_text(json.dumps(endpoints), "utf-8")


@pytest.mark.parametrize(("host", "requests"), [(NTLM, 3), (BASIC, 1)])
def test_a_wrong_password_is_tried_once(provisioner: CommandLine, host: str, requests: int) -> None:
    _spoil(provisioner, "password", "not-it")
    assert provisioner("plan", "--only", host) == 3
    assert provisioner.counts(host)["refused_logons"] == 1
    assert provisioner.counts(host)["requests"] == requests
    assert f"{host}" in provisioner.out
    assert "refused the account 'provision'" in provisioner.out


def test_a_wrong_pin_fails_before_any_request(provisioner: CommandLine) -> None:
    _spoil(provisioner, "certificate_sha256", "ab" * 32)
    assert provisioner("plan", "--only", BASIC) == 3
    assert provisioner.counts(BASIC)["requests"] == 0
    assert "certificate" in provisioner.out
    assert "no credential was sent" in provisioner.out


def test_the_other_hosts_are_planned_all_the_same(provisioner: CommandLine) -> None:
    _spoil(provisioner, "certificate_sha256", "ab" * 32)
    document = provisioner.json("plan")
    actions = {item["host"]: item["action"] for item in document["items"]}
    assert actions == {NTLM: "update", BASIC: "unknown"}


def test_basic_over_plain_http_is_refused_without_a_connection(provisioner: CommandLine) -> None:
    provisioner.rewrite("transport: basic", "transport: basic\n      https: false")
    assert provisioner("plan") == 64
    assert provisioner.counts(BASIC)["connections"] == 0
    assert "site.yaml:" in provisioner.err


def test_an_address_that_nobody_holds_is_unreachable(provisioner: CommandLine) -> None:
    provisioner.rewrite("192.0.2.21", "192.0.2.99")
    assert provisioner("plan", "--only", NTLM) == 3
    assert "nobody answers at 192.0.2.99:5985" in provisioner.out


def test_the_first_address_is_tried_second(provisioner: CommandLine) -> None:
    provisioner.rewrite("address: 192.0.2.21,", "address: 192.0.2.99, first_address: 192.0.2.21,")
    document = provisioner.json("plan", "--only", NTLM)
    assert {item["action"] for item in document["items"]} == {"update"}
    assert document["run"]["wire"][f"{NTLM}/winrm"]["addresses"] == ["192.0.2.99:5985", "192.0.2.21:5985"]


def test_only_a_known_host_can_be_named(provisioner: CommandLine) -> None:
    assert provisioner("plan", "--only", "control-room-3") == 64
    assert "Did you mean 'control-room-" in provisioner.err


def test_without_yes_and_without_a_terminal_nobody_is_contacted(provisioner: CommandLine) -> None:
    assert provisioner("apply") == 64
    assert "--yes" in provisioner.err
    assert provisioner.counts(NTLM)["connections"] == 0
