"""The manifest's JSON Schema (2020-12), for editors and other people's validators."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from provisioner.manifest.shape import declared_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
EXPRESSION = {
    "title": "Expression",
    "description": "A Jinja2 expression over `vars`; may give a value of any type.",
    "type": "string",
    "pattern": r"\{\{|\{%",
}
_PART = "InBase"


def site_schema() -> dict[str, Any]:
    """The schema of one manifest file.

    A manifest that extends a base may leave out what the base says, so then nothing but names is required.
    """
    declared = _with_expressions(deepcopy(declared_schema()))
    definitions = declared.pop("$defs")
    definitions["Whole"] = declared
    parts = {f"{name}{_PART}": _as_part(schema) for name, schema in definitions.items()}
    return {
        "$schema": DIALECT,
        "title": "Site manifest",
        "type": "object",
        "if": {"required": ["extends"]},
        "then": {"$ref": f"#/$defs/Whole{_PART}"},
        "else": {"$ref": "#/$defs/Whole"},
        "$defs": {"Expression": EXPRESSION, **definitions, **parts},
    }


def _with_expressions(schema: dict[str, Any]) -> dict[str, Any]:
    """Let an expression stand wherever a value may; it is evaluated before anything is validated."""
    for definition in schema.get("$defs", {}).values():
        _widen(definition)
    _widen(schema, keep=("vars", "extends"))
    return schema


def _widen(schema: Any, keep: tuple[str, ...] = ()) -> None:
    if not isinstance(schema, dict):
        return
    properties = schema.get("properties", {})
    for name, value in properties.items():
        if name not in keep:
            _widen(value)
            properties[name] = _or_expression(value)
    if isinstance(schema.get("items"), dict):
        _widen(schema["items"])
        schema["items"] = _or_expression(schema["items"])
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        _widen(one)


def _or_expression(schema: dict[str, Any]) -> dict[str, Any]:
    """An annotation stays outside, where editors look for it; a default of nothing is not shown."""
    if schema == {"type": "string"}:
        return schema
    notes = {key: schema[key] for key in ("title", "description", "default") if schema.get(key) is not None}
    rest = {key: value for key, value in schema.items() if key not in ("title", "description", "default")}
    return {**notes, "anyOf": [rest, {"$ref": "#/$defs/Expression"}]}


def _as_part(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_as_part(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    part = {key: _as_part(value) for key, value in schema.items()}
    if isinstance(part.get("$ref"), str) and not part["$ref"].endswith("/Expression"):
        part["$ref"] += _PART
    if isinstance(part.get("required"), list):
        part["required"] = [name for name in part["required"] if name == "name"]
    return part
