"""Slips that were valid once, secrets in unusual places, and files that are no manifest at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.errors import ManifestError
from provisioner.manifest.complaint import MOST_COMPLAINTS, Complaint
from provisioner.manifest.load import load
from provisioner.manifest.masking import without_logons
from tests.manifest.written import HOST, complaints_about, places, site


@pytest.mark.parametrize(
    "address",
    [
        "u:Hunter2-SECRET@192.0.2.27",
        "https://u:Hunter2-SECRET@192.0.2.27:5986/wsman",
        "u:Hunter2-SECRET@Hunter2@192.0.2.27",
        "u:Hunter2 SECRET@192.0.2.27",
        "Hunter2:Hunter2/SECRET@x",
    ],
)
@pytest.mark.parametrize("where", ["value", "key"])
def test_a_password_in_an_address_is_never_repeated(tmp_path: Path, address: str, where: str) -> None:
    slip = f'"{address}": 1, address: 192.0.2.21' if where == "key" else f'address: "{address}"'
    found = complaints_about(tmp_path, site().replace("address: 192.0.2.21", slip))
    told = repr(found).replace("Hunter2:", "")  # the user of the last one, before the colon
    assert found and "Hunter2" not in told and "SECRET" not in told


@pytest.mark.parametrize("text", ["username: provision@harbour.example", "no at: all", "@", "a@b: c", ""])
def test_what_holds_no_password_is_shown(text: str) -> None:
    assert without_logons(text) == text


def test_long_lines_are_masked_in_no_time() -> None:
    for text in (":" * 1_000_000, "a:" * 500_000 + "@", "@" * 1_000_000):
        assert len(without_logons(text)) <= len(text) + 3


def _two_hosts(one: str, two: str, second: str = "control-room-2") -> str:
    lines = ["site: harbour", "terminals:"]
    for number, (name, setting) in enumerate((("control-room-1", one), (second, two)), start=21):
        lines += [f"  - name: {name}", f"    {HOST % number}", f"    computer_name: {setting}"]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("other", ["CR1", "cr1", "{name: cr1}"])
def test_two_hosts_with_one_computer_name(tmp_path: Path, other: str) -> None:
    (complaint,) = complaints_about(tmp_path, _two_hosts("CR1", other))
    assert (complaint.line, complaint.code) == (8, "duplicate-computer-name")
    assert "line 5" in complaint.what
    in_two_lists = _two_hosts("CR1", other).replace(
        "  - name: control-room-2", "servers:\n  - name: control-room-2"
    )
    assert [one.code for one in complaints_about(tmp_path, in_two_lists)] == ["duplicate-computer-name"]


def test_one_machine_in_two_roles_has_one_computer_name(tmp_path: Path) -> None:
    text = _two_hosts("CR1", "CR1", second="control-room-1").replace(HOST % 22, HOST % 21)
    *above, role, connect, name = text.splitlines()
    found = complaints_about(tmp_path, "\n".join([*above, "servers:", role, connect, name]))
    assert [one.code for one in found] == ["two-roles"]


@pytest.mark.parametrize(
    ("address", "fits"),
    [
        ("0.0.0.0", False),
        ("'::'", False),
        ("255.255.255.255", False),
        ("224.0.0.1", False),
        ("'ff02::1'", False),
        ("127.0.0.1", True),
        ("localhost", True),
        ("'2001:db8::1'", True),
    ],
)
def test_an_address_is_that_of_one_host(tmp_path: Path, address: str, fits: bool) -> None:
    text = site().replace("192.0.2.21", address)
    if fits:
        (tmp_path / "site.yaml").write_text(text)
        assert load(tmp_path).hosts[0].connect.address == address.strip("'")
    else:
        (complaint,) = complaints_about(tmp_path, text)
        assert complaint.code == "value" and "no single host" in complaint.what


@pytest.mark.parametrize("first", ["192.0.2.21", "CR1.Harbour.example."])
def test_the_first_address_is_another_one(tmp_path: Path, first: str) -> None:
    address = "192.0.2.21" if first[0] == "1" else "cr1.harbour.example"
    text = site().replace("address: 192.0.2.21", f"first_address: {first}, address: {address}")
    (complaint,) = complaints_about(tmp_path, text)
    assert (complaint.line, complaint.column) == (4, 30) and "leave it out" in complaint.next_step.lower()


def test_a_user_name_has_no_control_characters(tmp_path: Path) -> None:
    (complaint,) = complaints_about(tmp_path, site().replace("provision", '"provi\\u001bsion"'))
    assert "control characters" in complaint.what


@pytest.mark.parametrize("rest", ["", "terminals: []\n", "servers: []\nvars: {a: 1}\n"])
def test_a_site_without_a_host(tmp_path: Path, rest: str) -> None:
    (complaint,) = complaints_about(tmp_path, f"# ours\nsite: harbour\n{rest}")
    assert (complaint.line, complaint.column, complaint.code) == (2, 1, "empty")
    assert complaint.what == "no host is declared."


def test_a_base_needs_no_host(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("vars: {zone: UTC}\n")
    (tmp_path / "site.yaml").write_text("extends: base.yaml\n" + site())
    assert len(load(tmp_path).hosts) == 1


def test_words(tmp_path: Path) -> None:
    (zone,) = complaints_about(tmp_path, site("clock: {time_zone: Europe/Stokholm}"))
    assert "?." not in zone.what + zone.next_step and "Europe/Stockholm" in zone.what + zone.next_step
    (user,) = complaints_about(tmp_path, site().replace("username: provision", 'username: ""'))
    assert user.what == "'username' is empty."
    (user,) = complaints_about(tmp_path, site().replace("username: provision, ", ""))
    assert user.what == "'username' is missing here."
    (entry,) = complaints_about(tmp_path, site() + "  -\n")
    assert entry.what == "entry 2 of 'terminals' must be a map, and is empty."


NO_MANIFESTS = {
    "passwords": "root:x:0:0:Hunter2:/root:/bin/sh\nbin:x:1:1:Hunter2:/bin:/bin/sh\n",
    "one password": "Hunter2\n",
    "a list of them": "- Hunter2\n- Hunter2\n",
    "another program's map": "Hunter2: Hunter2\nHunter2-too: {a: Hunter2}\n",
    "broken": 'users: "Hunter2\nHunter2: [\n',
    "a key": "-----BEGIN PRIVATE KEY-----\nHunter2\n-----END PRIVATE KEY-----\n",
    "no UTF-8": "Hunter2 \udcff\n",
}


@pytest.mark.parametrize("name", NO_MANIFESTS)
@pytest.mark.parametrize("as_base", [False, True])
def test_nothing_of_a_file_that_is_no_manifest_is_shown(tmp_path: Path, name: str, as_base: bool) -> None:
    content = NO_MANIFESTS[name].encode("utf-8", "surrogateescape")
    (tmp_path / "other").write_bytes(content)
    (tmp_path / "site.yaml").write_text("extends: other\n" + site())
    with pytest.raises(ManifestError) as refused:
        load(tmp_path / ("site.yaml" if as_base else "other"))
    assert "Hunter2" not in repr(refused.value.complaints)
    (complaint,) = (one for one in refused.value.complaints if isinstance(one, Complaint))
    assert Path(complaint.file).name == "other" and complaint.next_step


def test_more_complaints_than_anybody_reads(tmp_path: Path) -> None:
    bogus = [f"bogus_{number}: 1" for number in range(MOST_COMPLAINTS + 50)]
    found = complaints_about(tmp_path, site(*bogus))
    assert len(found) == MOST_COMPLAINTS + 1
    assert {one.code for one in found[:-1]} == {"unknown-key"}
    assert (found[-1].code, found[-1].line) == ("more", 5 + MOST_COMPLAINTS)
    assert "50 more faults" in found[-1].what
    assert places(found) == sorted(places(found))
