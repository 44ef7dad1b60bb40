"""What can be asked of a running lab besides what its doors play: state, changes by hand, faults, holds.

Asked through a `LabHandle`, in this process or over the control socket.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import JsonValue

from provisioner.errors import LabError
from provisioner.lab.cable import noticed
from provisioner.lab.places import parsed, segments, set_by_hand
from provisioner.lab.stage import Moment
from provisioner.lab.world import World

MOST_SECONDS = 30 * 86_400


class Controls:
    """Answers questions about one world. Names and arguments are those of the control socket."""

    def __init__(self, world: World, stop: Callable[[], None]) -> None:
        self._world = world
        self._stop = stop

    def answer(self, question: str, arguments: dict[str, Any]) -> Any:
        """Dispatch by name. Raises `LabError` for a question that does not exist."""
        if question not in QUESTIONS:
            raise LabError(f"the lab does not answer '{question}'.")
        return getattr(self, question)(**arguments)

    def status(self) -> dict[str, Any]:
        """Counts and state of every host."""
        return self._world.status()

    def endpoints(self) -> dict[str, Any]:
        """How to reach and log on to every host."""
        return self._world.endpoints()

    def place(self, host: str, place: str) -> JsonValue:
        """What stands at a place of a machine."""
        return self._world.twin(host).machine.get(*segments(place))

    def set_place(self, host: str, place: str, value: JsonValue) -> None:
        """A change by hand; text that parses as JSON is taken as JSON."""
        content = parsed(value) if isinstance(value, str) else value
        machine = self._world.twin(host).machine
        set_by_hand(machine, place, content)
        noticed(machine, segments(place))

    def machine(self, host: str) -> dict[str, JsonValue]:
        """The whole machine JSON."""
        return self._world.twin(host).machine.content()

    def fault(self, **row: Any) -> None:
        """Inject a fault: `effect`, and optionally `host`, `operation`, `nth`, `times`, `argument`."""
        self._world.inject(row)

    def faults(self) -> list[dict[str, Any]]:
        """The faults that are set, and how often each was seen."""
        return self._world.faults.rows()

    def clear_faults(self) -> None:
        """Take all faults back."""
        self._world.faults.clear()

    def hold(self, host: str, moment: Moment, step: int) -> None:
        """Hold the host's next batch before or after its n-th step."""
        if moment not in ("before", "after") or step < 1:
            raise LabError("a batch is held 'before' or 'after' a step, and steps count from 1.")
        self._world.twin(host).hold(moment, step)

    def wait_held(self, host: str, timeout_seconds: float = 30.0) -> bool:
        """Wait until a batch stands at the hold."""
        return self._world.twin(host).wait_held(timeout_seconds)

    def release(self, host: str) -> None:
        """Let a held batch go on."""
        self._world.twin(host).release()

    def let_pass(self, seconds: float, host: str = "*") -> None:
        """So much time is over on a machine, or on all of them."""
        if not 0 < seconds <= MOST_SECONDS:
            raise LabError(f"time that passes is more than 0 and at most {MOST_SECONDS} seconds.")
        twins = self._world.twins.values() if host == "*" else [self._world.twin(host)]
        for twin in twins:
            twin.let_pass(seconds)

    def later(self, host: str, seconds: float, question: str, arguments: dict[str, Any]) -> None:
        """Answer another question when so much of a machine's time is over."""
        self._world.twin(host).in_time(seconds, lambda: self.answer(question, arguments))

    def cut_power(self, host: str, seconds: float = 1.0) -> None:
        """The power of a machine goes and comes back after so many seconds."""
        if not 0 <= seconds <= MOST_SECONDS:
            raise LabError(f"the power comes back after 0 to {MOST_SECONDS} seconds.")
        self._world.twin(host).cut_power(seconds)

    def reset(self) -> None:
        """Every machine is factory-new again."""
        self._world.reset()

    def down(self) -> None:
        """End the lab; its state stays."""
        self._stop()


QUESTIONS = frozenset(name for name in vars(Controls) if not name.startswith("_") and name != "answer")
