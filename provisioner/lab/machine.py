"""One simulated Windows machine: a JSON document of places, a clock and a power switch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from pydantic import JsonValue

from provisioner.lab.folded import Folded, plain
from provisioner.lab.nt_hash import as_kept
from provisioner.resources.host import OUR_FOLDER, RESTART_MARKER

NAMES = r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName"
_OURS = OUR_FOLDER.casefold()


class SimulatedMachine:
    """`resources.base.Machine` on the machine JSON; safe to use from several threads.

    `saved` is called after each change, `going_down` with the delay in seconds when a restart is scheduled,
    `task_started` with the name of a scheduled task.
    """

    def __init__(
        self,
        content: Mapping[str, JsonValue],
        *,
        saved: Callable[[], None] = lambda: None,
        going_down: Callable[[int], None] = lambda _: None,
        task_started: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._root = Folded(content)
        self._saved = saved
        self._going_down = going_down
        self._task_started = task_started
        self._lock = threading.RLock()
        self._restart_scheduled = False
        self.revision = 0
        """Goes up with every change, whoever makes it."""
        self.writes = 0
        """Writes of settings since the lab started; bookkeeping and changes by hand not among them."""
        self.bookkeeping_writes = 0
        """Writes below our own folder on the machine."""

    @property
    def name(self) -> str:
        """The host's name in the manifest."""
        return str(self._root["name"])

    def get(self, *place: str) -> JsonValue:
        """The value there (a copy), or None."""
        with self._lock:
            here: object = self._root
            for key in place:
                here = here.find(key) if isinstance(here, Folded) else None
            return plain(here)  # type: ignore[no-any-return]

    def put(self, *place: str, value: JsonValue) -> None:
        """Write a value, making the objects on the way: one counted write."""
        with self._lock:
            self._count(place)
            self._store(place, value)
        self._saved()

    def drop(self, *place: str) -> None:
        """Remove it: one counted write, also when it was not there."""
        with self._lock:
            self._count(place)
            self._remove(place)
        self._saved()

    def set_by_hand(self, *place: str, value: JsonValue) -> None:
        """What a person does at the machine: not counted among our writes."""
        with self._lock:
            self._store(place, value)
        self._saved()

    def drop_by_hand(self, *place: str) -> None:
        """Removed by a person: not counted."""
        with self._lock:
            self._remove(place)
        self._saved()

    def now_ms(self) -> int:
        """The machine's own clock: real UTC plus its offset, milliseconds since 1970."""
        return time.time_ns() // 1_000_000 + int(str(self.get("clock", "offset_ms") or 0))

    def restart(self, delay_seconds: int) -> None:
        """Schedule a restart; while one is scheduled another changes nothing (shutdown.exe's 1190)."""
        with self._lock:
            if self._restart_scheduled:
                return
            self._restart_scheduled = True
        self._going_down(delay_seconds)

    def start_task(self, name: str) -> None:
        """Its process runs from now on; what it does is the affair of whoever was told."""
        self._task_started(name)

    def boot(self) -> None:
        """Come up: a new boot time, our mark gone, and the pending computer name becomes the active one."""
        with self._lock:
            self._restart_scheduled = False
            self.set_by_hand("boot", "started_ms", value=self.now_ms())
            if self.get("registry", *RESTART_MARKER) is not None:
                self.drop_by_hand("registry", *RESTART_MARKER)
            pending = self.get("registry", rf"{NAMES}\ComputerName", "ComputerName")
            if pending is not None:
                self.set_by_hand("registry", rf"{NAMES}\ActiveComputerName", "ComputerName", value=pending)

    def replace(self, content: Mapping[str, JsonValue]) -> None:
        """Become another machine; the counts begin anew."""
        with self._lock:
            self._root = Folded(content)
            self._restart_scheduled = False
            self.revision += 1
            self.writes = self.bookkeeping_writes = 0
        self._saved()

    def computer_name(self) -> str:
        """The name the running system uses."""
        name = self.get("registry", rf"{NAMES}\ActiveComputerName", "ComputerName", "data")
        return str(name or self.name)

    def content(self) -> dict[str, JsonValue]:
        """The whole document, as a copy."""
        with self._lock:
            return plain(self._root)  # type: ignore[no-any-return]

    def _count(self, place: tuple[str, ...]) -> None:
        if place[0].casefold() == "files" and len(place) > 1 and _is_ours(place[1]):
            self.bookkeeping_writes += 1
        else:
            self.writes += 1

    def _store(self, place: tuple[str, ...], value: JsonValue) -> None:
        self._parent(place).store(place[-1], as_kept(place, value))
        self.revision += 1

    def _remove(self, place: tuple[str, ...]) -> None:
        self._parent(place).remove(place[-1])
        self.revision += 1

    def _parent(self, place: tuple[str, ...]) -> Folded:
        here = self._root
        for key in place[:-1]:
            if not isinstance(here.find(key), Folded):
                here.store(key, {})
            here = here.find(key)
        return here


def _is_ours(path: str) -> bool:
    folded_path = path.casefold()
    return folded_path == _OURS or folded_path.startswith(_OURS + "\\")
