"""Hosts that answer with anything: one host's error each, no credential where none belongs, no traceback."""

from __future__ import annotations

import base64
import gzip
from pathlib import Path

import pytest

from provisioner.errors import CertificateError, ConversationError, HostError, SecretError
from provisioner.lab.certificate import Certificate
from provisioner.links.bounded import MOST_BODY_BYTES
from tests.links.stub import Answer, failure, line_to, stub

FAULT = b"""<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Detail>
<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="many"/>
</s:Detail></s:Fault></s:Body></s:Envelope>"""
BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "hunter2">]><a>&b;</a>'


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return Certificate(tmp_path / "host.pem", "cr1")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, {}, b"Welcome to your router"), "cannot be read (ParseError)"),
        ((200, {}, b"<a/>"), "cannot be read"),
        ((500, {}, b"\xff\xfe\xe4"), "cannot be read (UnicodeDecodeError)"),
        ((500, {}, FAULT), "cannot be read (ValueError)"),
        ((200, {}, BOMB), "declares entities"),
        ((500, {}, BOMB), "declares entities"),
        ((200, {}, BOMB.decode().encode("utf-16")), "declares entities"),
        ((200, {"Content-Encoding": "gzip"}, gzip.compress(b"0" * 10_000_000)), "packed its answer"),
        ((200, {}, b"0" * (MOST_BODY_BYTES + 1)), "larger or slower"),
        ((401, {}, b"0" * (MOST_BODY_BYTES + 1)), "larger or slower"),
    ],
)
def test_an_answer_that_is_not_winrm(answer: Answer, said: str) -> None:
    with stub(answer) as server:
        error = failure(line_to(server))
    assert isinstance(error, HostError) and said in error.what
    assert error.where == "cr1" and error.exit_code == 3
    assert "hunter2" not in str(error) and error.__suppress_context__
    assert server.heard[0][1]["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(certificate: Certificate, status: int) -> None:
    with stub() as elsewhere:
        to = {"Location": f"http://127.0.0.1:{elsewhere.port}/wsman"}
        with stub((status, to, b""), tls=certificate.context()) as server:
            error = failure(line_to(server, https=True, certificate_sha256=certificate.sha256))
    assert isinstance(error, ConversationError) and "redirect" in error.what
    assert len(server.heard) == 1
    assert elsewhere.heard == []


def test_a_wrong_pin_behind_a_proxy_sends_no_credential(certificate: Certificate) -> None:
    with stub(tls=certificate.context()) as server, stub() as proxy:
        way = {"https": True, "proxy": f"http://127.0.0.1:{proxy.port}"}
        line = line_to(server, certificate_sha256="ab" * 32, **way)
        error = failure(line)
        assert isinstance(error, CertificateError) and certificate.sha256 in error.what
        assert server.heard == []
        assert [path for path, *_ in proxy.heard] == [f"127.0.0.1:{server.port}"]
        assert "Authorization" not in proxy.heard[0][1]
        assert line.meter.addresses == [f"127.0.0.1:{proxy.port}"]


def test_without_a_pin_the_chain_is_checked_behind_a_proxy(certificate: Certificate) -> None:
    with stub(tls=certificate.context()) as server, stub() as proxy:
        error = failure(line_to(server, https=True, proxy=f"http://127.0.0.1:{proxy.port}"))
        assert isinstance(error, CertificateError) and "not trusted" in error.what
        assert server.heard == []


def test_the_right_pin_behind_a_proxy_is_heard(certificate: Certificate) -> None:
    with stub(tls=certificate.context()) as server, stub() as proxy:
        way = {"https": True, "proxy": f"http://127.0.0.1:{proxy.port}"}
        line = line_to(server, certificate_sha256=certificate.sha256, **way)
        assert "HTTP 404" in failure(line).what
        assert len(server.heard) == line.meter.requests == line.meter.connections == 1


def test_a_password_may_hold_any_character() -> None:
    with stub() as server:
        error = failure(line_to(server, lambda: "10 \N{EURO SIGN}", username="anv\N{EURO SIGN}ndare"))
    sent = base64.b64decode(server.heard[0][1]["Authorization"].removeprefix("Basic "))
    assert sent.decode() == "anv\N{EURO SIGN}ndare:10 \N{EURO SIGN}"
    assert "HTTP 404" in error.what


def test_the_password_is_followed_once_per_line() -> None:
    followed = []

    def reveal() -> str:
        followed.append(1)
        return "hunter2"

    with stub() as server:
        line = line_to(server, reveal)
        assert followed == []
        for _ in range(3):
            assert "HTTP 404" in failure(line).what
    assert len(followed) == 1 and len(server.heard) == 3


def test_a_secret_that_cannot_be_followed_is_that_hosts_error() -> None:
    def reveal() -> str:
        raise SecretError("the environment variable X is not set.", next_step="Set X and run again.")

    with stub() as server:
        error = failure(line_to(server, reveal))
    assert (error.what, error.where) == ("the environment variable X is not set.", "cr1")
    assert error.exit_code == 3 and error.next_step == "Set X and run again."
    assert server.heard == []


def test_a_certificate_file_that_is_missing_is_no_refused_login(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.pem")
    with stub() as server:
        way = {"transport": "certificate", "client_certificate": gone, "client_key": gone, "https": True}
        error = failure(line_to(server, **way))
    assert isinstance(error, ConversationError) and "not found" in error.what
