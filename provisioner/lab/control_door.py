"""The control socket of a lab: one JSON line with the token and a question, one JSON line back."""

from __future__ import annotations

import hmac
import json
import secrets
import socket
import threading
from typing import Any

from provisioner.errors import LabError, ProvisionerError
from provisioner.lab.control import Controls
from provisioner.lab.control_wire import ANSWER_SECONDS, MOST_LINE_BYTES
from provisioner.lab.reception import Reception


class ControlDoor:
    """Serves the questions of one lab on loopback. Who knows the token may ask."""

    def __init__(self, controls: Controls, reception: Reception) -> None:
        self._controls = controls
        self.token = secrets.token_urlsafe(24)
        self.asked = 0
        """How many questions were answered: somebody is there."""
        self.port = reception.open(self._connected)

    def _connected(self, connection: socket.socket) -> None:
        threading.Thread(target=self._serve, args=(connection,), name="control", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as lines:
            try:
                connection.settimeout(ANSWER_SECONDS)
                line = lines.readline(MOST_LINE_BYTES)
                lines.write(json.dumps(self._answer(line)).encode() + b"\n")
                lines.flush()
            except OSError:
                # Whoever asked does not wait for the answer.
                return

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(line)
            if not hmac.compare_digest(str(asked["token"]), self.token):
                raise LabError("this is not the token of this lab.")
            self.asked += 1
            return {"value": self._controls.answer(str(asked["question"]), dict(asked["arguments"]))}
        except ProvisionerError as error:
            return {"error": {"what": error.what, "where": error.where, "next_step": error.next_step}}
        except (ValueError, TypeError, KeyError) as error:
            return {"error": {"what": f"the lab does not understand the question: {error}."}}
