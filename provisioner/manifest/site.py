"""A site: what is declared (strict models, built from the kinds) and what the steps work on (values)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field, JsonValue, create_model

from provisioner.manifest.connect import Connect, Declared
from provisioner.manifest.window import MaintenanceWindow
from provisioner.resources import ALL
from provisioner.resources.base import Resource

Role: TypeAlias = Literal["terminal", "server"]

Name: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
        description="Up to 63 letters, digits, '-', '_' and '.'; begins with a letter or digit.",
    ),
]
Window: TypeAlias = Annotated[
    MaintenanceWindow | None, Field(description="When a restart is allowed; without one, never by itself.")
]


class DeclaredHost(Declared):
    """What every Windows host has; its settings follow from the registry of kinds."""

    role: ClassVar[Role]

    name: Name
    connect: Connect
    maintenance_window: Window = None

    def resources(self) -> tuple[Resource, ...]:
        """The declared settings, in the order in which a host is changed."""
        return tuple(setting for kind in ALL for setting in self._of(kind))

    def _of(self, kind: type[Resource]) -> tuple[Resource, ...]:
        declared = getattr(self, kind.place())
        if declared is None:
            return ()
        return tuple(declared) if kind.section else (declared,)


def _with_every_kind(title: str, role: Role) -> type[DeclaredHost]:
    sections: dict[str, Any] = {
        kind.place(): (Annotated[list[kind], Field(description=f"{kind.title}.")], None)  # type: ignore[valid-type]
        if kind.section
        else (kind, None)
        for kind in ALL
    }
    model = create_model(title, __base__=DeclaredHost, __doc__=f"A {role}.", **sections)
    model.role = role
    return model


DeclaredTerminal = _with_every_kind("Terminal", "terminal")
DeclaredServer = _with_every_kind("Server", "server")


class DeclaredSite(Declared):
    """The whole manifest. Generated models stand where `DeclaredHost` is written."""

    site: Name
    extends: Annotated[str | None, Field(description="A base manifest, relative to this file.")] = None
    vars: Annotated[dict[str, JsonValue], Field(description="Values for expressions: '{{ name }}'.")] = Field(
        default_factory=dict
    )
    maintenance_window: Window = None
    terminals: Annotated[
        list[DeclaredTerminal],  # type: ignore[valid-type]
        Field(description="Windows PCs on which operators watch."),
    ] = Field(default_factory=list)
    servers: Annotated[
        list[DeclaredServer],  # type: ignore[valid-type]
        Field(description="Windows PCs that record."),
    ] = Field(default_factory=list)


@dataclass(frozen=True)
class Host:
    """One Windows machine and what is declared of it; a machine can be terminal and server."""

    name: str
    roles: tuple[Role, ...]
    connect: Connect
    window: MaintenanceWindow | None
    resources: tuple[Resource, ...]
    """In the order of the registry."""


@dataclass(frozen=True)
class Site:
    """A valid manifest. `digest` is the SHA-256 of everything effective in it; comments do not count."""

    name: str
    hosts: tuple[Host, ...]
    digest: str
    path: Path
    """The manifest file; secrets in files lie below its folder."""

    @property
    def terminals(self) -> tuple[Host, ...]:
        """The hosts that are terminals."""
        return tuple(host for host in self.hosts if "terminal" in host.roles)

    @property
    def servers(self) -> tuple[Host, ...]:
        """The hosts that are servers."""
        return tuple(host for host in self.hosts if "server" in host.roles)
