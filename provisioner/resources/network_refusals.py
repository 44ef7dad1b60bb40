"""Why a network cannot or must not become as declared, and what to do instead."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from provisioner.resources.base import Reason, Refusal

ENDED = frozenset({"reverted", "failed"})
"""States of a change that the machine has taken back, or could not."""


def is_ip(text: str) -> bool:
    """Whether it is an address and no name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def no_adapter(raw: Mapping[str, Any]) -> Refusal:
    """None, or several, of the adapters are meant."""
    names = ", ".join(raw["candidates"]) or "none"
    found = "no network adapter fits" if not raw["matching"] else f"{raw['matching']} network adapters fit"
    return Refusal(
        Reason.NOT_ON_THIS_HOST,
        f"{found}; the machine has: {names}",
        "Say which one is meant: `adapter: {mac: ...}`, or plug in the cable.",
    )


def not_this_category(live: JsonValue) -> Refusal:
    """A category that cannot be set."""
    why = "Windows itself has found the domain there" if live else "Windows has not recognized the network"
    return Refusal(
        Reason.NOT_ON_THIS_HOST,
        f"the category of this network cannot be set: {why}",
        "Leave `category` out for this machine.",
    )


def several(setting: Mapping[str, Any]) -> Refusal:
    """More addresses than a way back holds."""
    addresses = ", ".join(str(row["address"]) for row in setting["addresses"])
    return Refusal(
        Reason.GUARD,
        f"the adapter has several addresses or routers ({addresses}), and they could not all be restored",
        "Remove those that are not needed at the machine, then plan again.",
    )


def nothing_to_restore() -> Refusal:
    """No address, so no way back."""
    return Refusal(
        Reason.GUARD,
        "the adapter has no address and no DHCP, so there is nothing that could be restored",
        "Give it an address at the machine, then plan again.",
    )


def is_under_way(change: Mapping[str, Any] | None) -> bool:
    """One that was taken back is not: what is left of it is cleared away first."""
    return change is None or bool(change and change.get("state") not in ENDED)


def pending(change: Mapping[str, Any] | None) -> Refusal:
    """Another change, or an unknown one."""
    if change is None:
        return Refusal(
            Reason.READ_FAILED,
            "whether another change of its network is pending could not be read",
            "Look at C:\\Program Files\\provisioner\\network on the machine, then plan again.",
        )
    return Refusal(
        Reason.GUARD,
        "another change of its network waits for its confirmation",
        "Wait until it is confirmed or has taken itself back (at most an hour), then plan again.",
    )


def unfindable(where: str, address: str) -> Refusal:
    """The manifest would look elsewhere."""
    return Refusal(
        Reason.GUARD,
        f"with {address} nobody would find it at {where}, where the manifest says that it answers",
        "Write the new address in `connect.address`, and the one it has now in `connect.first_address`.",
    )


def certificate_of_another(where: str) -> Refusal:
    """Its name would be another."""
    return Refusal(
        Reason.GUARD,
        f"with HTTPS it must prove to be {where} once it is there, and its certificate is checked by name",
        "Pin the certificate: `certificate_sha256` below `connect`. A pin holds under every address.",
    )


def shut_out() -> Refusal:
    """The firewall would shut us out."""
    return Refusal(
        Reason.GUARD,
        "on a public network the usual rule for WinRM lets in the machine's own subnet alone",
        "Leave `category` out, or make a rule for WinRM that holds for every profile and set it by hand.",
    )
