"""The asking side of the control socket. Light to import: every command with `--lab` does."""

from __future__ import annotations

import json
import socket
from typing import Any

from provisioner.errors import LabError
from provisioner.lab.network import LOOPBACK

MOST_LINE_BYTES = 1024 * 1024
ANSWER_SECONDS = 10.0


def ask(port: int, token: str, question: str, arguments: dict[str, Any]) -> Any:
    """Put one question to a lab. Raises `LabError`, also for an answer that says so, and `OSError`."""
    patience = ANSWER_SECONDS + float(arguments.get("timeout_seconds", 0))
    with socket.create_connection((LOOPBACK, port), patience) as connection:
        line = json.dumps({"token": token, "question": question, "arguments": arguments})
        connection.sendall(line.encode() + b"\n")
        with connection.makefile("rb") as lines:
            answer = json.loads(lines.readline() or b'{"error": {"what": "the lab ended meanwhile."}}')
    if "error" in answer:
        raise LabError(**answer["error"])
    return answer["value"]
