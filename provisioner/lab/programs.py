"""The programs that the lab's machine knows. Everything else is not recognized, as cmd.exe says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provisioner.lab.frames import frame_line
from provisioner.lab.play import BadRequest, play
from provisioner.lab.stage import Killed, Stage
from provisioner.lab.winrs import Process, Program
from provisioner.links.scripts import command_line

CMD_LINE_CHARACTERS = 8191
"""cmd.exe's limit (support.microsoft.com/kb/830473)."""

Player = Callable[[Stage, Process, bytes], int]
"""Runs the shipped bootstrap with this standard input on a machine and gives the exit code."""


def program(
    stage: Stage, user: str, command: str, arguments: str, *, through_cmd: bool, player: Player
) -> Program:
    """What a command line runs; the shipped bootstrap goes to `player`."""
    line = f"{command} {arguments}".strip()
    if through_cmd and len(line) > CMD_LINE_CHARACTERS:
        return _says("stderr", "The command line is too long.", 1)
    name = command.strip('"').casefold().removesuffix(".exe")
    if name == "hostname" and not arguments:
        return _says("stdout", stage.machine.computer_name(), 0)
    if name == "whoami" and not arguments:
        return _says("stdout", f"{stage.machine.computer_name()}\\{user}".lower(), 0)
    if name == "powershell":
        return _powershell(stage.logged_on(user), arguments, player)
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


def _powershell(stage: Stage, arguments: str, player: Player) -> Program:
    if arguments.split() != list(command_line()[1]):
        return _says("stderr", "This machine runs no PowerShell but the shipped bootstrap.", 1)

    def run(process: Process) -> int:
        stdin = process.read_stdin()
        if not process.alive():
            return 1
        try:
            return player(stage, process, stdin)
        except BadRequest as error:
            process.write("stderr", f"{error}\r\n".encode())
        except Killed:
            pass
        return 1

    return run


def simulated(stage: Stage, process: Process, stdin: bytes) -> int:
    """The player that runs no PowerShell. Raises `BadRequest`, `Killed`."""
    play(stage, stdin, lambda frame: _print(process, frame), process.alive)
    return 0


def _print(process: Process, frame: Mapping[str, Any]) -> None:
    line = frame_line(frame)
    process.write("stdout", torn(line) if process.torn and frame["type"] == "end" else line)


def torn(line: bytes) -> bytes:
    """Half of a line, as a lost piece of output leaves it."""
    return line[: len(line) // 2] + b"\r\n"
