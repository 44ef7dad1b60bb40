"""What may stand where in a manifest, read off the models: the known keys and what a field means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from provisioner.manifest.site import DeclaredSite

Schema = Mapping[str, Any]


@cache
def declared_schema() -> dict[str, Any]:
    """The JSON Schema that pydantic makes of the models, as it is."""
    return DeclaredSite.model_json_schema(by_alias=True, mode="validation")


def known_keys(path: Sequence[str | int]) -> list[str]:
    """The keys that may stand in the map at this path."""
    keys = {key: None for schema in _at(path) for key in schema.get("properties", {})}
    return list(keys)


def description(path: Sequence[str | int]) -> str:
    """What the field at this path is, in a sentence; empty where it is not described."""
    described = [str(schema["description"]) for schema in _at(path) if "description" in schema]
    return described[0].splitlines()[0] if described else ""


def _at(path: Sequence[str | int]) -> list[Schema]:
    schemas = [*_alternatives(declared_schema())]
    for step in path:
        below = [found for schema in schemas if (found := _below(schema, step)) is not None]
        schemas = [one for schema in below for one in _alternatives(schema)]
    return schemas


def _below(schema: Schema, step: str | int) -> Schema | None:
    found = schema.get("items") if isinstance(step, int) else schema.get("properties", {}).get(step)
    return found if isinstance(found, Mapping) else None


def _alternatives(schema: Schema) -> Iterator[Schema]:
    """The schema and whatever it refers to or offers as alternatives."""
    yield schema
    if "$ref" in schema:
        yield from _alternatives(declared_schema()["$defs"][str(schema["$ref"]).rpartition("/")[2]])
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _alternatives(one)
