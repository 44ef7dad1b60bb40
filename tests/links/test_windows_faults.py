"""Lower errors in our words: what kind they are decides the exit code and what is tried again."""

from __future__ import annotations

import pytest
import requests
from winrm.exceptions import InvalidCredentialsError, WinRMTransportError

from provisioner.errors import (
    CertificateError,
    ConversationError,
    HostError,
    LoginRefusedError,
    UnreachableError,
)
from provisioner.links.windows_faults import translated, was_dropped, was_refused_unread

SSL = requests.exceptions.SSLError
FINGERPRINT = f'Fingerprints did not match. Expected "{"ab" * 32}", got "{"cd" * 32}"'


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (InvalidCredentialsError("no"), LoginRefusedError, "refused the account 'u'"),
        (SSL(FINGERPRINT), CertificateError, "cd" * 32),
        (SSL("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate"), CertificateError, "not trusted"),
        (SSL("[SSL: WRONG_VERSION_NUMBER] wrong version number"), ConversationError, "WRONG_VERSION_NUMBER"),
        (SSL("EOF occurred in violation of protocol"), UnreachableError, "refused or lost"),
        (requests.ConnectTimeout("timed out"), UnreachableError, "nobody answers at 192.0.2.1:5985"),
        (requests.ConnectionError("Connection refused"), UnreachableError, "refused or lost"),
        (requests.ReadTimeout("Read timed out"), UnreachableError, "nobody answers"),
        (WinRMTransportError("http", 503, ""), ConversationError, "HTTP 503"),
        (ConnectionResetError("reset"), UnreachableError, "refused or lost"),
    ],
)
def test_translated(error: Exception, kind: type[HostError], said: str) -> None:
    ours = translated(error, "cr1", "192.0.2.1:5985", "u")
    assert type(ours) is kind
    assert said in ours.what
    assert ours.where == "cr1" and ours.next_step


def test_only_a_lost_connection_is_taken_up_again() -> None:
    assert was_dropped(requests.ConnectionError("x"))
    assert was_dropped(SSL("EOF occurred in violation of protocol"))
    assert not was_dropped(SSL(FINGERPRINT))
    assert not was_dropped(InvalidCredentialsError("no"))


def test_only_a_400_was_not_read() -> None:
    assert was_refused_unread(WinRMTransportError("http", 400, ""))
    assert not was_refused_unread(WinRMTransportError("http", 500, ""))
