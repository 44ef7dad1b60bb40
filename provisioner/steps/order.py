"""In which order items are changed: needs make waves over the site, and an order inside a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from provisioner.errors import ManifestError
from provisioner.steps.items import Desired, by_address


def waves(desired: Desired, wanted: Sequence[str]) -> list[list[str]]:
    """Addresses to change, wave by wave; `wanted` are those that change, in registry order per host.

    A need on another host starts a new wave; a need on the same host only orders the batch.
    Raises `ManifestError` for a cycle.
    """
    items = by_address(desired)
    needs = {where: [n for n in resource.needs if n in items] for where, (_, resource) in items.items()}
    level: dict[str, int] = {}
    changing = frozenset(wanted)
    ordered = _sorted(needs, list(items))
    for where in ordered:
        host = items[where][0]
        level[where] = max(
            (level[n] + (items[n][0] != host and n in changing) for n in needs[where]), default=0
        )
    position = {where: at for at, where in enumerate(ordered)}
    chosen = sorted(wanted, key=lambda where: (level[where], position[where]))
    return [[where for where in chosen if level[where] == at] for at in sorted({level[w] for w in wanted})]


def _sorted(needs: Mapping[str, Sequence[str]], registry_order: Sequence[str]) -> list[str]:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for where in registry_order:
        sorter.add(where, *needs[where])
    try:
        return list(sorter.static_order())
    except CycleError as error:
        names = " -> ".join(error.args[1])
        raise ManifestError(
            f"these items need each other in a circle: {names}", next_step="Take one of the needs out."
        ) from error
