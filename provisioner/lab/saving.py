"""Writes each changed machine to the state folder soon after its change."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from provisioner.records.paths import write_private

GATHER_SECONDS = 0.02
"""How long changes are gathered before a write, so that a batch of thousands does not write thousands."""


def write_json(path: Path, content: Any) -> None:
    """Whole or not at all, for this user alone."""
    write_private(path, json.dumps(content).encode())


def read_json(path: Path) -> Any:
    """The content, or None where the file is missing or is no JSON."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


class Saver:
    """One thread; changes that come together share a write. `flush` is for what a client was told."""

    def __init__(self) -> None:
        self._changed: dict[Path, Callable[[], Any]] = {}
        self._news = threading.Condition()
        self._writing = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="saver", daemon=True)
        self._thread.start()

    def changed(self, path: Path, content: Callable[[], Any]) -> None:
        """What `content` returns is to be written to the path."""
        with self._news:
            self._changed[path] = content
            self._news.notify()

    def flush(self) -> None:
        """Return when everything that changed before this call is on disk."""
        with self._writing:
            with self._news:
                changed, self._changed = self._changed, {}
            for path, content in changed.items():
                self._write(path, content)

    def _write(self, path: Path, content: Callable[[], Any]) -> None:
        try:
            write_json(path, content())
        except FileNotFoundError:
            # The folder is gone: the lab is about to end.
            return
        except PermissionError:
            # Windows does not replace a file that somebody has open just then.
            self.changed(path, content)

    def close(self) -> None:
        """Write what is left and end the thread."""
        self._closing.set()
        with self._news:
            self._news.notify()
        self._thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._closing.is_set():
            with self._news:
                self._news.wait_for(lambda: self._changed or self._closing.is_set())
            self._closing.wait(GATHER_SECONDS)
            self.flush()
