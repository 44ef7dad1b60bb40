"""What only the twin needs: `lab.yaml` beside the manifest, read only for the lab.

    hosts:
      control-room-1:
        computer_name: DESKTOP-7F3K2LM
        language: sv-SE
        set:
          clock/offset_ms: 90000

Every key is optional; `set` takes places as `lab set` does. Times and numbers are whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from provisioner.errors import LabError
from provisioner.lab.factory_people import LANGUAGES


class HostPersonality(BaseModel):
    """How one machine differs from the factory's."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    computer_name: str | None = None
    language: Literal[LANGUAGES] = "en-US"  # type: ignore[valid-type]
    """Of Windows: what its own accounts and groups are called."""
    set: dict[str, JsonValue] = {}


class Personality(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    hosts: dict[str, HostPersonality] = {}

    def of(self, host: str) -> HostPersonality:
        """The host's, or the factory's own."""
        return self.hosts.get(host, HostPersonality())


def load_personality(site_path: Path, hosts: Iterable[str]) -> Personality:
    """Read the file that belongs to a site. Raises `LabError`."""
    folder = site_path if site_path.is_dir() else site_path.parent
    path = folder / "lab.yaml"
    if not path.is_file():
        return Personality()
    try:
        personality = Personality.model_validate(_yaml(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise LabError(f"{where}: {first['msg']}", where=str(path)) from error
    _check_hosts(personality, tuple(hosts), path)
    return personality


def _yaml(path: Path) -> Any:
    try:
        return YAML(typ="safe", pure=True).load(path.read_text("utf-8")) or {}
    except YAMLError as error:
        raise LabError(f"not readable as YAML: {error}", where=str(path)) from error


def _check_hosts(personality: Personality, hosts: tuple[str, ...], path: Path) -> None:
    for name in personality.hosts:
        if name not in hosts:
            close = get_close_matches(name, hosts, 1)
            hint = f"Did you mean '{close[0]}'?" if close else f"There are: {', '.join(hosts)}."
            raise LabError(f"the manifest has no host '{name}'.", where=str(path), next_step=hint)
