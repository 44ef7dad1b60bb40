"""The operations of the WinRM service on one machine: envelope in, body of the answer out."""

from __future__ import annotations

import base64
from collections.abc import Callable
from html import escape
from xml.etree.ElementTree import Element

from provisioner.lab.logon import ADMINISTRATORS
from provisioner.lab.programs import Player, program
from provisioner.lab.stage import Stage
from provisioner.lab.winrs import Output, Process, Shells
from provisioner.lab.wsman import CMD_SHELL, SHELL, Envelope, WsmanFault, answer, identify_answer, seconds

ENVELOPE_ROOM = 3000
"""What header, tags and encryption of a Receive's answer need besides the base64 of the output."""
IDLE_SECONDS = 7200.0


class WsmanService:
    """Create, Command, Send, Receive, Signal and Delete of the cmd shell, and Identify."""

    def __init__(self, stage: Stage, shells: Shells, player: Player) -> None:
        self._stage = stage
        self._shells = shells
        self._player = player
        self.started: Callable[[Process], None] = lambda _process: None
        """Called with each new process before it runs: the door's faults change its output here."""

    def handle(self, request: Envelope, user: str) -> bytes:
        """Answer one request of a logged-in user. Raises `WsmanFault`."""
        if request.operation == "identify":
            return identify_answer()
        operations = {
            "create": self._create,
            "command": self._command,
            "send": self._send,
            "receive": self._receive,
            "signal": self._signal,
            "delete": self._delete,
        }
        operation = operations.get(request.operation)
        if operation is None or request.resource.casefold() != CMD_SHELL.casefold():
            raise WsmanFault(2150858752, "a:ActionNotSupported", "The action is not supported here.")
        return answer(request, operation(request, user.casefold()))

    def _create(self, request: Envelope, user: str) -> str:
        if not self._is_administrator(user):
            raise WsmanFault(5, "w:AccessDenied", "Access is denied.")
        idle = request.body.findtext(f"{{{SHELL}}}Shell/{{{SHELL}}}IdleTimeOut")
        shell = self._shells.create(user, seconds(idle, IDLE_SECONDS) if idle else IDLE_SECONDS)
        return (
            f"<x:ResourceCreated><a:Address>http://127.0.0.1/wsman</a:Address><a:ReferenceParameters>"
            f"<w:ResourceURI>{CMD_SHELL}</w:ResourceURI><w:SelectorSet>"
            f'<w:Selector Name="ShellId">{shell.id}</w:Selector></w:SelectorSet></a:ReferenceParameters>'
            f"</x:ResourceCreated><rsp:Shell><rsp:ShellId>{shell.id}</rsp:ShellId>"
            f"<rsp:ResourceUri>{CMD_SHELL}</rsp:ResourceUri><rsp:Owner>{escape(user)}</rsp:Owner>"
            f"<rsp:ClientIP>127.0.0.1</rsp:ClientIP><rsp:IdleTimeOut>PT{shell.idle_seconds:.3f}S</rsp:IdleTimeOut>"
            "<rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams>"
            "<rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime>"
            "<rsp:ShellInactivity>P0DT0H0M0S</rsp:ShellInactivity></rsp:Shell>"
        )

    def _is_administrator(self, user: str) -> bool:
        accounts = self._stage.machine.get("accounts")
        members = self._stage.machine.get("groups", ADMINISTRATORS, "members")
        if not isinstance(accounts, dict) or not isinstance(members, list):
            return False
        names = {sid: row["name"] for sid, row in accounts.items() if isinstance(row, dict)}
        return any(str(names.get(str(sid), "")).casefold() == user for sid in members)

    def _command(self, request: Envelope, user: str) -> str:
        line = request.body.find(f"{{{SHELL}}}CommandLine")
        command = "" if line is None else line.findtext(f"{{{SHELL}}}Command") or ""
        parts = [] if line is None else line.findall(f"{{{SHELL}}}Arguments")
        skipped = request.options.get("WINRS_SKIP_CMD_SHELL", "").casefold() == "true"
        arguments = " ".join(part.text or "" for part in parts)
        run = program(self._stage, user, command, arguments, through_cmd=not skipped, player=self._player)
        process = self._shells.start(request.shell_id, user, run)
        self.started(process)
        process.start()
        return f"<rsp:CommandResponse><rsp:CommandId>{process.id}</rsp:CommandId></rsp:CommandResponse>"

    def _send(self, request: Envelope, user: str) -> str:
        for stream in request.body.iterfind(f"{{{SHELL}}}Send/{{{SHELL}}}Stream"):
            process = self._shells.process(request.shell_id, user, _command_id(stream))
            try:
                piece = base64.b64decode(stream.text or "", validate=True)
            except ValueError as error:
                raise WsmanFault(87, "w:InvalidParameter", "The parameter is incorrect.") from error
            process.feed(piece, end=stream.get("End", "").casefold() == "true")
        return "<rsp:SendResponse/>"

    def _receive(self, request: Envelope, user: str) -> str:
        command_id = _command_id(request.body.find(f"{{{SHELL}}}Receive/{{{SHELL}}}DesiredStream"))
        process = self._shells.process(request.shell_id, user, command_id)
        room = max((request.max_envelope - ENVELOPE_ROOM) * 3 // 4, 1)
        output = process.take(room, request.timeout_seconds)
        if output is None:
            raise WsmanFault(2150858793, "w:TimedOut", "The WS-Management service timed out.")
        if output.exit_code is not None:
            self._shells.forget(request.shell_id, user, command_id)
        return f"<rsp:ReceiveResponse>{_streams(process.id, output)}</rsp:ReceiveResponse>"

    def _signal(self, request: Envelope, user: str) -> str:
        signal = request.body.find(f"{{{SHELL}}}Signal")
        self._shells.forget(request.shell_id, user, _command_id(signal))
        return "<rsp:SignalResponse/>"

    def _delete(self, request: Envelope, user: str) -> str:
        self._shells.delete(request.shell_id, user)
        return ""


def _command_id(element: Element | None) -> str:
    command_id = None if element is None else element.get("CommandId")
    if command_id is None:
        raise WsmanFault(87, "w:InvalidParameter", "The parameter is incorrect.")
    return command_id


def _streams(command_id: str, output: Output) -> str:
    """Data, then for an ended command both end marks and its exit code, as Windows sends them."""
    text = "".join(
        f'<rsp:Stream Name="{name}" CommandId="{command_id}">{base64.b64encode(piece).decode()}</rsp:Stream>'
        for name, piece in (("stdout", output.stdout), ("stderr", output.stderr))
        if piece
    )
    if output.exit_code is None:
        return f'{text}<rsp:CommandState CommandId="{command_id}" State="{SHELL}/CommandState/Running"/>'
    ends = "".join(
        f'<rsp:Stream Name="{name}" CommandId="{command_id}" End="true"></rsp:Stream>'
        for name in ("stdout", "stderr")
    )
    return (
        f'{text}{ends}<rsp:CommandState CommandId="{command_id}" State="{SHELL}/CommandState/Done">'
        f"<rsp:ExitCode>{output.exit_code}</rsp:ExitCode></rsp:CommandState>"
    )
