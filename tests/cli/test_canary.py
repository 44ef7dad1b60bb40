"""A password that must never be seen is in every secret place; then all that was written is searched."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine

NTLM, BASIC = "control-room-1", "control-room-2"


def _forms(secret: str) -> list[bytes]:
    """The secret as it may stand in a file: as it is, in UTF-16, and in base64."""
    raw = [secret.encode(), secret.encode("utf-16-le")]
    return raw + [base64.b64encode(form)[:-4] for form in raw]


@pytest.mark.parametrize("spoil", [None, "password", "certificate_sha256"])
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
    for verb, *more in (
        ["plan", "-v", "-v"],
        ["apply", "--yes", "--restart", "never", "-v"],
        ["drift"],
        ["plan", "--out", provisioner.folder / "saved"],
    ):
        for format_ in ("human", "json"):
            provisioner(str(verb), *more, "--format", format_)
            said += provisioner.out + provisioner.err
    written = {path: path.read_bytes() for path in provisioner.folder.rglob("*") if path.is_file()}
    kept_by_the_lab = {"passwords.json", "lab.json", "endpoints.json"}
    for form in (form for secret in secrets for form in _forms(secret)):
        assert form not in said.encode()
        leaks = [
            str(path)
            for path, content in written.items()
            if form in content and path.name not in kept_by_the_lab
        ]
        assert leaks == []
    for name in kept_by_the_lab:
        for path in provisioner.folder.rglob(name):
            _private(path)


def _private(path: Path) -> None:
    import os

    assert os.name == "nt" or path.stat().st_mode & 0o077 == 0, path


def test_a_secret_that_was_written_out_is_refused_and_not_repeated(provisioner: CommandLine) -> None:
    provisioner.rewrite("password: {env: DEMO_WINRM}}", "password: Canary-4711-in-the-manifest}")
    for verb in ("validate", "plan"):
        arguments = [] if verb == "plan" else None
        code = provisioner(verb) if arguments is not None else _validate(provisioner)
        assert code == 64
        assert "Canary" not in provisioner.out + provisioner.err
        assert "env" in provisioner.err


def _validate(provisioner: CommandLine) -> int:
    from provisioner.cli import run

    code = run(["validate", str(provisioner.site)])
    provisioner.out, provisioner.err = provisioner.capture.readouterr()
    return code
