"""Declared items by host, and their addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from provisioner.resources.base import Ask, Resource

Desired: TypeAlias = Mapping[str, Sequence[Resource]]
"""Declared resources by host name, in registry order."""


def address(host: str, kind: str, key: str = "") -> str:
    """`host/kind`, or `host/kind/key` where a host may have several of the kind."""
    return f"{host}/{kind}/{key}" if key else f"{host}/{kind}"


def by_kind(resources: Sequence[Resource]) -> dict[str, list[Resource]]:
    """Resources of one host, grouped for one read per kind."""
    groups: dict[str, list[Resource]] = {}
    for resource in resources:
        groups.setdefault(resource.kind, []).append(resource)
    return groups


def by_address(desired: Desired) -> dict[str, tuple[str, Resource]]:
    """Host and resource of every item."""
    return {
        address(host, resource.kind, resource.key): (host, resource)
        for host, resources in desired.items()
        for resource in resources
    }


def asked(resource: Resource) -> Ask:
    """The question whose answer a change of this item rests on."""
    ask = next(type(resource).read([resource]))
    assert isinstance(ask, Ask)
    return ask
