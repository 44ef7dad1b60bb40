"""Where engine processes tell each change at the moment they make it, and wait until they may go on.

One JSON line each way over a loopback socket, which works alike on Windows and elsewhere. The first line is
the token that a process was given: it says whose machine is meant, and nobody else may speak.
"""

from __future__ import annotations

import json
import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from provisioner.lab.network import LOOPBACK
from provisioner.lab.reception import Reception
from provisioner.lab.stage import Killed

Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Takes what a process tells and gives what it waits for. Raises `Killed` where it is to tell no more."""


class _Expected:
    """One process that may speak. `gone` waits for the answer that is being given."""

    def __init__(self, answer: Answer) -> None:
        self._answer: Answer | None = answer
        self._lock = threading.Lock()

    def answer(self, line: bytes) -> bytes:
        with self._lock:
            if self._answer is None:
                raise Killed
            return json.dumps(self._answer(json.loads(line))).encode() + b"\n"

    def gone(self) -> None:
        with self._lock:
            self._answer = None


class ChangesDoor:
    """One port for all machines of a lab."""

    def __init__(self, reception: Reception) -> None:
        self._expected: dict[str, _Expected] = {}
        self._port = reception.open(self._connected)

    @contextmanager
    def expecting(self, answer: Answer) -> Iterator[str]:
        """While one process runs: the address that it is given. After it nothing is answered any more."""
        token, expected = secrets.token_urlsafe(24), _Expected(answer)
        self._expected[token] = expected
        try:
            yield f"tcp://{LOOPBACK}:{self._port}/{token}"
        finally:
            del self._expected[token]
            expected.gone()

    def _connected(self, connection: socket.socket) -> None:
        threading.Thread(target=self._serve, args=(connection,), name="changes", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # However this ends, the connection closes, and the process stops at its next change.
        with connection, connection.makefile("rwb") as lines, suppress(OSError, Killed):
            expected = self._expected.get(lines.readline(1024).decode("ascii", "replace").strip())
            while expected is not None and (line := lines.readline()):
                lines.write(expected.answer(line))
                lines.flush()
