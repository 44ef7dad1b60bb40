"""What one playing process sees of its machine besides the machine itself: mutex, holds, broken scripts."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue

from provisioner.lab.machine import SimulatedMachine
from provisioner.resources import BY_NAME, host, host_simulated
from provisioner.resources.base import ScriptFailure

Moment = Literal["before", "after"]


class Killed(Exception):
    """The process was ended, or the machine went down under it."""


Alive = Callable[[], bool]


def always_alive() -> bool:
    """For a process that nobody ends."""
    return True


class Hold:
    """Stops a batch before or after its n-th step (from 1) until it is released. Holds once."""

    def __init__(self, moment: Moment, step: int) -> None:
        self.moment = moment
        self.step = step
        self.reached = threading.Event()
        self.released = threading.Event()

    def wait_here(self, moment: Moment, step: int, alive: Alive) -> None:
        """Called by the batch at each step."""
        if (moment, step) != (self.moment, self.step) or self.reached.is_set():
            return
        self.reached.set()
        while alive() and not self.released.wait(0.05):
            pass


def _nothing_broken(_script: str) -> str | None:
    return None


def _nothing_doomed() -> Collection[str]:
    return ()


@dataclass
class Stage:
    """One machine as its PowerShell processes find it. The mutex lives as long as the machine is up."""

    machine: SimulatedMachine
    mutex: threading.Lock = field(default_factory=threading.Lock)
    hold: Hold | None = None
    broken: Callable[[str], str | None] = _nothing_broken
    """Given a script's name (`clock.read`): the message with which an injected fault makes it throw."""
    doomed: Callable[[], Collection[str]] = _nothing_doomed
    """Names of the scripts that an injected fault waits for."""
    writing: set[str] = field(default_factory=set)
    """Ids of engine processes that changed something and still run: they hold the engine's own mutex."""
    user: str = ""
    """The account that a process runs as; empty for the machine itself."""
    whole: Stage | None = None
    """For what one process sees: the stage of the machine, where holds are set."""

    def logged_on(self, user: str) -> Stage:
        """As a process of this account sees it."""
        view = copy.copy(self)
        view.user, view.whole = user, self
        return view

    def session(self) -> dict[str, JsonValue]:
        """Who a script runs as: the machine's `session`, with the SID of the account that is logged on."""
        stored, accounts = self.machine.get("session"), self.machine.get("accounts")
        rows = accounts.items() if isinstance(accounts, dict) else ()
        name = self.user.casefold()
        mine = [sid for sid, row in rows if isinstance(row, dict) and str(row["name"]).casefold() == name]
        return (stored if isinstance(stored, dict) else {}) | ({"sid": mine[0]} if mine else {})

    @property
    def holding(self) -> bool:
        """Whether a batch holds the machine's mutex."""
        return self.mutex.locked() or bool(self.writing)

    def at_step(self, moment: Moment, step: int, alive: Alive) -> None:
        """Wait where the batch is held. Raises `Killed` if the process was ended."""
        hold = (self.whole or self).hold
        if hold is not None:
            hold.wait_here(moment, step, alive)
        if not alive():
            raise Killed

    def run(self, script: str, verb: str, arguments: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
        """Play one script. `script` is the file's name without `.ps1`. Raises `ScriptFailure`."""
        message = self.broken(script)
        if message is not None:
            raise ScriptFailure("InjectedFault", message)
        kind = script.rpartition(".")[0]
        if kind == host.SCRIPT:
            return host_simulated.simulate(self.machine, verb, arguments, self.session())
        return BY_NAME[kind].simulate(self.machine, verb, arguments)
