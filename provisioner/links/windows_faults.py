"""What pywinrm, requests and urllib3 throw, said once in our words."""

from __future__ import annotations

import re

import requests
from winrm.exceptions import (
    InvalidCredentialsError,
    WinRMError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)

from provisioner.errors import (
    CertificateError,
    ConversationError,
    HostError,
    LoginRefusedError,
    UnreachableError,
)

DROPPED = (
    requests.ConnectionError,
    requests.ReadTimeout,
    requests.exceptions.ChunkedEncodingError,
    ConnectionError,
)

_UNFIT = re.compile("not found|requires a|must be specified")
"""pywinrm says so of our own settings with the same exception, before it dials."""

SHELL_NOT_FOUND = 2150858843
QUOTA_OPERATIONS = 2150859174
ACCESS_DENIED = 5


def was_refused_unread(error: Exception) -> bool:
    """The host answered 400: it could not read the request, so nothing ran."""
    return isinstance(error, WinRMTransportError) and error.code == 400


def was_dropped(error: Exception) -> bool:
    """The connection went away. TLS reports that as an end of file; its other errors are answers."""
    cut_off = "EOF" in str(error) or "reset by peer" in str(error)
    return isinstance(error, DROPPED) and (cut_off or not isinstance(error, requests.exceptions.SSLError))


def translated(error: Exception, host: str, address: str, username: str) -> HostError:
    """The one place where lower errors become ours. Never carries a body or a credential."""
    if isinstance(error, InvalidCredentialsError) and not _UNFIT.search(str(error)):
        return LoginRefusedError(
            f"the host refused the account {username!r}",
            where=host,
            next_step="Check `connect.username` and the password behind `connect.password`; "
            "it was tried once only, since accounts lock.",
        )
    if isinstance(error, requests.exceptions.SSLError) and not was_dropped(error):
        return _tls(str(error), host)
    if isinstance(error, WSManFaultError):
        return _fault(error, host)
    if isinstance(error, WinRMTransportError):
        return ConversationError(
            f"WinRM answered HTTP {error.code}",
            where=host,
            next_step="Check that the WinRM service is meant to listen there, and its `connect.transport`.",
        )
    if isinstance(error, (WinRMOperationTimeoutError, *DROPPED)):
        return _unreachable(str(error), host, address)
    return _unreadable(error, host)


def _unreadable(error: Exception, host: str) -> ConversationError:
    """What a foreign answer made pywinrm throw: no XML, no ShellId, a code that is no number."""
    # Only these speak about the connection; the words of all others may repeat what the host sent.
    known = isinstance(error, (OSError, WinRMError)) and str(error)
    return ConversationError(
        known or f"its answer cannot be read ({type(error).__name__})",
        where=host,
        next_step="Check that it is WinRM that answers there, and nothing in between.",
    )


def _tls(said: str, host: str) -> HostError:
    if not re.search("certificate|fingerprint|hostname", said, re.IGNORECASE):
        reason = re.search(r"\[SSL: (\w+)\]", said)
        return ConversationError(
            f"TLS failed: {reason[1] if reason else said}",
            where=host,
            next_step="Check `connect.port` and `connect.https`: is this an HTTPS listener?",
        )
    return _certificate(said, host)


def _certificate(said: str, host: str) -> CertificateError:
    got = re.search(r"got \"?([0-9a-fA-F]{64})", said)
    if got:
        what = f"its certificate has the SHA-256 {got[1]}, which is not the pinned one"
        return CertificateError(
            what + "; no credential was sent",
            where=host,
            next_step="Compare it with the certificate on the host; if that was replaced, "
            "change `connect.certificate_sha256`.",
        )
    return CertificateError(
        "its certificate is not trusted; no credential was sent",
        where=host,
        next_step="Pin it with `connect.certificate_sha256`, or name its issuer in `connect.ca_file`.",
    )


def _fault(error: WSManFaultError, host: str) -> HostError:
    if error.wmierror_code == QUOTA_OPERATIONS or error.wsman_fault_code == QUOTA_OPERATIONS:
        return UnreachableError(
            "WinRM has no operation left for this account",
            where=host,
            next_step="Try again in a few minutes.",
        )
    if error.wsman_fault_code == ACCESS_DENIED:
        return LoginRefusedError(
            "the account may log on but not use WinRM",
            where=host,
            next_step="Make it a local administrator, and see `LocalAccountTokenFilterPolicy`.",
        )
    return ConversationError(f"WinRM fault {error.wsman_fault_code}: {error.reason}", where=host)


def _unreachable(said: str, host: str, address: str) -> UnreachableError:
    timed_out = "timed out" in said or "nobody answers" in said
    return UnreachableError(
        f"nobody answers at {address}" if timed_out else f"the connection to {address} was refused or lost",
        where=host,
        next_step="Check power, cable, `connect.address` and the firewall rule for WinRM.",
    )
