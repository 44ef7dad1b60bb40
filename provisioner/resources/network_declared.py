"""Addresses as they are declared for a network, checked and in their normal form."""

from __future__ import annotations

import ipaddress
from typing import Any


def interface(text: str) -> str:
    """An address with its prefix, as it is compared. Raises `ValueError`, as all of these do."""
    try:
        found = ipaddress.IPv4Interface(text)
    except ValueError:
        raise ValueError(f"{text!r} is no address; write it with its prefix: `192.0.2.21/24`") from None
    network = found.network
    if "/" not in text or not 1 <= network.prefixlen <= 30:
        raise ValueError(f"{text!r} needs a prefix from 1 to 30: `192.0.2.21/24`")
    if found.ip in (network.network_address, network.broadcast_address) or _is_of_no_host(found.ip):
        raise ValueError(f"{found.ip} is the address of a network, not of one host; write the host's own")
    return str(found)


def _is_of_no_host(address: ipaddress.IPv4Address) -> bool:
    kept_for_others = address.is_multicast or address.is_reserved or int(address) >> 24 == 0
    return kept_for_others or address.is_loopback or address.is_link_local


def ipv4(text: str) -> str:
    """One address."""
    try:
        found = ipaddress.IPv4Address(text)
    except ValueError:
        raise ValueError(f"{text!r} is no IPv4 address; write it like `192.0.2.1`") from None
    if _is_of_no_host(found):
        raise ValueError(f"{found} is the address of no host; write one that can answer")
    return str(found)


def gateway(text: str) -> str:
    """A router, or none."""
    return text if text == "none" else ipv4(text)


def mac(text: str) -> str:
    """Twelve digits."""
    digits = text.replace("-", "").replace(":", "").upper()
    if len(digits) != 12 or not set(digits) <= set("0123456789ABCDEF"):
        raise ValueError(f"{text!r} is no MAC address; write it like `B8-A4-4F-00-00-01`")
    return digits


def really_dhcp(declared: Any) -> Any:
    """DHCP is declared by `true` alone."""
    if declared is not True:
        raise ValueError("a machine without DHCP has an address; say `address` and `gateway` instead")
    return declared


def check_gateway(interface: ipaddress.IPv4Interface, gateway: ipaddress.IPv4Address) -> None:
    """A router that the machine can reach."""
    network = interface.network
    if gateway not in network or gateway in (network.network_address, network.broadcast_address):
        raise ValueError(
            f"the gateway {gateway} is not in the subnet {network}; correct the gateway, or the prefix"
        )
    if gateway == interface.ip:
        raise ValueError(f"the gateway {gateway} is the machine itself; write the router's address")
