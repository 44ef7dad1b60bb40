"""A running lab as its users hold it: reach its hosts, ask its controls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import JsonValue

from provisioner.lab.access import Access
from provisioner.lab.stage import Moment

Ask = Callable[[str, dict[str, Any]], Any]
"""Puts one question of `Controls` to the lab, here or over its control socket. Raises `LabError`."""


class LabHandle(Access):
    """The same in this process and over the control socket."""

    def __init__(self, read: Callable[[], dict[str, Any]], ask: Ask) -> None:
        super().__init__(read)
        self._ask = ask

    def status(self) -> dict[str, Any]:
        """`{"site", "powershell": path or null, "hosts": {name: {...}}}`.

        A host's: requests, connections, bytes_in, bytes_out, refused_logons, operations, writes,
        bookkeeping_writes, restarts, open_connections, shells, holding.
        """
        return dict(self._ask("status", {}))

    def place(self, host: str, place: str) -> JsonValue:
        """What stands at a place (`clock/offset_ms`) of a machine, or None."""
        value: JsonValue = self._ask("place", {"host": host, "place": place})
        return value

    def set_place(self, host: str, place: str, value: JsonValue) -> None:
        """A change by hand, never counted. Text that parses as JSON is JSON; null removes. `LabError`."""
        self._ask("set_place", {"host": host, "place": place, "value": value})

    def machine(self, host: str) -> dict[str, JsonValue]:
        """The whole machine JSON."""
        return dict(self._ask("machine", {"host": host}))

    def fault(self, effect: str, **where: Any) -> None:
        """Inject a fault (`lab.faults`): `host`, `operation`, `nth`, `times`, `argument`."""
        self._ask("fault", {"effect": effect, **where})

    def faults(self) -> list[dict[str, Any]]:
        """The faults that are set, and how often each was seen."""
        return list(self._ask("faults", {}))

    def clear_faults(self) -> None:
        """Take all faults back."""
        self._ask("clear_faults", {})

    def hold(self, host: str, moment: Moment, step: int) -> None:
        """Hold the host's next batch before or after its n-th step (from 1)."""
        self._ask("hold", {"host": host, "moment": moment, "step": step})

    def wait_held(self, host: str, timeout_seconds: float = 30.0) -> bool:
        """Whether a batch came to stand at the hold in time."""
        return bool(self._ask("wait_held", {"host": host, "timeout_seconds": timeout_seconds}))

    def release(self, host: str) -> None:
        """Let a held batch go on."""
        self._ask("release", {"host": host})

    def let_pass(self, seconds: float, host: str = "*") -> None:
        """So much time is over at once on this machine, or on all: on its clock and for what sleeps there."""
        self._ask("let_pass", {"seconds": seconds, "host": host})

    def later(self, host: str, seconds: float, question: str, arguments: dict[str, Any]) -> None:
        """Ask this when so much of the machine's time is over."""
        self._ask("later", {"host": host, "seconds": seconds, "question": question, "arguments": arguments})

    def cut_power(self, host: str, seconds: float = 1.0) -> None:
        """The power of a machine goes and comes back."""
        self._ask("cut_power", {"host": host, "seconds": seconds})

    def reset(self) -> None:
        """Every machine is factory-new again."""
        self._ask("reset", {})

    def down(self) -> None:
        """End the lab; its state stays."""
        self._ask("down", {})
