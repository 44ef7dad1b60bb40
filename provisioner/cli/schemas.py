"""The published schemas, from the models themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from provisioner.errors import UsageError
from provisioner.manifest.schema import site_schema
from provisioner.steps.plan_value import plan_schema

SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {"site": site_schema, "plan": plan_schema}


def schema_text(name: str) -> str:
    """One schema as it is committed. Raises `UsageError` for another name."""
    if name not in SCHEMAS:
        raise UsageError(f"there is no schema {name!r}", next_step=f"There are: {', '.join(SCHEMAS)}.")
    return json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=True) + "\n"


def write_schemas(folder: Path) -> list[Path]:
    """Write all of them; the paths that were written."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.schema.json" for name in SCHEMAS]
    for name, path in zip(SCHEMAS, paths, strict=True):
        path.write_text(schema_text(name), encoding="ascii", newline="\n")
    return paths
