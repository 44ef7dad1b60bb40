"""What Windows does by itself when somebody puts a cable in."""

from __future__ import annotations

from typing import Any

from provisioner.resources import adapters_simulated
from provisioner.resources.base import Machine


def noticed(machine: Machine, place: tuple[str, ...]) -> None:
    """Called after a change by hand: with a cable in, DHCP is asked and waiting addresses come to life."""
    room, guid, field = [*place, "", "", ""][:3]
    if (room.casefold(), field.casefold()) != ("adapters", "up") or not machine.get("adapters", guid, "up"):
        return
    rows: Any = machine.get("adapters", guid, "addresses") or []
    if machine.get("adapters", guid, "dhcp") and not rows:
        adapters_simulated.lease(machine, guid)
    elif any(row["state"] == "Tentative" for row in rows):
        adapters_simulated.come_to_life(machine, guid)
