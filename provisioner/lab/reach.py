"""Which of a machine's addresses the controller reaches: cable, subnet, router, duplicates.

The controller stands in another network, so every answer goes through the router of the machine's segment. A
segment is the /24 of an address that the manifest names, and its router has the first address in it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Any

from provisioner.resources.base import Machine

CONTROLLER = ipaddress.ip_address("198.18.0.1")
"""Of the range for benchmarks (RFC 2544), in which no site lies. Nobody dials it."""


def segments(addresses: Iterable[str | None]) -> tuple[ipaddress.IPv4Network, ...]:
    """The networks on the switch to which the machine is cabled; names belong to none."""
    found = (_ipv4(address) for address in addresses if address)
    return tuple(
        dict.fromkeys(
            ipaddress.IPv4Network((address, 24), strict=False) for address in found if address is not None
        )
    )


def is_name(address: str) -> bool:
    """Whether a name server must be asked for it."""
    return _ipv4(address) is None


def reachable(machine: Machine, on: tuple[ipaddress.IPv4Network, ...]) -> str | None:
    """The first address at which the machine answers the controller, or None."""
    adapters: Any = machine.get("adapters") or {}
    return next((found for adapter in adapters.values() for found in _answering(adapter, on)), None)


def _answering(adapter: Any, on: tuple[ipaddress.IPv4Network, ...]) -> Iterator[str]:
    if not adapter.get("up"):
        return
    for row in adapter.get("addresses") or ():
        interface = ipaddress.IPv4Interface(f"{row['address']}/{row['prefix']}")
        if row.get("state") == "Preferred" and _answers(interface, adapter, on):
            yield str(interface.ip)


def _answers(interface: ipaddress.IPv4Interface, adapter: Any, on: tuple[ipaddress.IPv4Network, ...]) -> bool:
    for segment in on or (ipaddress.IPv4Network((interface.ip, 24), strict=False),):
        router = segment.network_address + 1
        goes_out = str(router) in (adapter.get("gateways") or ()) and router in interface.network
        # With a mask so wide that the controller seems to stand beside it, the machine never asks the router.
        if interface.ip in segment and goes_out and CONTROLLER not in interface.network:
            return True
    return False


def _ipv4(text: str) -> ipaddress.IPv4Address | None:
    try:
        return ipaddress.IPv4Address(text)
    except ValueError:
        return None
