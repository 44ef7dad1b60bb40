"""Where declared and live differ, field by field. The only importer of deepdiff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deepdiff import DeepDiff
from pydantic import JsonValue

from provisioner.resources.base import Facts
from provisioner.resources.comparing import differs


def differing(declared: Facts, live: Facts) -> list[str]:
    """Top-level fields that differ. Plain comparison: deepdiff is 150 times slower and most are equal."""
    return [name for name, wanted in declared.items() if differs(wanted, live.get(name))]


def explain(declared: Facts, live: Facts, names: Sequence[str]) -> list[tuple[str, JsonValue, JsonValue]]:
    """`(field path, before, after)` of every leaf that differs below these fields."""
    rows: list[tuple[str, JsonValue, JsonValue]] = []
    for name in names:
        wanted = declared[name]
        before = _as_declared(wanted, live.get(name))
        if isinstance(before, Mapping) and isinstance(wanted, Mapping):
            rows += _leaves(name, before, wanted)
        else:
            rows.append((name, before, wanted))
    return rows


def _as_declared(declared: JsonValue, live: JsonValue) -> JsonValue:
    if isinstance(declared, Mapping) and isinstance(live, Mapping):
        return {key: _as_declared(inner, live.get(key)) for key, inner in declared.items()}
    return live


def _leaves(name: str, before: Any, after: Any) -> list[tuple[str, JsonValue, JsonValue]]:
    tree = DeepDiff(before, after, view="tree")
    rows = {}
    for change in (change for group in tree.values() for change in group):
        path = change.path(output_format="list")
        # A list is shown whole: "what was in it" reads better than which index moved.
        depth = next((at for at, step in enumerate(path) if isinstance(step, int)), len(path))
        keys = [str(step) for step in path[:depth]]
        rows[".".join([name, *keys])] = (_at(before, keys), _at(after, keys))
    return [(field, was, now) for field, (was, now) in sorted(rows.items())]


def _at(value: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
