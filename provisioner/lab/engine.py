"""Runs the bootstrap and the scripts in a real PowerShell, on a machine that stays the lab's.

Each request is one child process with a copy of the machine's JSON. It never writes a machine back: it tells
every change when it makes it (`changes_door`), the lab applies it and lets it go on. A line of the run file
is the boundary of two steps, so that is where a batch is held.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import IO, Any

from provisioner.lab.changes_door import ChangesDoor
from provisioner.lab.play import received
from provisioner.lab.powershell import Powershell
from provisioner.lab.programs import torn
from provisioner.lab.stage import Killed, Stage
from provisioner.lab.tasks import Act
from provisioner.lab.winrs import Process
from provisioner.links.scripts import runner
from provisioner.links.wire import Frames, pack
from provisioner.resources.network import task_script


class Engine:
    """The player that runs the shipped text instead of simulating it."""

    def __init__(self, powershell: Powershell, changes: ChangesDoor) -> None:
        self._powershell = powershell
        self._changes = changes

    def play(self, stage: Stage, process: Process, stdin: bytes) -> int:
        """`programs.Player`. Raises `BadRequest` for what is not the shipped text: that runs nowhere."""
        return self._play(stage, process, stdin, received(stdin))

    def play_task(self, stage: Stage, process: Process, act: Act) -> int:
        """`tasks.TaskPlayer`: the shipped script, whatever file the machine holds."""
        request = _task_request(act)
        return self._play(stage, process, pack(request), request)

    def _play(self, stage: Stage, process: Process, stdin: bytes, request: Mapping[str, Any]) -> int:
        with TemporaryDirectory(prefix="provisioner-lab-", ignore_cleanup_errors=True) as folder:
            copy = _MachineCopy(stage, process, request, Path(folder) / "machine.json")
            try:
                with self._changes.expecting(copy.told) as address:
                    name = stage.machine.computer_name()
                    with self._powershell.start(copy.file, address, name) as child:
                        copy.child = child
                        return _run(child, process, _asking_first(request, stage.doomed()) or stdin)
            finally:
                stage.writing.discard(process.id)


class _MachineCopy:
    """What one child knows of its machine, kept in step with the machine itself."""

    def __init__(self, stage: Stage, process: Process, request: Mapping[str, Any], file: Path) -> None:
        self._stage = stage
        self._process = process
        self._run_file = str(request.get("run_file", "")).casefold()
        self._steps = len(request.get("steps", ()))
        self.file = file
        self.child: subprocess.Popen[bytes] | None = None
        self._write()

    def _write(self) -> None:
        self._known = self._stage.machine.revision
        content = self._stage.machine.content() | {"session": self._stage.session()}
        self.file.write_text(json.dumps(content), "utf-8")

    def told(self, line: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer one line of the child. Raises `Killed`."""
        if not self._alive():
            raise Killed
        if "script" in line:
            return {"message": self._stage.broken(str(line["script"]))}
        expected = self._known + self._apply(line)
        self._at_boundary(line)
        self._known = self._stage.machine.revision
        if self._known == expected:
            return {"reload": False}
        # Somebody else changed the machine meanwhile, at a hold or by hand: the child looks again.
        self._write()
        return {"reload": True}

    def _alive(self) -> bool:
        return self._process.alive() and (self.child is None or self.child.poll() is None)

    def _apply(self, line: Mapping[str, Any]) -> int:
        """By how much the machine's revision goes up."""
        machine = self._stage.machine
        self._stage.writing.add(self._process.id)
        if "restart" in line:
            machine.restart(int(line["restart"]))
            return 0
        if "task" in line:
            machine.start_task(str(line["task"]))
            return 0
        if "drop" in line:
            machine.drop(*line["place"])
        else:
            machine.put(*line["place"], value=line["value"])
        return 1

    def _at_boundary(self, line: Mapping[str, Any]) -> None:
        place: list[str] = line.get("place", [])
        room, path, *_ = [*place, "", ""]
        if room != "files" or path.casefold() != self._run_file or "drop" in line:
            return
        text = self._stage.machine.get("files", path, "text")
        finished = len(str(text or "").splitlines()) - 1  # the first line says whose run it is
        self._stage.at_step("after", finished, self._alive)
        if finished < self._steps:
            self._stage.at_step("before", finished + 1, self._alive)


def _task_request(act: Act) -> Mapping[str, Any]:
    """The task as if it were asked for, since the engine's processes know no other way to be told."""
    text = f"param($Arguments)\n& {{\n{task_script()}}} -Act '{act}'\n[ordered]@{{ ended = $true }}\n"
    asks = [{"script": "task", "arguments": {}}]
    return {
        "mode": "ask",
        "run": "",
        "runners": [runner("ask")],
        "scripts": {"task.read": text},
        "asks": asks,
    }


def _asking_first(request: Mapping[str, Any], doomed: Collection[str]) -> bytes | None:
    """The request with scripts that first ask whether they fail, where an injected fault waits for one."""
    waiting = request["scripts"].keys() & set(doomed)
    if not waiting:
        return None
    scripts = dict(request["scripts"])
    for name in waiting:
        parameters, rest = scripts[name].split("\n", 1)
        # On the line of the parameters, so that no line has another number than in the file.
        scripts[name] = f"{parameters}; Confirm-Script -Name '{name}'\n{rest}"
    return pack({**request, "scripts": scripts})


def _run(child: subprocess.Popen[bytes], process: Process, stdin: bytes) -> int:
    process.on_kill = child.kill
    if not process.alive():
        child.kill()
    assert child.stdin and child.stdout and child.stderr
    relays = [
        Thread(target=_relay, args=(process, stream, pipe), daemon=True)
        for stream, pipe in (("stdout", child.stdout), ("stderr", child.stderr))
    ]
    for relay in relays:
        relay.start()
    # A child that ended early, or was killed, reads no more.
    with suppress(OSError):
        child.stdin.write(stdin)
    with suppress(OSError):
        child.stdin.close()
    code = child.wait()
    for relay in relays:
        relay.join()
    return code


def _relay(process: Process, stream: str, pipe: IO[bytes]) -> None:
    for line in pipe:
        process.write(stream, torn(line) if process.torn and _is_end(line) else line)


def _is_end(line: bytes) -> bool:
    return any(frame["type"] == "end" for frame in Frames().feed(line))
