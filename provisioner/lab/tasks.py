"""Scheduled tasks of a machine: their actions run when their time has come.

Only our own are played: `network_task.ps1`, which changes the network and takes it back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

from provisioner.lab.agenda import Agenda
from provisioner.lab.stage import Stage
from provisioner.lab.uptime import Uptime
from provisioner.lab.winrs import Process
from provisioner.resources import network_simulated, network_task_simulated
from provisioner.resources.network import CHANGE_TASK, REVERT_TASK, STARTUP_TASK

CHANGE_SECONDS = 3
"""What the task sleeps before it acts, so that our answer has left by then."""

Act = Literal["change", "revert", "startup"]
TaskPlayer = Callable[[Stage, Process, Act], int]
"""Runs the network task to its end, without its sleeping, and gives the exit code."""


def simulated(stage: Stage, _process: Process, act: Act) -> int:
    """The player that needs no PowerShell."""
    if act == "change":
        network_task_simulated.apply_wanted(stage.machine)
    elif act == "revert":
        network_task_simulated.take_back(stage.machine, "nobody confirmed it in time")
    else:
        why = "the machine started again before anybody confirmed it"
        network_task_simulated.take_back(stage.machine, why)
    return 0


class Tasks:
    """The processes of one machine that sleep until they act."""

    def __init__(self, stage: Stage, uptime: Uptime, player: TaskPlayer) -> None:
        self._stage = stage
        self._player = player
        self._agenda = Agenda(uptime)
        self._running: list[Process] = []
        self._busy = threading.RLock()

    def start(self, name: str) -> None:
        """What `Start-ScheduledTask` sets going."""
        if name.casefold() == CHANGE_TASK.casefold():
            self._agenda.after(CHANGE_SECONDS, lambda: self._run("change", CHANGE_TASK))
        elif name.casefold() == REVERT_TASK.casefold():
            seconds = network_simulated.confirm_seconds(self._stage.machine)
            self._agenda.after(seconds, lambda: self._run("revert", REVERT_TASK))

    def at_startup(self) -> None:
        """The trigger at start-up: a change that nobody confirmed before the power went is taken back."""
        self._run("startup", STARTUP_TASK)

    def end(self) -> None:
        """The processes are gone, as with the power."""
        self._agenda.clear()
        for process in self._running:
            process.kill()
        self._running.clear()

    def settle(self) -> None:
        """Let those act whose time has come, in its order, and end what they began."""
        self._agenda.settle()
        # An engine takes seconds for what takes a machine none of its time.
        with self._busy:
            pass

    def _run(self, act: Act, task: str) -> None:
        if self._stage.machine.get("tasks", task) is None:
            return
        process = Process(lambda process: self._player(self._stage, process, act))
        self._running.append(process)
        with self._busy:
            process.run()
        said = process.take(2**20, 0)
        if process.alive() and said is not None and said.exit_code:
            raise RuntimeError(f"The task {task} ended with {said.exit_code}: {said.stderr.decode()}")
