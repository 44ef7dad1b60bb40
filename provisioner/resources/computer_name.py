"""The computer name of a terminal or server (manual: First-time configuration, step 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, JsonValue

from provisioner.resources import wmi_simulated
from provisioner.resources.base import (
    Ask,
    Asking,
    Change,
    Changing,
    Facts,
    Machine,
    Observed,
    Reason,
    Refusal,
    Resource,
    Risk,
    ScriptFailure,
    Surroundings,
)
from provisioner.resources.registry_values import read_value, write_value

NAMES = r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName"


def _not_only_digits(name: str) -> str:
    if name.isdigit():
        raise ValueError("a computer name cannot be digits only; add a letter")
    return name


class ComputerName(Resource):
    """The NetBIOS name. Windows takes it over at the next restart.

    Windows stores a longer name cut to 15 characters, and a tool that compares the long one restarts for
    ever; so 15 is the limit here (ComputerManagementDsc, `DSC_Computer`).
    """

    kind: ClassVar = "computer_name"
    title: ClassVar = "Computer name"
    shorthand: ClassVar = "name"
    examples: ClassVar[tuple[Mapping[str, Any], ...]] = ({"name": "HARBOUR-CR1"}, {"name": "recorder-07"})

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=15,
            pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$",
            description="1 to 15 letters, digits and hyphens; no hyphen first or last. Case does not matter.",
        ),
        AfterValidator(_not_only_digits),
    ]

    def facts(self) -> Facts:
        """Upper case, since NetBIOS names compare without case."""
        return {"name": self.name.upper()}

    def refuse(self, live: Observed) -> Refusal | None:
        """A domain member's name belongs to the domain: renaming needs rights and a controller there."""
        if not live.rests_on["part_of_domain"]:
            return None
        return Refusal(
            Reason.GUARD,
            "the machine is a domain member, and renaming it needs domain rights that we do not have",
            "Rename it in the domain, then declare the new name here.",
        )

    def guard(self, live: Observed, around: Surroundings) -> Refusal | None:
        """After the restart it must still be found, and still prove who it is."""
        where = around.way_in.addresses[0].partition(".")[0].upper()
        if where == live.facts["active"] != self.name.upper():
            return _found_no_more(around.way_in.addresses[0])
        by_name = around.way_in.https and not around.way_in.pinned
        if by_name and where == self.name.upper() != live.facts["active"]:
            return _certificate_of_another(around.way_in.addresses[0])
        return None

    def risks(self, changed: frozenset[str]) -> tuple[Risk, ...]:
        """Recording on a server stops while it restarts (manual: Configure Windows update settings)."""
        return (Risk.RESTART, Risk.STOPS_RECORDING)

    def restart_pending(self, live: Observed) -> bool:
        """The name is written but the running system still uses the old one."""
        return live.facts["name"] == self.name.upper() != live.facts["active"]

    @classmethod
    def read(cls, wanted: Sequence[Self]) -> Asking[Mapping[str, Observed]]:
        """Compare with the pending name: the active one changes only at the restart."""
        reply = yield Ask(cls.kind)
        facts = {"name": str(reply.value["pending"]).upper(), "active": str(reply.value["active"]).upper()}
        return {"": Observed(facts, reply.value)}

    def update(self, live: Observed) -> Changing[None]:
        """Rename; the restart is the engine's."""
        yield Change(self.kind, "update", {"name": self.name})

    @classmethod
    def simulate(
        cls, machine: Machine, verb: str, arguments: Mapping[str, JsonValue]
    ) -> Mapping[str, JsonValue]:
        """`Rename-Computer` refuses the active name, so a rename is taken back through CIM."""
        active = read_value(machine, rf"{NAMES}\ActiveComputerName", "ComputerName")
        if verb == "read":
            return {
                "active": active,
                "pending": read_value(machine, rf"{NAMES}\ComputerName", "ComputerName"),
                "part_of_domain": wmi_simulated.part_of_domain(machine),
            }
        name = str(arguments["name"])
        _check_rename(machine, str(active or ""), name)
        write_value(machine, rf"{NAMES}\ComputerName", "ComputerName", "String", name.upper())
        return {}


def _found_no_more(address: str) -> Refusal:
    return Refusal(
        Reason.GUARD,
        f"after the restart nobody would find it at {address}: that is the name that it gives up",
        "Write its new name or its IP address in `connect.address`, and the present name in `first_address`.",
    )


def _certificate_of_another(address: str) -> Refusal:
    return Refusal(
        Reason.GUARD,
        f"with HTTPS it must prove to be {address}, and its certificate was made before it had that name",
        "Pin the certificate: `certificate_sha256` below `connect`. A pin holds under every name.",
    )


def _check_rename(machine: Machine, active: str, name: str) -> None:
    """Both ways answer "access denied" (5) on a domain member, each in its own words."""
    member = wmi_simulated.part_of_domain(machine)
    if not member:
        return
    if name.casefold() == active.casefold():
        answer = "Win32_ComputerSystem.Rename answered 5."
        raise ScriptFailure(answer, answer)
    raise ScriptFailure(
        "FailToRenameComputer,Microsoft.PowerShell.Commands.RenameComputerCommand",
        f"Fail to rename computer '{active}' to '{name}' due to the following exception: Access is denied.",
    )
