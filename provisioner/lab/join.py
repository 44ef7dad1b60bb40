"""The way to a lab for the command line: join the one that serves a folder, or start one."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from provisioner.errors import HeldError, LabError
from provisioner.lab.access import Access, EndpointsFile, are_endpoints, has_ended
from provisioner.lab.control_wire import ask
from provisioner.lab.folder_lock import FolderLock
from provisioner.lab.handle import LabHandle
from provisioner.lab.kept import state_folder
from provisioner.lab.powershell import located
from provisioner.lab.saving import read_json
from provisioner.lab.shape import fingerprint
from provisioner.manifest.load import load

LINGER_SECONDS = 60.0
READY_SECONDS = 30.0
END_SECONDS = 10.0
_POLL_SECONDS = 0.05

_WRITE_ONE = "Write one: lab up SITE --endpoints FILE."

_STARTED: list[subprocess.Popen[bytes]] = []
"""Labs that this process started and that outlive it; kept, as Python complains of a forgotten child."""


def join(folder: Path) -> LabHandle | None:
    """The lab that serves a state folder, or None where nobody does."""
    row = _notice(folder)
    return None if row is None else _handle(folder, row)


def join_or_start(
    site_path: Path,
    folder: Path,
    *,
    linger_seconds: float = LINGER_SECONDS,
    powershell: Path | None = None,
) -> LabHandle:
    """The lab of this site in this folder; started in a process of its own when none serves it.

    A lab whose doors no longer fit the manifest (hosts, addresses, transports) is ended and started anew on
    the same machines. Without `powershell` a running lab is joined however it plays the scripts, and a new
    one simulates them. Raises `LabError` with the lab's own words when it does not start, `HeldError` where
    the folder serves another site or in another mode, `ManifestError`.
    """
    wanted = fingerprint(load(site_path))
    engine = None if powershell is None else str(located(powershell).program)
    row = _notice(folder)
    if row is not None and Path(row["site"]) != site_path.absolute():
        raise HeldError(
            f"process {row['pid']} serves {row['site']} from this folder.",
            where=str(folder),
            next_step="Choose another --lab-state, or end that lab: lab down.",
        )
    if row is not None and engine is not None:
        _check_mode(row, engine, folder)
    if row is not None and row["fingerprint"] != wanted:
        _handle(folder, row).down()
        engine, row = row["powershell"], None
    return _handle(folder, row or _start(site_path, folder, linger_seconds, engine))


def _check_mode(row: dict[str, Any], engine: str, folder: Path) -> None:
    if row["powershell"] == engine:
        return
    how = f"runs the scripts in {row['powershell']}" if row["powershell"] else "simulates the scripts"
    raise HeldError(
        f"process {row['pid']} serves this folder and {how}; it cannot run them in {engine} as well.",
        where=str(folder),
        next_step="Choose another --lab-state, or end that lab: lab down.",
    )


def from_file(path: Path) -> Access:
    """Reach a running lab through the endpoints file that it wrote; read anew for each question.

    Raises `LabError`: here where the file is none, and at the first question where its lab has ended.
    """
    file = EndpointsFile(path)
    checked: list[Any] = []

    def read() -> dict[str, Any]:
        endpoints: dict[str, Any] = file.content()
        if not any(endpoints is one for one in checked):
            if not are_endpoints(endpoints):
                raise LabError("this is no endpoints file of a lab.", where=str(path), next_step=_WRITE_ONE)
            checked[:] = [endpoints]
        return endpoints

    def look(endpoints: dict[str, Any]) -> None:
        if has_ended(endpoints):
            raise LabError("the lab that wrote this no longer runs.", where=str(path), next_step=_WRITE_ONE)

    read()
    return Access(read, look)


def _notice(folder: Path) -> dict[str, Any] | None:
    """Who serves the folder, if it answers: a lab that was killed leaves its notice behind."""
    row = read_json(folder / "lab.json")
    if not isinstance(row, dict):
        return None
    try:
        ask(row["control_port"], row["token"], "faults", {})
    except (OSError, LabError, LookupError, TypeError, ValueError):
        return None
    return row


def _handle(folder: Path, row: dict[str, Any]) -> LabHandle:
    file = EndpointsFile(folder / "lab.json")

    def read() -> dict[str, Any]:
        now = file.content()
        endpoints: dict[str, Any] = (now if isinstance(now, dict) else row)["endpoints"]
        return endpoints

    def put(question: str, arguments: dict[str, Any]) -> Any:
        try:
            value = ask(row["control_port"], row["token"], question, arguments)
        except OSError as error:
            raise LabError(f"the lab does not answer: {error}.", where=str(folder)) from error
        if question == "down":
            _wait_for_end(folder, row["pid"])
        return value

    return LabHandle(read, put)


def _wait_for_end(folder: Path, pid: int) -> None:
    deadline = time.monotonic() + END_SECONDS
    while not _is_free(folder):
        if time.monotonic() > deadline:
            raise LabError(f"the lab did not end in {END_SECONDS:.0f} s.", where=str(folder))
        time.sleep(_POLL_SECONDS)
    for process in _STARTED:
        if process.pid == pid:
            process.wait(END_SECONDS)


def _is_free(folder: Path) -> bool:
    if not folder.is_dir():
        return True
    lock = FolderLock(folder)
    free = lock.take()
    lock.release()
    return free


def _start(site_path: Path, folder: Path, linger_seconds: float, engine: str | None) -> dict[str, Any]:
    log = state_folder(folder) / "lab.log"
    options = ["--site", str(site_path.absolute()), "--state", str(folder.absolute())]
    options += [] if engine is None else ["--powershell", engine]
    with log.open("wb") as output:
        process = _detached([*options, "--linger", str(linger_seconds)], output)
    _STARTED[:] = [other for other in _STARTED if other.poll() is None] + [process]
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        row = _notice(folder)
        if row is not None:
            return row
        # Another one may have been quicker: then ours ended with HeldError, and we join the other.
        if process.poll() not in (None, HeldError.exit_code):
            raise LabError(f"the lab did not start: {_last_words(log)}", where=str(folder))
        time.sleep(_POLL_SECONDS)
    process.kill()
    raise LabError(f"the lab was not ready in {READY_SECONDS:.0f} s: {_last_words(log)}", where=str(folder))


def _detached(options: list[str], output: Any) -> subprocess.Popen[bytes]:
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        # Ctrl-C in the caller's console must not reach it, and closing the console must not end it.
        apart = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "provisioner.lab.serve", *options],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        **apart,
    )


def _last_words(log: Path) -> str:
    text = log.read_text("utf-8", "replace").strip()
    return text[-2000:] or "it said nothing."
