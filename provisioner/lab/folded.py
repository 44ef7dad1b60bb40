"""JSON objects whose keys compare without case and keep their stored spelling, as Windows' names do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue


class Folded(dict[str, Any]):
    """One JSON object. Looks a key up in any spelling; writing again keeps the spelling it has."""

    def __init__(self, rows: Mapping[str, JsonValue]) -> None:
        super().__init__()
        self._spelling: dict[str, str] = {}
        for key, value in rows.items():
            self.store(key, value)

    def stored_key(self, key: str) -> str | None:
        """The key as it is written here, or None."""
        return self._spelling.get(key.casefold())

    def find(self, key: str) -> Any:
        """The value under the key in any spelling, or None."""
        stored = self.stored_key(key)
        return None if stored is None else self[stored]

    def store(self, key: str, value: JsonValue) -> None:
        """Write a value; objects in it become folded too."""
        self[self._spelling.setdefault(key.casefold(), key)] = folded(value)

    def remove(self, key: str) -> None:
        """Forget the key; nothing happens when it is not there."""
        stored = self._spelling.pop(key.casefold(), None)
        if stored is not None:
            del self[stored]


def folded(value: JsonValue) -> Any:
    """The same JSON with every object folded."""
    if isinstance(value, Mapping):
        return Folded(value)
    if isinstance(value, list):
        return [folded(inner) for inner in value]
    return value


def plain(value: Any) -> Any:
    """A copy in ordinary dicts and lists."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value
