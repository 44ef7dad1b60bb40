"""How a secret is written in a manifest: always a reference, never the value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import GetPydanticSchema, WithJsonSchema
from pydantic_core import core_schema

from provisioner.resources.base import Secret

HOW_TO_WRITE = "write {env: NAME}, {file: PATH} or {command: [PROGRAM, ARGUMENT, ...]}"
VARIABLE_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"


def _follow(declared: Any) -> Secret:
    """The reference. What was declared is never repeated in an error: it may be the secret itself."""
    if isinstance(declared, Secret):
        return declared
    if not isinstance(declared, Mapping):
        raise ValueError(f"a secret must be a reference, not the secret itself; {HOW_TO_WRITE}")
    match dict(declared):
        case {"env": str(name), **rest} if not rest and re.fullmatch(VARIABLE_NAME, name):
            return Secret("env", name)
        case {"file": str(path), **rest} if not rest and path:
            return Secret("file", path)
        case {"command": list(words), **rest} if not rest and _is_command(words):
            return Secret("command", tuple(words))
    raise ValueError(f"this is no reference to a secret; {HOW_TO_WRITE}")


def _is_command(words: list[Any]) -> bool:
    return bool(words) and all(isinstance(word, str) for word in words) and bool(words[0])


def _as_written(secret: Secret) -> dict[str, Any]:
    """The form in which it is declared, so that what we keep of a declaration can be declared again."""
    return {secret.source: [*secret.name] if isinstance(secret.name, tuple) else secret.name}


def _one_of(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: schema},
        "required": [name],
        "additionalProperties": False,
    }


_JSON_SCHEMA = {
    "title": "Secret",
    "description": "A reference to a secret: an environment variable, a file, or a command's output.",
    "anyOf": [
        _one_of("env", {"type": "string", "pattern": VARIABLE_NAME, "description": "Environment variable."}),
        _one_of("file", {"type": "string", "minLength": 1, "description": "File below the site folder."}),
        _one_of(
            "command",
            {
                "type": "array",
                "minItems": 1,
                "items": {"type": "string"},
                "description": "Program and arguments; runs only with --allow-command.",
            },
        ),
    ],
}

SecretReference: TypeAlias = Annotated[
    Secret,
    GetPydanticSchema(
        lambda _source, _handler: core_schema.no_info_plain_validator_function(
            _follow,
            serialization=core_schema.plain_serializer_function_ser_schema(_as_written, when_used="json"),
        )
    ),
    WithJsonSchema(_JSON_SCHEMA),
]
"""The type of a field that holds a secret."""
