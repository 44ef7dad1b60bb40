"""Scheduled tasks of a machine: their actions run when their time has come.

Only our own are played: `network_task.ps1`, which changes the network and takes it back.
"""

from __future__ import annotations

from provisioner.lab.agenda import Agenda
from provisioner.lab.uptime import Uptime
from provisioner.resources import network_simulated, network_task_simulated
from provisioner.resources.base import Machine
from provisioner.resources.network import CHANGE_TASK, REVERT_TASK

CHANGE_SECONDS = 3
"""What the task sleeps before it acts, so that our answer has left by then."""


class Tasks:
    """The processes of one machine that sleep until they act."""

    def __init__(self, machine: Machine, uptime: Uptime) -> None:
        self._machine = machine
        self._agenda = Agenda(uptime)

    def start(self, name: str) -> None:
        """What `Start-ScheduledTask` sets going."""
        if name.casefold() == CHANGE_TASK.casefold():
            self._agenda.after(CHANGE_SECONDS, lambda: network_task_simulated.apply_wanted(self._machine))
        elif name.casefold() == REVERT_TASK.casefold():
            seconds = network_simulated.confirm_seconds(self._machine)
            why = "nobody confirmed it in time"
            self._agenda.after(seconds, lambda: network_task_simulated.take_back(self._machine, why))

    def at_startup(self) -> None:
        """The trigger at start-up: a change that nobody confirmed before the power went is taken back."""
        why = "the machine started again before anybody confirmed it"
        network_task_simulated.take_back(self._machine, why, startup=True)

    def end(self) -> None:
        """The processes are gone, as with the power."""
        self._agenda.clear()

    def settle(self) -> None:
        """Let those act whose time has come, in its order."""
        self._agenda.settle()
