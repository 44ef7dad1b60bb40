"""WMI of the lab's machine, for `simulate`. A damaged repository lacks those in `wmi/missing`, and nobody may
ask for those in `wmi/denied`."""

from __future__ import annotations

from typing import Any

from provisioner.resources.base import Machine, ScriptFailure

COMPUTER_SYSTEM = "Win32_ComputerSystem"
_COMMAND = "Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand"


def need(machine: Machine, *classes: str) -> None:
    """Raises `ScriptFailure` for a class that the repository does not know (WBEM_E_INVALID_CLASS)."""
    for name in classes:
        may_ask(machine, name)
        if lost(machine, name):
            raise ScriptFailure(f"HRESULT 0x80041010,{_COMMAND}", "Invalid class ")


def lost(machine: Machine, name: str) -> bool:
    """Whether the repository lacks the class."""
    return _listed(machine, "missing", name)


def may_ask(machine: Machine, name: str) -> None:
    """Raises `ScriptFailure` for a class in `wmi/denied` (WBEM_E_ACCESS_DENIED)."""
    if _listed(machine, "denied", name):
        raise ScriptFailure(f"HRESULT 0x80041003,{_COMMAND}", "Access denied ")


def _listed(machine: Machine, where: str, name: str) -> bool:
    classes: Any = machine.get("wmi", where) or ()
    return any(name.casefold() == other.casefold() for other in classes)


def part_of_domain(machine: Machine) -> bool:
    """`PartOfDomain` of Win32_ComputerSystem. Raises `ScriptFailure`."""
    need(machine, COMPUTER_SYSTEM)
    return machine.get("domain") is not None
