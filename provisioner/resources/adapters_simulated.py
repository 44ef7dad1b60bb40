"""The network commands of Windows on the lab's machine: each function is what one command does to an adapter.

What is active lies in `adapters`, what the next start takes in the registry. Both change, as they do where a
command is given no policy store.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from pydantic import JsonValue

from provisioner.resources.base import Machine
from provisioner.resources.registry_values import RegistryType, drop_value, read_value, write_value

INTERFACES = r"HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\Interfaces"
SELF_GIVEN = "169.254.7.7"
"""What the machine gives itself where no DHCP server answers (RFC 3927)."""
_FLAG = "DisableDhcpOnConnect"


def switch_dhcp_off(machine: Machine, guid: str) -> None:
    """`Set-NetIPInterface -Dhcp Disabled`: the lease is gone, and its router with it."""
    if not machine.get("adapters", guid, "dhcp"):
        return
    machine.put("adapters", guid, "dhcp", value=False)
    _store(machine, guid, "EnableDHCP", "DWord", 0)
    rows: Any = machine.get("adapters", guid, "addresses")
    machine.put("adapters", guid, "addresses", value=[row for row in rows if row["origin"] == "Manual"])
    machine.put("adapters", guid, "gateways", value=_stored(machine, guid, "DefaultGateway"))


def switch_dhcp_on(machine: Machine, guid: str) -> None:
    """`Set-NetIPInterface -Dhcp Enabled`, which Windows ignores while the flag of a pulled cable is there."""
    if read_value(machine, rf"{INTERFACES}\{guid}", _FLAG) == 1:
        return
    machine.put("adapters", guid, "dhcp", value=True)
    _store(machine, guid, "EnableDHCP", "DWord", 1)
    if machine.get("adapters", guid, "up"):
        lease(machine, guid)


def forget_pulled_cable(machine: Machine, guid: str) -> None:
    """`Remove-ItemProperty` of the flag."""
    if read_value(machine, rf"{INTERFACES}\{guid}", _FLAG) is not None:
        drop_value(machine, rf"{INTERFACES}\{guid}", _FLAG)


def lease(machine: Machine, guid: str) -> None:
    """What the DHCP server at this port offers, or the address that the machine then gives itself."""
    offer: Any = machine.get("adapters", guid, "offer")
    row: JsonValue = {"address": SELF_GIVEN, "prefix": 16, "origin": "WellKnown", "state": "Preferred"}
    if offer is not None:
        row = {"address": offer["address"], "prefix": offer["prefix"], "origin": "Dhcp", "state": "Preferred"}
    machine.put("adapters", guid, "addresses", value=[row])
    # A static router that was left behind stays, as a second one.
    router = [offer["gateway"]] if offer else []
    machine.put("adapters", guid, "gateways", value=_stored(machine, guid, "DefaultGateway") + router)
    for name, (type_, data) in leased(offer).items():
        _store(machine, guid, name, type_, data)


def leased(offer: Any) -> dict[str, tuple[RegistryType, JsonValue]]:
    """What the registry keeps of a lease; name servers are separated by spaces there."""
    if offer is None:
        return {}
    return {
        "DhcpIPAddress": ("String", offer["address"]),
        "DhcpSubnetMask": ("String", mask(offer["prefix"])),
        "DhcpDefaultGateway": ("MultiString", [offer["gateway"]]),
        "DhcpNameServer": ("String", " ".join(offer["dns"])),
    }


def remove_routers(machine: Machine, guid: str) -> None:
    """`Remove-NetRoute` of the default routes."""
    if machine.get("adapters", guid, "gateways"):
        machine.put("adapters", guid, "gateways", value=[])
        _store(machine, guid, "DefaultGateway", "MultiString", [])


def remove_addresses(machine: Machine, guid: str) -> None:
    """`Remove-NetIPAddress` of all."""
    if machine.get("adapters", guid, "addresses"):
        machine.put("adapters", guid, "addresses", value=[])
        _store(machine, guid, "IPAddress", "MultiString", [])
        _store(machine, guid, "SubnetMask", "MultiString", [])


def add_address(machine: Machine, guid: str, address: str, prefix: int, gateway: str | None) -> None:
    """`New-NetIPAddress` on an adapter without DHCP, address and router."""
    row: JsonValue = {
        "address": address,
        "prefix": prefix,
        "origin": "Manual",
        "state": _state(machine, guid, address),
    }
    machine.put("adapters", guid, "addresses", value=[row])
    _store(machine, guid, "IPAddress", "MultiString", [address])
    _store(machine, guid, "SubnetMask", "MultiString", [mask(prefix)])
    if gateway is not None:
        machine.put("adapters", guid, "gateways", value=[gateway])
        _store(machine, guid, "DefaultGateway", "MultiString", [gateway])
    if not machine.get("adapters", guid, "up"):
        _store(machine, guid, _FLAG, "DWord", 1)


def come_to_life(machine: Machine, guid: str) -> None:
    """With the cable in, looking for other machines with the addresses comes to its end."""
    rows: Any = machine.get("adapters", guid, "addresses")
    looked = [row | {"state": _state(machine, guid, row["address"])} for row in rows]
    machine.put("adapters", guid, "addresses", value=looked)


def set_name_servers(machine: Machine, guid: str, servers: list[str]) -> None:
    """`Set-DnsClientServerAddress`; none is those of the DHCP server."""
    _store(machine, guid, "NameServer", "String", ",".join(servers))


def set_category(machine: Machine, guid: str, category: str) -> None:
    """`Set-NetConnectionProfile`."""
    if machine.get("adapters", guid, "category") != category:
        machine.put("adapters", guid, "category", value=category)


def mask(prefix: int) -> str:
    """A prefix as the registry writes it: 24 is 255.255.255.0."""
    return str(ipaddress.IPv4Network(f"0.0.0.0/{prefix}").netmask)


def _state(machine: Machine, guid: str, address: str) -> str:
    """How looking for another machine with this address ends."""
    if not machine.get("adapters", guid, "up"):
        return "Tentative"
    taken: Any = machine.get("adapters", guid, "taken") or ()
    return "Duplicate" if address in taken else "Preferred"


def _stored(machine: Machine, guid: str, name: str) -> list[JsonValue]:
    found = read_value(machine, rf"{INTERFACES}\{guid}", name)
    return [*found] if isinstance(found, list) else []


def _store(machine: Machine, guid: str, name: str, type_: RegistryType, data: JsonValue) -> None:
    write_value(machine, rf"{INTERFACES}\{guid}", name, type_, data)
