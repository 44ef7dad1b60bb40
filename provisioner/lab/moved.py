"""change.ps1's `Get-MovedField`: which fields of a read reply are no longer what a step rests on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

ASIDE = "aside"
"""Parts of a reply on which no step rests (`Observed`)."""


def moved_fields(was: Any, now: Any, name: str = "") -> Iterator[str]:
    """Dotted paths that differ. Objects field by field, everything else as its JSON."""
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for field in dict.fromkeys([*was, *now]):
            if field.casefold() == ASIDE:
                continue
            path = f"{name}.{field}" if name else field
            yield from moved_fields(_field(was, field), _field(now, field), path)
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for old, new in zip(was, now, strict=True):
            yield from moved_fields(old, new, name)
    elif json.dumps(was) != json.dumps(now):
        yield name


def _field(row: Mapping[str, Any], name: str) -> Any:
    """PowerShell finds properties in any case; a missing one is null."""
    return next((value for key, value in row.items() if key.casefold() == name.casefold()), None)
