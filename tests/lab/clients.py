"""Clients of the door: pywinrm's Protocol with our request, as the product talks."""

from __future__ import annotations

from typing import Any

from winrm.protocol import Protocol

from provisioner.lab.handle import LabHandle
from provisioner.links.scripts import command_line
from provisioner.links.wire import Frames


def row_of(lab: LabHandle, host: str) -> dict[str, Any]:
    """The host's endpoint."""
    return next(row for row in lab.endpoints()["hosts"] if row["name"] == host)


def protocol(lab: LabHandle, host: str, transport: Any = "ntlm", **other: Any) -> Protocol:
    """A logged-out client of one host; the certificate is not judged here."""
    row = row_of(lab, host)
    options = {"username": row["username"], "password": row["password"], "proxy": None} | other
    return Protocol(row["url"], transport=transport, server_cert_validation="ignore", **options)


class Talk:
    """One shell, in which requests are sent and frames come back."""

    def __init__(self, client: Protocol) -> None:
        self.client = client
        self.shell = client.open_shell(codepage=65001, noprofile=True, idle_timeout="PT900S")

    def start(self, request: bytes) -> str:
        """Send a request and return its command id."""
        program, arguments = command_line()
        command: str = self.client.run_command(self.shell, program, arguments, console_mode_stdin=False)
        self.client.send_command_input(self.shell, command, request, end=True)
        return command

    def receive(self, command: str) -> tuple[list[dict[str, Any]], bytes, int]:
        """Frames, standard error and exit code."""
        stdout, stderr, code = self.client.get_command_output(self.shell, command)
        return Frames().feed(stdout), stderr, code

    def frames(self, request: bytes) -> list[dict[str, Any]]:
        """The frames of one request."""
        return self.receive(self.start(request))[0]

    def close(self) -> None:
        """Delete the shell."""
        self.client.close_shell(self.shell)
