"""A password that must never be seen is in every secret place; then all that was written is searched."""

from __future__ import annotations

import base64
import json
import os
import re
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.cli.contact import Options, asking_lines, reach_for
from provisioner.errors import LoginRefusedError
from provisioner.manifest.load import load
from provisioner.resources.base import Ask, Secret
from provisioner.resources.host import OUR_FOLDER
from tests.cli.conftest import CommandLine
from tests.cli.test_everything import terminal as terminal

NTLM, BASIC = "control-room-1", "control-room-2"


CODES = {None: (2, 6, 6, 6), "password": (3, 3, 3, 3), "certificate_sha256": (3, 3, 3, 3)}
"""Exit codes of plan, apply, drift and plan --out; after the apply a restart waits."""


def _forms(secret: str) -> list[bytes]:
    """The secret as it may stand in a file: as it is, in UTF-16, in base64 and in the header of Basic."""
    forms = []
    for encoding in ("utf-8", "utf-16-le"):
        raw, user = secret.encode(encoding), "provision:".encode(encoding)
        forms += [raw, base64.b64encode(raw)[:-4], _in_base64_after(user, raw)]
    return forms


def _in_base64_after(before: bytes, raw: bytes) -> bytes:
    """The digits of base64 that depend on the secret alone, at its place after `before`."""
    skipped = -len(before) % 3
    whole = raw[skipped:]
    return base64.b64encode(whole[: len(whole) // 3 * 3])


def _leaks(secrets: Iterable[str], texts: Mapping[str, bytes]) -> set[str]:
    """Names of the texts in which one of the secrets stands."""
    forms = [form for secret in secrets for form in _forms(secret)]
    return {name for name, text in texts.items() if any(form in text for form in forms)}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
@pytest.mark.parametrize("before", ["", "provision:"])
@pytest.mark.parametrize("packed", [bytes, base64.b64encode])
def test_the_search_would_find_a_leak(encoding: str, before: str, packed: Callable[[bytes], bytes]) -> None:
    leak = packed(f"{before}Canary-4711".encode(encoding))
    texts = {"leak": b"Authorization: Basic " + leak + b"\r\n", "other": packed(b"provision:Sparrow-4711")}
    assert _leaks(["Canary-4711"], texts) == {"leak"}


@pytest.mark.parametrize("spoil", list(CODES))
def test_no_password_is_ever_seen(
    provisioner: CommandLine, spoil: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also not where the login or the certificate is refused, and not in the run of a wrong manifest."""
    endpoints = json.loads(provisioner.endpoints.read_text("utf-8"))
    secrets = [row["password"] for row in endpoints["hosts"]]
    if spoil:
        for row in endpoints["hosts"]:
            row[spoil] = "Canary-4711-not-the-one" if spoil == "password" else "ab" * 32
        provisioner.endpoints.write_text(json.dumps(endpoints), "utf-8")
        secrets.append("Canary-4711-not-the-one")
    monkeypatch.setenv("DEMO_WINRM", "Canary-0815-from-the-environment")
    secrets.append("Canary-0815-from-the-environment")

    said = ""
    codes: dict[str, tuple[int, ...]] = {"human": (), "json": ()}
    for verb, *more in (
        ["plan", "-v", "-v", "--reverse"],
        ["apply", "--yes", "--restart", "never", "-v"],
        ["drift"],
        ["plan", "--out", provisioner.folder / "saved"],
    ):
        for format_ in ("human", "json"):
            codes[format_] += (provisioner(str(verb), *more, "--format", format_),)
            said += provisioner.out + provisioner.err
    written = {path: path.read_bytes() for path in provisioner.folder.rglob("*") if path.is_file()}
    kept_by_the_lab = {"passwords.json", "lab.json", "endpoints.json"}
    texts = {str(path): text for path, text in written.items() if path.name not in kept_by_the_lab}
    assert _leaks(secrets, texts | {"said": said.encode()}) == set()
    assert codes == {"human": CODES[spoil], "json": CODES[spoil]}
    for name in kept_by_the_lab:
        for path in provisioner.folder.rglob(name):
            _private(path)


def test_a_password_from_the_environment_reaches_the_host_and_nothing_else(
    provisioner: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way of a real site, but for where it dials; a lab otherwise puts its own passwords in."""
    monkeypatch.setenv("DEMO_WINRM", "Canary-0815-from-the-environment")
    site, lab = load(provisioner.site), provisioner.lab
    reach = replace(reach_for(site, Options()), dial=lab.dial, pin=lab.pin)
    said = []
    for host, line in asking_lines(site.hosts, reach, "run-1").items():
        with pytest.raises(LoginRefusedError) as refused:
            line.ask([Ask("host")])
        said += traceback.format_exception(refused.value)
        said += [repr(refused.value), repr(line), repr(line.target), repr(line.meter)]
        line.hang_up()
        assert provisioner.counts(host)["refused_logons"] == 1
    assert _leaks(["Canary-0815-from-the-environment"], {"said": "".join(said).encode()}) == set()


def test_no_password_of_an_account_is_ever_seen(terminal: CommandLine) -> None:
    """Of the accounts that the manifest makes: not in a plan, a journal, an output, nor on the machine."""
    lab, folder = terminal.lab, terminal.folder
    secrets = [lab.secret(Secret("env", name)) for name in ("EVERY_GUARD", "EVERY_INSTALLER")]
    said = ""
    for verb, *more in (
        ["plan", "-v", "-v", "--reverse", "--out", folder / "saved"],
        ["apply", "--yes", "--restart", "now", "-v"],
        ["drift", "-v"],
        ["history"],
    ):
        for format_ in ("human", "json"):
            terminal(str(verb), *more, "--format", format_)
            said += terminal.out + terminal.err
    text = (terminal.site / "site.yaml").read_text("utf-8")
    (terminal.site / "site.yaml").write_text(text.replace("EVERY_GUARD", "EVERY_OTHER"), "utf-8")
    assert terminal("plan", "-v") == 2
    assert "another than declared" in terminal.out
    said += terminal.out + terminal.err
    secrets.append(lab.secret(Secret("env", "EVERY_OTHER")))

    assert any(lab.place("control-room-1", f"accounts/{sid}/password") for sid in _accounts(terminal))
    texts = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert _leaks(secrets, texts | {"said": said.encode()}) == set()
    # Who has the digests could try passwords against them.
    markers = str(lab.place("control-room-1", rf"files/{OUR_FOLDER}\passwords.json/text"))
    digests = re.findall(r"[0-9a-f]{32,}", markers)
    assert len(digests) >= 4
    ours = {path: text for path, text in texts.items() if f"{os.sep}lab{os.sep}" not in path}
    assert _leaks(digests, ours | {"said": said.encode()}) == set()


@pytest.mark.skipif(os.name == "nt", reason="the git that looks around is a shell script")
def test_no_child_process_gets_a_secret_with_its_environment(
    provisioner: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person gives passwords in variables, and what we start would inherit them."""
    seen, program = tmp_path / "seen", tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nenv >> "{seen}"\necho abc\n', "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setenv("DEMO_WINRM", "Canary-0815-from-the-environment")
    assert provisioner("plan") == 2
    assert "PATH=" in seen.read_text("utf-8")
    assert _leaks(["Canary-0815-from-the-environment"], {"seen": seen.read_bytes()}) == set()


def _accounts(terminal: CommandLine) -> list[str]:
    machine = terminal.lab.machine("control-room-1")
    return list(machine["accounts"])  # type: ignore[arg-type]


def _private(path: Path) -> None:
    import os

    assert os.name == "nt" or path.stat().st_mode & 0o077 == 0, path


def test_a_secret_that_was_written_out_is_refused_and_not_repeated(provisioner: CommandLine) -> None:
    provisioner.rewrite("password: {env: DEMO_WINRM}}", "password: Canary-4711-in-the-manifest}")
    for verb in (_validate, lambda provisioner: provisioner("plan")):
        assert verb(provisioner) == 64
        assert "Canary" not in provisioner.out + provisioner.err
        assert "env" in provisioner.err


def _validate(provisioner: CommandLine) -> int:
    from provisioner.cli import run

    code = run(["validate", str(provisioner.site)])
    provisioner.out, provisioner.err = provisioner.capture.readouterr()
    return code
