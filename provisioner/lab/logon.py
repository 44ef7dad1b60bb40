"""Who may log on at a door: the machine's own accounts, by Basic or by NTLM.

Accounts, the hashes of their passwords and whether they are enabled are places of the machine.
"""

from __future__ import annotations

import base64
import hmac
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import spnego
from pydantic import JsonValue

from provisioner.lab.machine import SimulatedMachine
from provisioner.lab.nt_hash import nt_hash

ADMINISTRATORS = "S-1-5-32-544"

_NTLM_FILE_LOCK = threading.Lock()
"""pyspnego finds its credential file through an environment variable, and there is one for all doors."""


class LogonRefused(Exception):
    """Wrong password, unknown or disabled account, or a token that is none."""


def admit(machine: SimulatedMachine, user: str, hashed: str) -> None:
    """See to it that this account exists with this password and is a local administrator."""
    accounts = machine.get("accounts")
    known = accounts if isinstance(accounts, dict) else {}
    rows = {sid: row for sid, row in known.items() if isinstance(row, dict)}
    sid = next((sid for sid, row in rows.items() if str(row["name"]).casefold() == user.casefold()), "")
    if not sid:
        domain = next(iter(rows), "S-1-5-21-1-1-1-500").rpartition("-")[0]
        sid = f"{domain}-{1000 + len(rows)}"
        while sid in rows:
            sid = f"{domain}-{int(sid.rpartition('-')[2]) + 1}"
    row: JsonValue = {**rows.get(sid, {}), "name": user, "enabled": True, "password": hashed}
    if rows.get(sid) != row:
        machine.set_by_hand("accounts", sid, value=row)
    members = machine.get("groups", ADMINISTRATORS, "members")
    if not isinstance(members, list) or sid not in members:
        inside: JsonValue = [*(members if isinstance(members, list) else []), sid]
        machine.set_by_hand("groups", ADMINISTRATORS, "members", value=inside)


def basic_user(machine: SimulatedMachine, token: str) -> str:
    """The account of a Basic header. Raises `LogonRefused`."""
    try:
        name, _, password = _text(base64.b64decode(token, validate=True)).partition(":")
    except ValueError as error:
        raise LogonRefused from error
    domain, _, user = name.rpartition("\\")
    known = _may_log_on(machine).get(user.casefold())
    here = domain.casefold() in ("", ".", machine.computer_name().casefold())
    if known is None or not here or not hmac.compare_digest(known[1], nt_hash(password)):
        raise LogonRefused
    return known[0]


def _text(sent: bytes) -> str:
    # RFC 7617 leaves the charset open: `requests` sends Latin-1 where it can, others UTF-8.
    try:
        return sent.decode("utf-8")
    except UnicodeDecodeError:
        return sent.decode("latin-1")


def _may_log_on(machine: SimulatedMachine) -> dict[str, tuple[str, str]]:
    """Enabled accounts with a password: folded name to name and hash."""
    return {name.casefold(): (name, hashed) for name, hashed in _accounts(machine)}


def _accounts(machine: SimulatedMachine) -> Iterator[tuple[str, str]]:
    accounts = machine.get("accounts")
    for row in accounts.values() if isinstance(accounts, dict) else ():
        if isinstance(row, dict) and row.get("enabled") and row.get("password"):
            yield str(row["name"]), str(row["password"]).upper()


class NtlmLogon:
    """One connection's NTLM (bare, or inside SPNEGO): a token in, a token or the end of the talk out."""

    def __init__(self, machine: SimulatedMachine, credentials: Path) -> None:
        self._machine = machine
        self._credentials = credentials
        self._context: spnego.ContextProxy | None = None
        self.user = ""

    @property
    def complete(self) -> bool:
        """Whether the connection is logged on."""
        return bool(self.user)

    def step(self, token: str) -> str | None:
        """Take the base64 of the client's token, answer ours. Raises `LogonRefused`."""
        try:
            raw = base64.b64decode(token, validate=True)
            answer = self._step(raw)
        except Exception as error:
            # pyspnego lets struct, key and decoding errors of a malformed token through as they come.
            self._context = None
            raise LogonRefused from error
        return None if answer is None else base64.b64encode(answer).decode()

    def _step(self, raw: bytes) -> bytes | None:
        with _NTLM_FILE_LOCK:
            self._write_credentials()
            before = os.environ.get("NTLM_USER_FILE")
            os.environ["NTLM_USER_FILE"] = str(self._credentials)
            try:
                if self._context is None or self.complete:
                    self._context, self.user = _acceptor(raw), ""
                answer: bytes | None = self._context.step(raw)
            finally:
                _restore("NTLM_USER_FILE", before)
        if self._context.complete:
            self.user = str(self._context.client_principal).rpartition("\\")[2]
        return answer

    def _write_credentials(self) -> None:
        # pyspnego compares the sent domain as text, and Windows takes the account for all of these.
        domains = ("", ".\\", f"{self._machine.computer_name()}\\")
        rows = (
            f"{domain}{name}:0:{'0' * 32}:{hashed}:[U]:LCT-0\n"
            for name, hashed in _accounts(self._machine)
            for domain in domains
        )
        text = "".join(rows)
        if not self._credentials.exists() or self._credentials.read_text("utf-8") != text:
            self._credentials.touch(mode=0o600)
            self._credentials.write_text(text, "utf-8")

    def unwrap(self, header: bytes, sealed: bytes) -> bytes:
        """Decrypt a message of the client. Raises spnego's errors where it was not sealed for us."""
        assert self._context is not None
        return self._context.unwrap_winrm(header, sealed)  # type: ignore[no-any-return]

    def wrap(self, message: bytes) -> tuple[bytes, bytes]:
        """Encrypt our answer: header and sealed bytes."""
        assert self._context is not None
        sealed = self._context.wrap_winrm(message)
        return sealed.header, sealed.data


def _acceptor(token: bytes) -> spnego.ContextProxy:
    # The pure Python provider on every system: SSPI would ask the accounts of the computer we run on.
    if token.startswith(b"NTLMSSP"):
        return spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
    return spnego.server(protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate)


def _restore(name: str, before: str | None) -> None:
    if before is None:
        del os.environ[name]
    else:
        os.environ[name] = before
