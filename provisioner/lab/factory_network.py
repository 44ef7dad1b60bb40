"""The network of a factory-new terminal: one adapter with a cable in it, and a DHCP server behind that."""

from __future__ import annotations

import ipaddress
from typing import Any

from provisioner.resources.adapters_simulated import INTERFACES

NAMED = "192.0.2.200"
"""What a machine gets that the manifest knows by a name only."""


def adapters(guid: str, mac: str, address: str) -> dict[str, Any]:
    """The only adapter, with the lease under which a factory-new machine answers."""
    offer = offered(address)
    lease = {"address": offer["address"], "prefix": offer["prefix"], "origin": "Dhcp", "state": "Preferred"}
    row = {
        "name": "Ethernet",
        "index": 12,
        "mac": mac,
        "up": True,
        "dhcp": True,
        "addresses": [lease],
        "gateways": [offer["gateway"]],
        "category": "Private",
        "offer": offer,
        "taken": [],
    }
    return {guid: row}


def stored(guid: str) -> dict[str, Any]:
    """What the registry keeps of it."""
    return {rf"{INTERFACES}\{guid}": {"EnableDHCP": {"type": "DWord", "data": 1}}}


def offered(address: str) -> dict[str, Any]:
    """What the DHCP server answers at this port: always the same, as by a reservation."""
    try:
        own = ipaddress.IPv4Address(address)
    except ValueError:
        own = ipaddress.IPv4Address(NAMED)
    router = ipaddress.IPv4Network((own, 24), strict=False).network_address + 1
    return {"address": str(own), "prefix": 24, "gateway": str(router), "dns": [str(router + 1)]}
