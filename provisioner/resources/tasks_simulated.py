"""The task scheduler of the lab's machine, for `simulate`: tasks by path and name (`\\provisioner\\x`)."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from provisioner.resources.base import Machine, ScriptFailure

SYSTEM = "S-1-5-18"
AT_STARTUP = "AtStartup"


def as_system(execute: str, arguments: str, triggers: Sequence[str] = ()) -> dict[str, JsonValue]:
    """A task of ours as Windows keeps it: as the system, on batteries too, without a limit of time."""
    return {
        "state": "Ready",
        "action": {"execute": execute, "arguments": arguments},
        "triggers": [*triggers],
        "principal": {"sid": SYSTEM, "logon_type": "ServiceAccount", "run_level": "Highest"},
        "settings": {
            "allow_start_if_on_batteries": True,
            "dont_stop_if_going_on_batteries": True,
            "start_when_available": True,
            "execution_time_limit_seconds": 0,
        },
    }


def is_registered(machine: Machine, name: str) -> bool:
    """Whether there is such a task."""
    return machine.get("tasks", name) is not None


def is_running(machine: Machine, name: str) -> bool:
    """Whether an instance of it runs."""
    return machine.get("tasks", name, "state") == "Running"


def register(machine: Machine, name: str, row: dict[str, JsonValue]) -> None:
    """`Register-ScheduledTask` without -Force. Raises `ScriptFailure` where there is one of this name."""
    if is_registered(machine, name):
        message = "Cannot create a file when that file already exists."
        raise ScriptFailure("HRESULT 0x800700b7,Register-ScheduledTask", message)
    machine.put("tasks", name, value=row)


def start(machine: Machine, name: str) -> None:
    """`Start-ScheduledTask`; one that runs already is not started again. Raises `ScriptFailure`."""
    _need(machine, name, "Start-ScheduledTask")
    if not is_running(machine, name):
        machine.put("tasks", name, "state", value="Running")
        machine.start_task(name)


def stop(machine: Machine, name: str) -> None:
    """`Stop-ScheduledTask`. Raises `ScriptFailure`."""
    _need(machine, name, "Stop-ScheduledTask")
    if is_running(machine, name):
        machine.put("tasks", name, "state", value="Ready")


def unregister(machine: Machine, name: str) -> None:
    """`Unregister-ScheduledTask`; an instance that runs goes on. Raises `ScriptFailure`."""
    if not is_registered(machine, name):
        last = name.rpartition("\\")[2]
        raise ScriptFailure(
            "CmdletizationQuery_NotFound_TaskName,Unregister-ScheduledTask",
            f"No MSFT_ScheduledTask objects found with property 'TaskName' equal to '{last}'."
            "  Verify the value of the property and retry.",
        )
    machine.drop("tasks", name)


def _need(machine: Machine, name: str, command: str) -> None:
    if not is_registered(machine, name):
        message = "The system cannot find the file specified."
        raise ScriptFailure(f"HRESULT 0x80070002,{command}", message)
