"""One HTTP connection to a WinRM door: log-on, message encryption, faults, counts."""

from __future__ import annotations

import re
import time
from http.server import BaseHTTPRequestHandler
from socket import socket
from typing import Protocol

from provisioner.lab.certificate import Certificate
from provisioner.lab.counters import Counters
from provisioner.lab.faults import Fault
from provisioner.lab.logon import LogonRefused, NtlmLogon, basic_user
from provisioner.lab.premises import Premises
from provisioner.lab.reception import reset
from provisioner.lab.sealing import CONTENT_TYPE, NotSealed, is_sealed, seal, unseal
from provisioner.lab.stage import Stage
from provisioner.lab.wsman import (
    MAX_ENVELOPE_BYTES,
    Envelope,
    NotAnEnvelope,
    WsmanFault,
    fault,
    identify_answer,
    parse,
)
from provisioner.lab.wsman_service import WsmanService

MOST_BODY_BYTES = 2 * 1024 * 1024
IDLE_SECONDS = 120.0
"""http.sys closes a connection that says nothing for two minutes."""
SOAP_TYPE = "application/soap+xml;charset=UTF-8"


class Door(Protocol):
    """The door as its connections see it."""

    name: str
    stage: Stage
    service: WsmanService
    premises: Premises
    counters: Counters
    certificate: Certificate | None


class _Reset(Exception):
    """The connection was reset on purpose."""


class Conversation(BaseHTTPRequestHandler):
    """Serves one connection until it ends. NTLM logs on connections, Basic logs on single requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS

    def __init__(self, connection: socket, door: Door) -> None:
        self._door = door
        self._ntlm: NtlmLogon | None = None
        self._user = ""
        self._token = ""
        self._requests = 0
        super().__init__(connection, connection.getpeername(), None)  # type: ignore[arg-type]

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the counters tell what came."""

    def handle_one_request(self) -> None:
        """One request; a reset that a fault asks for ends the connection."""
        try:
            super().handle_one_request()
        except _Reset:
            reset(self.connection)
            self.close_connection = True

    def do_POST(self) -> None:
        """Called by the HTTP server for each request."""
        body = self._body()
        if body is None:
            self.close_connection = True
            self._say(413)
            return
        head = sum(len(name) + len(value) + 4 for name, value in self.headers.items())
        self._requests += 1
        self._door.counters.request(len(self.requestline) + 4 + head + len(body), self._requests)
        if self.path.partition("?")[0].rstrip("/").lower() != "/wsman":
            self._say(404)
        elif self.headers.get("WSMANIDENTIFY", "").lower() == "unauthenticated":
            self._say(200, identify_answer(), SOAP_TYPE)
        elif self._logged_on():
            self._serve(body)

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if not re.fullmatch("[0-9]{1,9}", length) or int(length) > MOST_BODY_BYTES:
            return None
        return self.rfile.read(int(length))

    def _logged_on(self) -> bool:
        """Whether this request may be served; answers the others itself."""
        self._token = ""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if not token and self._ntlm is not None and self._ntlm.complete:
            return True
        if self._interfered("login"):
            return False
        self._door.counters.operation("login")
        try:
            logged_on = self._log_on(scheme.lower(), token.strip())
        except LogonRefused:
            self._door.counters.operation("refused_login")
            logged_on = False
        if not logged_on:
            self._say(401)
        return logged_on

    def _log_on(self, scheme: str, token: str) -> bool:
        machine = self._door.stage.machine
        if scheme == "basic" and self._door.certificate is not None:
            self._ntlm = None
            self._user = basic_user(machine, token)
            return True
        if scheme not in ("ntlm", "negotiate"):
            return False
        if self._ntlm is None:
            self._ntlm = NtlmLogon(machine, self._door.premises.folder / f"{self._door.name}.smbpasswd")
        answer = self._ntlm.step(token)
        self._token = f"{scheme.upper() if scheme == 'ntlm' else 'Negotiate'} {answer}" if answer else ""
        self._user = self._ntlm.user
        return self._ntlm.complete

    def _serve(self, body: bytes) -> None:
        if not body:
            self._say(200)
            return
        sealed = is_sealed(self.headers.get("Content-Type", ""))
        if not sealed and self._door.certificate is None:
            # AllowUnencrypted is false on a Windows that nobody weakened.
            self._say(403)
            return
        try:
            message = self._unsealed(body) if sealed else body
            envelope = parse(message)
        except (NotSealed, NotAnEnvelope):
            self._say(400)
            return
        self._answer(envelope, len(message), sealed=sealed)

    def _unsealed(self, body: bytes) -> bytes:
        if self._ntlm is None:
            raise NotSealed("nobody agreed on a key in this connection")
        return unseal(self._ntlm, body)

    def _answer(self, envelope: Envelope, size: int, *, sealed: bool) -> None:
        self._door.counters.operation(envelope.operation)
        injected = self._door.premises.faults.take(self._door.name, envelope.operation)
        if self._interferes(injected):
            return
        try:
            status, text = 200, self._handled(envelope, size, injected)
        except WsmanFault as problem:
            status, text = 500, fault(envelope.message_id, problem)
        self._door.premises.flush()
        if injected is not None and injected.effect == "drop_after":
            raise _Reset
        if sealed and self._ntlm is not None:
            self._say(status, seal(self._ntlm, text), CONTENT_TYPE)
        else:
            self._say(status, text, SOAP_TYPE)
        if injected is not None and injected.effect == "close":
            self.close_connection = True

    def _handled(self, envelope: Envelope, size: int, injected: Fault | None) -> bytes:
        if injected is not None and injected.effect == "wsman_fault":
            code = int(injected.argument)
            raise WsmanFault(code, "w:QuotaLimit" if code == 2150859174 else "w:InternalError", "Injected.")
        if size > MAX_ENVELOPE_BYTES:
            raise WsmanFault(2150858790, "w:EncodingLimit", "The request is larger than MaxEnvelopeSizekb.")
        return self._door.service.handle(envelope, self._user)

    def _interfered(self, operation: str) -> bool:
        return self._interferes(self._door.premises.faults.take(self._door.name, operation))

    def _interferes(self, injected: Fault | None) -> bool:
        """Faults before the request is processed; says whether they already answered it."""
        if injected is None:
            return False
        if injected.effect == "drop_before":
            raise _Reset
        if injected.effect == "delay":
            time.sleep(float(injected.argument))
        if injected.effect == "status":
            self._say(int(injected.argument))
        return injected.effect == "status"

    def _say(self, status: int, body: bytes = b"", content_type: str = "") -> None:
        rows = [f"HTTP/1.1 {status} {self.responses.get(status, ('',))[0]}", "Server: Microsoft-HTTPAPI/2.0"]
        rows += [f"Date: {self.date_time_string()}", f"Content-Length: {len(body)}"]
        rows += [f"Content-Type: {content_type}"] if content_type else []
        rows += [f"WWW-Authenticate: {offer}" for offer in self._logon_offers(status)]
        answer = "\r\n".join([*rows, "", ""]).encode("ascii") + body
        self._door.counters.answer(len(answer))
        self.wfile.write(answer)

    def _logon_offers(self, status: int) -> list[str]:
        if self._token:
            return [self._token]
        if status != 401:
            return []
        # Over plain HTTP Basic would put the password on the wire, so it is not offered there.
        return ["Negotiate", 'Basic realm="WSMAN"'] if self._door.certificate else ["Negotiate"]
