"""The services of a factory-new terminal, as far as they tell anything."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue


def _service(
    display_name: str, start: str, *, running: bool, delayed: bool = False, needs: tuple[str, ...] = ()
) -> dict[str, JsonValue]:
    row: dict[str, JsonValue] = {"display_name": display_name, "start": start, "delayed": delayed}
    return row | {"running": running} | ({"needs": [*needs]} if needs else {})


SERVICES: Mapping[str, Mapping[str, JsonValue]] = {
    "W32Time": _service("Windows Time", "manual", running=False),
    "tzautoupdate": _service("Auto Time Zone Updater", "disabled", running=False),
    "wuauserv": _service("Windows Update", "manual", running=True),
    "WinRM": _service(
        "Windows Remote Management (WS-Management)", "automatic", running=True, needs=("RpcSs",)
    ),
    "RpcSs": _service("Remote Procedure Call (RPC)", "automatic", running=True),
    "Winmgmt": _service("Windows Management Instrumentation", "automatic", running=True, needs=("RpcSs",)),
    "Schedule": _service("Task Scheduler", "automatic", running=True, needs=("RpcSs",)),
    "msiserver": _service("Windows Installer", "manual", running=False, needs=("RpcSs",)),
    "Spooler": _service("Print Spooler", "automatic", running=True, needs=("RpcSs",)),
    "mpssvc": _service("Windows Defender Firewall", "automatic", running=True, needs=("BFE",)),
    "BFE": _service("Base Filtering Engine", "automatic", running=True),
    "gpsvc": _service("Group Policy Client", "automatic", running=True),
    "BITS": _service("Background Intelligent Transfer Service", "automatic", delayed=True, running=False),
    "Dhcp": _service("DHCP Client", "automatic", running=True),
    "Dnscache": _service("DNS Client", "automatic", running=True),
    "TermService": _service("Remote Desktop Services", "manual", running=False),
    "AxisRecorderToolboxService": _service("AXIS Recorder Toolbox Service", "automatic", running=True),
}
