"""What a run found, intended and brought about, on our side: evidence, and what a rollback goes back to.

One file per run, JSON lines, each line behind the first 16 hex digits of its SHA-256. The next run reads
the hosts again and takes over their run files; it never trusts a journal.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from provisioner.errors import UsageError
from provisioner.records.paths import private_folder


def new_run_id(now: datetime) -> str:
    """Sorts by time, and is unlike any other: `20261123T214800Z-3f9a1c`."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


class Journal:
    """Append-only. A row is on disk (fsynced) when `record` returns; several threads may record."""

    def __init__(self, state: Path, site: str, run: str) -> None:
        self._lock = Lock()
        self._syncing = Lock()
        self._written = self._synced = 0
        try:
            self.path = private_folder(state / "runs" / site) / f"{run}.jsonl"
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except OSError as error:
            raise UsageError(
                f"no journal can be kept there: {error.strerror}",
                where=str(state),
                next_step="Give a folder that you may write to with --state.",
            ) from error
        self._file = os.fdopen(handle, "ab")
        _sync_folder(self.path.parent)

    def record(self, row: Mapping[str, Any]) -> None:
        """Append one row with the time of writing."""
        stamped = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **row}
        text = json.dumps(stamped, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode("ascii")
        with self._lock:
            self._file.write(_checked(text))
            self._written += 1
            mine = self._written
        self._sync(mine)

    def _sync(self, mine: int) -> None:
        """One fsync serves all who wrote before it began: many hosts report at once."""
        with self._syncing:
            if self._synced >= mine:
                return
            with self._lock:
                self._file.flush()
                upto = self._written
            os.fsync(self._file.fileno())
            self._synced = upto

    def close(self) -> None:
        """Nothing more will be recorded."""
        self._file.close()


def _sync_folder(folder: Path) -> None:
    """A new file is lost in a power cut until its folder is on disk too; Windows has no such call."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """Rows up to the first line that is torn or does not fit its checksum."""
    with path.open("rb") as file:
        for line in file:
            _, _, text = line.partition(b" ")
            if not line.endswith(b"\n") or _checked(text.rstrip(b"\n")) != line:
                return
            yield json.loads(text)


def _checked(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:16].encode("ascii") + b" " + text + b"\n"
