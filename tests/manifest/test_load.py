"""What a valid manifest becomes, and what the models object to, in the manifest's own words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from provisioner.manifest.load import load
from provisioner.manifest.site import Site
from provisioner.resources.base import Secret
from tests.manifest.written import HOST, complaints_about, places, site

SITES = sorted((Path(__file__).parents[2] / "sites").glob("*/site.yaml"))


def loaded(folder: Path, text: str) -> Site:
    file = folder / "site.yaml"
    file.write_text(text, encoding="utf-8")
    return load(folder)


@pytest.mark.parametrize("file", SITES, ids=lambda file: file.parent.name)
def test_our_examples_are_valid_and_for_documentation(file: Path) -> None:
    assert load(file).hosts == load(file.parent).hosts
    for host in load(file).hosts:
        assert re.match(r"(192\.0\.2|198\.51\.100|203\.0\.113)\.|.*\.example$", host.connect.address)


def test_a_host_has_its_settings_in_the_order_of_the_registry(tmp_path: Path) -> None:
    (host,) = loaded(tmp_path, site("power: {sleep: never}", "computer_name: CR1")).hosts
    assert (host.name, host.roles, host.window) == ("control-room-1", ("terminal",), None)
    assert [setting.kind for setting in host.resources] == ["computer_name", "power"]
    assert host.connect.password == Secret("env", "HARBOUR_WINRM")


WAYS = {
    "ntlm": (False, 5985),
    "kerberos": (False, 5985),
    "basic": (True, 5986),
    "ntlm, https: true": (True, 5986),
    "basic, port: 443": (True, 443),
}


@pytest.mark.parametrize("transport", WAYS)
def test_https_follows_from_the_transport(tmp_path: Path, transport: str) -> None:
    text = site().replace("address:", f"transport: {transport}, address:")
    connect = loaded(tmp_path, text).hosts[0].connect
    assert (connect.https, connect.effective_port) == WAYS[transport]


def test_a_pin_is_kept_in_one_form(tmp_path: Path) -> None:
    pin = ":".join(["AB"] * 32)
    text = site().replace("address:", f'https: true, certificate_sha256: "{pin}", address:')
    assert loaded(tmp_path, text).hosts[0].connect.certificate_sha256 == "ab" * 32


CONNECT = {
    "https: false, transport: basic": "basic without TLS",
    "transport: basic, port: 99999": "at most 65535",
    "certificate_sha256: ab": "32 bytes",
    f"certificate_sha256: {'ab' * 32}": "without TLS there is no certificate",
    "proxy: 'http://me:hunter2@192.0.2.9'": "without a user or password",
    "first_address: 'http://192.0.2.9'": "neither an IP address",
    "first_address: 192.0.2.300": "neither an IP address",
    "client_key: key.pem": "only for 'transport: certificate'",
    "transport: certificate": "'client_certificate' is missing",
    "adress: 192.0.2.9": "'adress' is not known",
}


@pytest.mark.parametrize("wrong", CONNECT)
def test_ways_in_that_are_refused(tmp_path: Path, wrong: str) -> None:
    found = complaints_about(tmp_path, site().replace("{address:", f"{{{wrong}, address:"))
    told = " ".join(f"{one.what} {one.next_step}" for one in found)
    assert CONNECT[wrong] in told and {one.line for one in found} == {4}
    assert "hunter2" not in repr(found)


VALUES = {
    "computer_name: 12": (20, "type", "'computer_name' must be text (in quotes)"),
    "computer_name:": (5, "type", "and is empty"),
    "clock: []": (12, "type", "'clock' must be a map"),
    "clock: {time_zone: Europe/Stokholm}": (24, "value", "time zone"),
    "clock: {ntp: ntp.harbour.example}": (18, "type", "'ntp' must be a list"),
    "clock: {ntp: [192.0.2.1], manual: true}": (12, "value", "exclude each other"),
    "clock: {ntp: [{hst: 192.0.2.1}]}": (20, "unknown-key", "'hst'"),
    "power: {sleep: never, sleeep: never}": (27, "unknown-key", "'sleeep'"),
    "windows_update: {install: never}": (31, "value", "'install' must be 'scheduled'"),
    "maintenance_window: {from: 2, to: '03:00'}": (32, "type", "'from' must be text"),
    "maintenance_window: {from: '03:00', to: '03:00'}": (45, "value", "ends when it starts"),
    "computer_nam: X": (5, "unknown-key", "'computer_nam'"),
}


@pytest.mark.parametrize("line", VALUES)
def test_a_wrong_value_is_explained_where_it_stands(tmp_path: Path, line: str) -> None:
    column, code, telling = VALUES[line]
    found = complaints_about(tmp_path, site(line))
    assert (5, column, code) in places(found)
    assert telling in " ".join(one.what for one in found)


def test_did_you_mean(tmp_path: Path) -> None:
    (complaint,) = complaints_about(tmp_path, site("computer_nam: CR1"))
    assert complaint.next_step == "Did you mean 'computer_name'?"
    (complaint,) = complaints_about(tmp_path, site("windows_update: {install: disable}"))
    assert complaint.next_step == "Did you mean 'disabled'?"


LITERALS = [
    "password: hunter2",
    "password: [hunter2]",
    "password: {hunter2}",
    "password: {env: 'hunter2 !'}",
    "password: '{{ hunter2 }}'",
    "password: '{{ hunter2 '",
    "password: !hunter2 x",
    "password: *hunter2",
    "pasword: hunter2",
    "password: hunter2, bogus: 1",
    "password: 'hunter2",
    "password: {env: hunter2: x",
    "proxy: 'http://me:hunter2@proxy.example'",
]


@pytest.mark.parametrize("literal", LITERALS)
def test_a_literal_secret_is_never_repeated(tmp_path: Path, literal: str) -> None:
    found = complaints_about(tmp_path, site().replace("password: {env: HARBOUR_WINRM}", literal))
    assert found and "hunter2" not in repr(found)


@pytest.mark.parametrize(
    "below",
    ["hunter2", ">\n          hunter2", "|-\n        hunter2: x", "{\n        hunter2: }", "- hunter2"],
)
def test_nor_on_a_line_below_its_key(tmp_path: Path, below: str) -> None:
    start = "" if below[0] in ">|{" else "\n        "
    text = f"site: harbour\nterminals:\n  - name: cr1\n    connect:\n      password: {start}{below}\n"
    found = complaints_about(tmp_path, text)
    assert found and "hunter2" not in repr(found)


def two(*, first: str = "", second: str = "", lists: tuple[str, str] = ("terminals:", "")) -> str:
    return "\n".join(
        [
            "site: harbour",
            lists[0],
            "  - name: one",
            f"    {first or HOST % 21}",
            lists[1],
            f"  - {second or 'name: two'}",
            f"    {HOST % 21}",
        ]
    )


def test_two_terminals_with_one_address(tmp_path: Path) -> None:
    assert places(complaints_about(tmp_path, two())) == [(7, 24, "duplicate-address")]
    ipv6 = "connect: {address: '%s', username: a, password: {env: A}}"
    text = two(first=ipv6 % "2001:db8::1").replace(HOST % 21, ipv6 % "2001:DB8:0::1")
    assert places(complaints_about(tmp_path, text)) == [(7, 24, "duplicate-address")]


def test_a_first_address_is_an_address(tmp_path: Path) -> None:
    text = two().replace("address: 192.0.2.21", "first_address: 192.0.2.21, address: 192.0.2.30", 1)
    assert places(complaints_about(tmp_path, text)) == [(7, 24, "duplicate-address")]


def test_one_machine_in_two_roles_is_one_host(tmp_path: Path) -> None:
    lists = ("terminals:", "servers:")
    text = two(second="name: one", lists=lists) + "\n    power: {sleep: never}\n"
    text = text.replace("  - name: one", "  - name: one\n    computer_name: CR1", 1)
    (host,) = loaded(tmp_path, text).hosts
    assert host.roles == ("terminal", "server")
    assert [setting.kind for setting in host.resources] == ["computer_name", "power"]


def test_two_roles_must_agree(tmp_path: Path) -> None:
    text = two(first=HOST % 22, second="name: one", lists=("terminals:", "servers:"))
    text = text.replace("  - name: one", "  - name: one\n    computer_name: CR1") + "\n"
    assert places(complaints_about(tmp_path, text)) == [(8, 5, "two-roles"), (9, 5, "two-roles")]


def test_the_digest_is_of_what_is_declared_not_of_how_it_is_written(tmp_path: Path) -> None:
    plain = loaded(tmp_path, site("computer_name: CR1")).digest
    again = site("computer_name: '{{ name }}'").replace("site:", "# said\nvars: {name: CR1}\nsite:")
    assert loaded(tmp_path, again).digest == plain
    assert loaded(tmp_path, site("computer_name: {name: CR1}")).digest == plain
    others = [site("computer_name: CR2"), site("computer_name: CR1").replace("HARBOUR_WINRM", "OTHER")]
    assert plain not in [loaded(tmp_path, other).digest for other in others]


def test_every_host_is_judged_though_others_are_wrong(tmp_path: Path) -> None:
    hosts = [
        f"  - name: cr-{n}\n    {HOST % n}\n    computer_name: {n}\n    bogus: 1\n" for n in range(1, 30)
    ]
    found = complaints_about(tmp_path, "site: harbour\nterminals:\n" + "".join(hosts))
    assert len(found) == 58 and places(found) == sorted(places(found))
