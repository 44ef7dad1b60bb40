"""What a factory-new terminal says of itself: device, firmware, write filter, paths of services."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

_SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"
_PATHS = {
    "AxisRecorderToolboxService": (
        r'"C:\Program Files\Axis Communications\AXIS Recorder Toolbox\AxisRecorderToolboxService.exe"'
    ),
    "WinRM": r"%SystemRoot%\System32\svchost.exe -k NetworkService -p",
}


def about(computer_name: str) -> dict[str, Any]:
    """The same in every fresh lab of a site: the serial number hangs on the name that it comes with."""
    drawn = sha256(f"serial/{computer_name.upper()}".encode()).hexdigest()
    return {
        "hardware": {
            "manufacturer": "Axis Communications AB",
            "model": "AXIS S9002 Mk II",
            "serial": f"B8A44F{drawn[:6].upper()}",
            "bios_version": "1.4.2",
            "bios_released_ms": 1_614_816_000_000,
        },
        "write_filter": {"on": False, "next": False},
        "logged_on": "",
        "session": {"elevated": True, "sixty_four_bit": True},
    }


def service_paths() -> dict[str, Any]:
    """Registry keys of services with where their programs lie."""
    return {
        rf"{_SERVICES}\{name}": {"ImagePath": {"type": "ExpandString", "data": path}}
        for name, path in _PATHS.items()
    }
