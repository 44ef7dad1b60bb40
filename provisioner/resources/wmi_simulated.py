"""WMI of the lab's machine, for `simulate`. A damaged repository lacks those in `wmi/missing`."""

from __future__ import annotations

from typing import Any

from provisioner.resources.base import Machine, ScriptFailure

COMPUTER_SYSTEM = "Win32_ComputerSystem"


def need(machine: Machine, *classes: str) -> None:
    """Raises `ScriptFailure` for a class that the repository does not know (WBEM_E_INVALID_CLASS)."""
    missing: Any = machine.get("wmi", "missing") or ()
    if any(name.casefold() == lost.casefold() for name in classes for lost in missing):
        raise ScriptFailure(
            "HRESULT 0x80041010,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand",
            "Invalid class ",
        )


def part_of_domain(machine: Machine) -> bool:
    """`PartOfDomain` of Win32_ComputerSystem. Raises `ScriptFailure`."""
    need(machine, COMPUTER_SYSTEM)
    return machine.get("domain") is not None
