"""Faults that a person or a test asks the lab to inject, by host, operation and n-th occurrence."""

from __future__ import annotations

import contextlib
import difflib
import threading
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pydantic import ConfigDict, ValidationError
from pydantic.dataclasses import dataclass

from provisioner.errors import LabError

REQUESTS = ("login", "identify", "create", "command", "send", "receive", "signal", "delete")
"""Operations of the WinRM door. `login` is a request of a connection that is not logged on yet."""

ON_REQUESTS = {
    "drop_before": "reset the connection before the request is processed",
    "drop_after": "process the request, then reset the connection instead of answering",
    "status": "answer this HTTP status with an empty body (401, 403, 413, 500, ...)",
    "wsman_fault": "answer a fault with this code (170 busy, 5 access denied, 2150859174 quota, ...)",
    "delay": "wait this many seconds before processing",
    "close": "answer, then close the connection without having said so",
}
ON_OUTPUT = {
    "truncate": "cut the last frame of the answer in half",
    "noise": "print lines that are not ours before the frames",
    "clixml": "write CLIXML progress records on standard error",
    "split": "give at most this many bytes of output with each Receive",
}
ON_SCRIPTS = {"throw": "make this script throw, with this message"}
ON_CONNECT = {"refuse": "refuse connections for this many seconds, from now"}
EFFECTS = ON_REQUESTS | ON_OUTPUT | ON_SCRIPTS | ON_CONNECT


@dataclass(config=ConfigDict(extra="forbid"))
class Fault:
    """One injected fault. `operation` is one of `REQUESTS`, `*` for any of them, `output` for the effects on
    an answer, a script's name (`clock.read`) for `throw`, `connect` for `refuse`."""

    effect: str
    operation: str = "*"
    host: str = "*"
    nth: int = 1
    """The occurrence it begins with, counted from the moment it is set."""
    times: int = 1
    """How many occurrences it hits; 0 for all that follow."""
    argument: int | float | str = ""
    seen: int = 0

    def hits(self) -> bool:
        """Count one occurrence and say whether it is hit."""
        self.seen += 1
        return self.seen >= self.nth and (self.times == 0 or self.seen < self.nth + self.times)


def fault_from(row: Mapping[str, Any]) -> Fault:
    """Check what a person asks for. Raises `LabError`."""
    effect = str(row.get("effect", ""))
    if effect not in EFFECTS:
        close = difflib.get_close_matches(effect, EFFECTS, 1)
        hint = f"Did you mean '{close[0]}'?" if close else f"There are: {', '.join(EFFECTS)}."
        raise LabError(f"the lab knows no fault '{effect}'.", next_step=hint)
    try:
        fault = Fault(**row)
    except ValidationError as error:
        first = error.errors()[0]
        raise LabError(f"{first['loc'][0]}: {first['msg']}.") from error
    if fault.operation == "*":
        fault.operation = _default_operation(effect)
    fault.argument = _number_or_text(fault.argument)
    if effect in ON_REQUESTS and fault.operation not in (*REQUESTS, "*"):
        raise LabError(
            f"'{fault.operation}' is no operation of the WinRM door.",
            next_step=f"There are: {', '.join(REQUESTS)}, and * for any.",
        )
    if effect == "throw" and not fault.operation.endswith((".read", ".write")):
        raise LabError(f"'{fault.operation}' is no script.", next_step="Scripts are named like clock.read.")
    if effect in ("status", "wsman_fault", "delay", "split", "refuse") and not _is_positive(fault.argument):
        raise LabError(f"the fault '{effect}' needs a number.", next_step=f"It says: {EFFECTS[effect]}.")
    return fault


def _default_operation(effect: str) -> str:
    if effect in ON_OUTPUT:
        return "output"
    return "connect" if effect in ON_CONNECT else "*"


def _number_or_text(argument: int | float | str) -> int | float | str:
    for kind in (int, float):
        # From a command line every argument comes as text.
        with contextlib.suppress(ValueError):
            return kind(argument) if isinstance(argument, str) else argument
    return argument


def _is_positive(argument: int | float | str) -> bool:
    return isinstance(argument, int | float) and argument > 0


class Faults:
    """The faults that are set, in the order in which they were."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Set one."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Take all back."""
        with self._lock:
            self._faults.clear()

    def rows(self) -> list[dict[str, Any]]:
        """As JSON, with how often each was seen."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def awaited(self, host: str) -> frozenset[str]:
        """Operations of a host that faults wait for; counts nothing."""
        with self._lock:
            return frozenset(fault.operation for fault in self._faults if fault.host in (host, "*"))

    def take(self, host: str, operation: str) -> Fault | None:
        """Count this occurrence for every fault that waits for it; the first that hits, or None."""
        names = (operation, "*") if operation in REQUESTS else (operation,)
        with self._lock:
            waiting = [
                fault for fault in self._faults if fault.host in (host, "*") and fault.operation in names
            ]
            hit = [fault for fault in waiting if fault.hits()]
        return hit[0] if hit else None
