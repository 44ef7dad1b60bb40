"""The programs that the lab's machine knows. Everything else is not recognized, as cmd.exe says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.lab.frames import frame_line
from provisioner.lab.play import BadRequest, play
from provisioner.lab.stage import Killed, Stage
from provisioner.lab.winrs import Process, Program
from provisioner.links.scripts import command_line

CMD_LINE_CHARACTERS = 8191
"""cmd.exe's limit (support.microsoft.com/kb/830473)."""


def program(stage: Stage, user: str, command: str, arguments: str, *, through_cmd: bool) -> Program:
    """What a command line runs."""
    line = f"{command} {arguments}".strip()
    if through_cmd and len(line) > CMD_LINE_CHARACTERS:
        return _says("stderr", "The command line is too long.", 1)
    name = command.strip('"').casefold().removesuffix(".exe")
    if name == "hostname" and not arguments:
        return _says("stdout", stage.machine.computer_name(), 0)
    if name == "whoami" and not arguments:
        return _says("stdout", f"{stage.machine.computer_name()}\\{user}".lower(), 0)
    if name == "powershell":
        return _powershell(stage, arguments)
    return _says(
        "stderr",
        f"'{command}' is not recognized as an internal or external command,\r\n"
        "operable program or batch file.",
        1,
    )


def _says(stream: str, text: str, exit_code: int) -> Program:
    def run(process: Process) -> int:
        process.write(stream, f"{text}\r\n".encode())
        return exit_code

    return run


def _powershell(stage: Stage, arguments: str) -> Program:
    if arguments.split() != list(command_line()[1]):
        return _says("stderr", "This machine runs no PowerShell but the shipped bootstrap.", 1)

    def run(process: Process) -> int:
        stdin = process.read_stdin()
        if not process.alive():
            return 1
        try:
            play(stage, stdin, lambda frame: _print(process, frame), process.alive)
        except BadRequest as error:
            process.write("stderr", f"{error}\r\n".encode())
            return 1
        except Killed:
            return 1
        return 0

    return run


def _print(process: Process, frame: Mapping[str, Any]) -> None:
    line = frame_line(frame)
    if process.torn and frame["type"] == "end":
        line = line[: len(line) // 2] + b"\r\n"
    process.write("stdout", line)
