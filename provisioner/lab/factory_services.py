"""The services of a factory-new terminal, as far as they tell anything."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue


def _service(display_name: str, start: str, *, running: bool, delayed: bool = False) -> dict[str, JsonValue]:
    return {"display_name": display_name, "start": start, "delayed": delayed, "running": running}


SERVICES: Mapping[str, Mapping[str, JsonValue]] = {
    "W32Time": _service("Windows Time", "manual", running=False),
    "tzautoupdate": _service("Auto Time Zone Updater", "disabled", running=False),
    "wuauserv": _service("Windows Update", "manual", running=True),
    "WinRM": _service("Windows Remote Management (WS-Management)", "automatic", running=True),
    "mpssvc": _service("Windows Defender Firewall", "automatic", running=True),
    "BFE": _service("Base Filtering Engine", "automatic", running=True),
    "gpsvc": _service("Group Policy Client", "automatic", running=True),
    "BITS": _service("Background Intelligent Transfer Service", "automatic", delayed=True, running=False),
    "Dhcp": _service("DHCP Client", "automatic", running=True),
    "Dnscache": _service("DNS Client", "automatic", running=True),
    "TermService": _service("Remote Desktop Services", "manual", running=False),
    "AxisRecorderToolboxService": _service("AXIS Recorder Toolbox Service", "automatic", running=True),
}
