"""Serves a site's twin from a state folder, until somebody says so or nobody needs it any more."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from provisioner.errors import HeldError
from provisioner.lab.control import Controls
from provisioner.lab.control_door import ControlDoor
from provisioner.lab.folder_lock import FolderLock
from provisioner.lab.handle import LabHandle
from provisioner.lab.kept import state_folder
from provisioner.lab.powershell import Powershell
from provisioner.lab.saving import read_json, write_json
from provisioner.lab.shape import SiteShape
from provisioner.lab.twin import DOWN_SECONDS
from provisioner.lab.world import World

LOOK_SECONDS = 0.25


def notice(folder: Path) -> Path:
    """The file that says who serves the folder and how to reach it. Holds passwords: private."""
    return folder / "lab.json"


class Serving:
    """A world with its control socket and its notice in the folder."""

    def __init__(
        self, site: SiteShape, folder: Path, *, down_seconds: float, powershell: Powershell | None
    ) -> None:
        self._folder = folder
        self._stop = threading.Event()
        self.world = World(site, folder, down_seconds=down_seconds, powershell=powershell)
        self._controls = Controls(self.world, self._stop.set)
        self._control_door = ControlDoor(self._controls, self.world.reception)
        self._written: dict[str, Any] = {}
        self._writing = threading.Lock()
        self._write_notice()
        # At once: who waits for a machine at its new address looks it up here.
        self.world.moved = self._write_notice

    def handle(self) -> LabHandle:
        """The lab for users in this process."""
        return LabHandle(self.world.endpoints, self._controls.answer)

    def stop(self) -> None:
        """Let `wait` return."""
        self._stop.set()

    def wait(self, linger_seconds: float | None) -> None:
        """Until stopped, the folder is gone, or nobody was connected for so long."""
        quiet_since, asked = time.monotonic(), 0
        while not self._stop.wait(LOOK_SECONDS):
            if not notice(self._folder).exists():
                return
            self._write_notice()
            if self.world.open_connections() or self._control_door.asked != asked:
                quiet_since, asked = time.monotonic(), self._control_door.asked
            if linger_seconds is not None and time.monotonic() - quiet_since > linger_seconds:
                return

    def close(self) -> None:
        """Take the notice down and close all doors."""
        with contextlib.suppress(OSError):
            notice(self._folder).unlink(missing_ok=True)
        self.world.close()

    def _write_notice(self) -> None:
        content = {
            "pid": os.getpid(),
            "control_port": self._control_door.port,
            "token": self._control_door.token,
            "site": str(self.world.site.path.absolute()),
            "fingerprint": self.world.fingerprint,
            "powershell": self.world.powershell and str(self.world.powershell.program),
            "endpoints": self.world.endpoints(),
        }
        with self._writing:
            if content != self._written and self._folder.is_dir():
                write_json(notice(self._folder), content)
                self._written = content


@contextmanager
def serving(
    site: SiteShape,
    folder: Path,
    *,
    down_seconds: float = DOWN_SECONDS,
    powershell: Powershell | None = None,
) -> Iterator[Serving]:
    """Serve the folder in this process. Raises `HeldError` where another process serves it, `LabError`."""
    lock = FolderLock(state_folder(folder))
    if not lock.take():
        raise HeldError(_owner(folder), where=str(folder), next_step="Join that lab, or end it: lab down.")
    try:
        served = Serving(site, folder, down_seconds=down_seconds, powershell=powershell)
        try:
            yield served
        finally:
            served.close()
    finally:
        lock.release()


@contextmanager
def running(
    site: SiteShape,
    folder: Path,
    *,
    down_seconds: float = DOWN_SECONDS,
    powershell: Powershell | None = None,
) -> Iterator[LabHandle]:
    """The same world in threads of this process, for tests: reachable over real sockets."""
    with serving(site, folder, down_seconds=down_seconds, powershell=powershell) as served:
        yield served.handle()


def _owner(folder: Path) -> str:
    row = read_json(notice(folder))
    if not isinstance(row, dict):
        return "another lab is starting or ending in this folder."
    return f"process {row['pid']} serves {row['site']} from this folder."
