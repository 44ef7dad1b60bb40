"""A firewall rule as Windows keeps it: one registry text of fields, read and written (MS-GPFAS 2.2.2.19).

Several `Profile`, `LPort`, `RA4` and `RA6` entries are possible; none of a kind means all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

PROFILES = ("domain", "private", "public")
PROTOCOLS = {"6": "tcp", "17": "udp"}
VERSION = "v2.30"
"""What Windows 10 of 2019 to 2022 writes in front."""

_ORDER = (
    *("Action", "Active", "Dir", "Protocol", "Profile", "LPort", "LPort2_10", "RPort", "RPort2_10"),
    *("LA4", "RA4", "LA6", "RA6", "App", "Svc", "Name", "Desc", "EmbedCtxt"),
)
"""Windows writes them in this order, and what else there is behind."""
_MANAGED = frozenset(
    {"Action", "Active", "Dir", "Protocol", "Profile", "LPort", "LPort2_10", "RA4", "RA6", "App", "Name"}
)
GROUP = "provisioner"
"""Of each rule that we make."""
_NOT_FIELDS = {
    "EmbedCtxt": "group",
    "Desc": "description",
    "Edge": "edge traversal",
    "Platform": "versions of Windows",
    "Platform2": "versions of Windows",
}
_NO_CONDITION = frozenset(_NOT_FIELDS)
_KEYWORD = "LocalSubnet"


@dataclass(frozen=True)
class Rule:
    """One rule in the manifest's words and normal form."""

    display_name: str
    direction: str
    protocol: str
    local_ports: tuple[int | str, ...]
    profiles: tuple[str, ...]
    remote_addresses: tuple[str, ...]
    program: str
    action: str
    enabled: bool
    conditions: tuple[str, ...]
    """What else must hold for it to apply, in Windows' words; we never write these."""
    besides: tuple[str, ...]
    """What else it has that one made by us has not: its group, its description."""


def fields_of(text: str) -> list[tuple[str, str]]:
    """Name and value of each field, in their order, without the version."""
    pairs = (part.partition("=") for part in text.split("|")[1:] if part)
    return [(name, value) for name, _, value in pairs]


def text_of(fields: Iterable[tuple[str, str]]) -> str:
    """The text, in the order in which Windows writes it."""
    place = {name: at for at, name in enumerate(_ORDER)}
    ordered = sorted(fields, key=lambda field: place.get(field[0], len(_ORDER)))
    return "|".join([VERSION, *(f"{name}={value}" for name, value in ordered), ""])


def rule_of(text: str) -> Rule:
    """Lenient: what is not known stays as Windows spells it."""
    several: dict[str, list[str]] = {}
    for name, value in fields_of(text):
        several.setdefault(name, []).append(value)
    one = {name: values[-1] for name, values in several.items()}
    protocol = one.get("Protocol", "any")
    return Rule(
        one.get("Name", ""),
        one.get("Dir", "").lower(),
        PROTOCOLS.get(protocol, protocol),
        normal_ports([*several.get("LPort", []), *several.get("LPort2_10", [])] or ["any"]),
        normal_profiles(value.lower() for value in several.get("Profile", PROFILES)),
        _addresses(several),
        one.get("App", "any"),
        one.get("Action", "").lower(),
        one.get("Active", "").upper() == "TRUE",
        _conditions(several),
        _besides(several),
    )


def _besides(several: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    there = [name for name, values in several.items() if (name, values[-1]) != ("EmbedCtxt", GROUP)]
    return tuple(dict.fromkeys(said for name, said in _NOT_FIELDS.items() if name in there))


def _conditions(several: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    other = {name: values for name, values in several.items() if name not in _MANAGED | _NO_CONDITION}
    return tuple(f"{name}={value}" for name, values in sorted(other.items()) for value in values)


def _addresses(several: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    found = [*several.get("RA4", ()), *several.get("RA6", ())]
    if not found:
        return ("any",)
    words = [field for field in ("RA4", "RA6") if _KEYWORD in several.get(field, ())]
    # The keyword stands once for each family; with one of them alone it is another rule.
    subnet = {2: ["local_subnet"], 1: [f"local_subnet{word[2]}" for word in words]}.get(len(words), [])
    return normal_addresses([*subnet, *(value for value in found if value != _KEYWORD)])


def normal_profiles(given: Iterable[str]) -> tuple[str, ...]:
    """In Windows' order, each once."""
    wanted = set(given)
    return tuple(profile for profile in PROFILES if profile in wanted)


def normal_ports(given: Iterable[int | str]) -> tuple[int | str, ...]:
    """Numbers as numbers, a range of one as its number, in rising order; words such as `any` last."""
    found = {_port(str(port)) for port in given}
    return tuple(sorted(found, key=lambda port: (*(port_range(port) or (2**16, 0)), str(port))))


def _port(port: str) -> int | str:
    first, _, last = port.partition("-")
    return int(first) if first.isdigit() and last in ("", first) else port


def port_range(port: int | str) -> tuple[int, int] | None:
    """First and last port; None for one of Windows' words (RPC, IPHTTPS)."""
    first, _, last = str(port).partition("-")
    if port == "any":
        return 0, 2**16 - 1
    return (int(first), int(last or first)) if first.isdigit() and (last or first).isdigit() else None


def normal_addresses(given: Iterable[str]) -> tuple[str, ...]:
    """A mask is a prefix, a prefix of one address is the address; each once, sorted."""
    return tuple(sorted({normal_address(address) for address in given}))


def normal_address(address: str) -> str:
    """One of them; words of Windows as they are."""
    first, dash, last = address.partition("-")
    if dash and is_address(address):
        ends = str(ip_address(first)), str(ip_address(last))
        return ends[0] if ends[0] == ends[1] else "-".join(ends)
    try:
        network = ip_network(address, strict=False)
    except ValueError:
        return address
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def is_address(text: str) -> bool:
    """Whether it is an address, a network (but not everything) or a range, as Windows takes them."""
    first, dash, last = text.partition("-")
    try:
        if not dash:
            return ip_network(text, strict=False).prefixlen > 0
        ends = ip_address(first), ip_address(last)
    except ValueError:
        return False
    return ends[0].version == ends[1].version and int(ends[0]) <= int(ends[1])


def remote_fields(addresses: Sequence[str]) -> list[tuple[str, str]]:
    """`RA4` and `RA6` as New-NetFirewallRule writes them for these `-RemoteAddress`."""
    fields: list[tuple[str, str]] = []
    for address in addresses:
        if address == _KEYWORD:
            fields += [("RA4", _KEYWORD), ("RA6", _KEYWORD)]
        elif address != "Any":
            fields.append(_remote_field(address))
    return fields


def _remote_field(address: str) -> tuple[str, str]:
    if "/" not in address:
        return f"RA{ip_address(address.partition('-')[0]).version}", address
    network = ip_network(address)
    if network.version == 6:
        return "RA6", str(network)
    return "RA4", f"{network.network_address}/{network.netmask}"
