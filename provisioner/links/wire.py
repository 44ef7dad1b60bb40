"""The request on standard input and the framed lines that come back. Pure: bytes in, values out."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from provisioner.links.scripts import runner, script
from provisioner.resources.base import Ask, ClockOffset, Secret
from provisioner.resources.conversation import Applied, Batch, Step
from provisioner.resources.host import APPLIED_FILE, OUR_FOLDER, RUN_FILE

FRAME = b"@provisioner "
MOST_ANSWER_BYTES = 64 * 1024 * 1024
"""Bound on one unpacked frame: a host, or somebody in its place, must not fill our memory."""
DEEPEST = 32
"""Levels of one frame. The scripts write at most 20 (ConvertTo-Json -Depth)."""

Fill = Callable[[Secret | ClockOffset], JsonValue]
"""Puts the value in the place of a secret or of the measured clock, while bytes are written."""


def ask_request(run: str, asks: Sequence[Ask]) -> bytes:
    """A request that can only read: it carries read scripts and the asking runner, nothing else."""
    return pack({"mode": "ask", "run": run, "runners": [runner("ask")], **_asks(asks)})


def change_request(run: str, batch: Batch, fill: Fill) -> bytes:
    """A request that writes `batch.steps` in order and then answers `batch.asks`."""
    asks = _asks([*batch.asks, *(step.ask for step in batch.steps)])
    writes = {f"{step.change.script}.write" for step in batch.steps}
    return pack(
        {
            "mode": "change",
            "run": run,
            "runners": [runner("ask"), runner("change")],
            "scripts": asks["scripts"] | {name: script(name) for name in sorted(writes)},
            "asks": [_ask(ask) for ask in batch.asks],
            "machine_guid": batch.machine_guid,
            "folder": OUR_FOLDER,
            "run_file": RUN_FILE,
            "applied_file": APPLIED_FILE,
            "applied": _applied(batch.applied),
            "steps": [_step(step, fill) for step in batch.steps],
        }
    )


def pack(request: Mapping[str, Any]) -> bytes:
    """One ASCII line, so that no code page on the way matters. Same request, same bytes."""
    text = json.dumps(request, ensure_ascii=True, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode("ascii"), compresslevel=6, mtime=0)) + b"\n"


def _asks(asks: Sequence[Ask]) -> dict[str, Any]:
    names = sorted({f"{ask.script}.read" for ask in asks})
    return {"scripts": {name: script(name) for name in names}, "asks": [_ask(ask) for ask in asks]}


def _ask(ask: Ask) -> dict[str, Any]:
    return {"script": ask.script, "arguments": dict(ask.arguments)}


def _step(step: Step, fill: Fill) -> dict[str, Any]:
    return {
        "id": step.id,
        "script": step.change.script,
        "verb": step.change.verb,
        "arguments": filled(step.change.arguments, fill),
        "needs": list(step.needs),
        "ask": _ask(step.ask),
        "rests_on": dict(step.rests_on),
    }


def _applied(applied: Applied | None) -> dict[str, Any] | None:
    return None if applied is None else {"commit": applied.commit, "items": dict(applied.items)}


def filled(value: Any, fill: Fill) -> Any:
    """The same arguments with every placeholder replaced."""
    if isinstance(value, Secret | ClockOffset):
        return fill(value)
    if isinstance(value, Mapping):
        return {key: filled(inner, fill) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [filled(inner, fill) for inner in value]
    return value


class Frames:
    """Takes standard output in any pieces and gives whole, checked frames; the rest is kept as noise."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._held = 0
        self.noise = b""

    def feed(self, piece: bytes) -> list[dict[str, Any]]:
        """Frames completed by this piece. A line whose digest does not fit is noise."""
        *lines, rest = piece.split(b"\n")
        if lines:
            lines[0] = b"".join([*self._rest, lines[0]])
            self._rest, self._held = [], 0
        self._hold(rest)
        return [frame for line in lines if (frame := self._frame(line.rstrip(b"\r"))) is not None]

    def _hold(self, piece: bytes) -> None:
        # In pieces: joining a line that never ends each time anew costs the square of its length.
        if piece:
            self._rest.append(piece)
            self._held += len(piece)
        if self._held > MOST_ANSWER_BYTES:
            self._rest, self._held = [], 0

    def _frame(self, line: bytes) -> dict[str, Any] | None:
        start = line.find(FRAME)
        if start >= 0 and (frame := _unpack(line[start + len(FRAME) :])) is not None:
            return frame
        self.noise = (self.noise + line + b"\n")[-4000:]
        return None


def _unpack(body: bytes) -> dict[str, Any] | None:
    try:
        digest, packed = body.split(b" ", 1)
        raw = base64.b64decode(packed, validate=True)
        if hashlib.sha256(raw).hexdigest().encode() != digest:
            return None
        text = zlib.decompressobj(wbits=31).decompress(raw, MOST_ANSWER_BYTES)
        frame = json.loads(text)
    except (ValueError, zlib.error, RecursionError):
        return None
    ours = isinstance(frame, dict) and isinstance(frame.get("type"), str) and not _too_deep(frame)
    return frame if ours else None


def _too_deep(value: Any) -> bool:
    """Whether it nests beyond what our scripts write, so that nobody behind us runs out of stack."""
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
