"""The AXIS Camera Station client: at least this version, from a package that lies on the machine.

The server is left alone: neither its installer's properties nor its services' names are public.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from provisioner.resources import camera_station_simulated
from provisioner.resources.base import (
    Ask,
    Asking,
    Change,
    Changing,
    Facts,
    Machine,
    Observed,
    Reason,
    Refusal,
    Resource,
    Risk,
    Surroundings,
)

Version: TypeAlias = tuple[int, int, int]
MOST_SECONDS = 1800
"""How long an installation may take while we wait for it."""
FIRST_PRO = 6
"""AXIS Camera Station Pro began with 6; its client takes the place of version 5's (same upgrade code)."""
_VERSION = re.compile(r"(\d{1,9})\.(\d{1,9})\.(\d{1,9})(\.\d+)?")
_CLIENT = re.compile(r"AXIS Camera Station( Pro| 5)?( Client)?( [\d.]+)?", re.IGNORECASE)
_PACKAGE = re.compile(r"(?i)\\AXISCameraStation\w*?Client_(?P<version>[\d.]+)\.msi$")


def parsed(version: Any) -> Version | None:
    """Its three parts; a fourth one says nothing. None for what is no version."""
    parts = _VERSION.fullmatch(str(version).strip())
    return (int(parts[1]), int(parts[2]), int(parts[3])) if parts else None


class Package(BaseModel):
    """An installer, and what it is told. Its own defaults say yes to all, so each is said here."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    path: str = Field(
        pattern=r"^[A-Za-z]:\\[^\"'`<>|?*%:/\x00-\x1f]+\.[Mm][Ss][Ii]$",
        description="Where it lies on the machine's own disc or stick; no share: we cannot log on to one.",
        examples=[r"D:\Install\AXISCameraStationProClient_6.18.27687.msi"],
    )
    sha256: str = Field(
        pattern=r"^[0-9A-Fa-f]{64}$", description="Its SHA-256; another file is not installed."
    )
    feedback: bool = Field(description="Whether the client sends usage data to Axis.")
    disable_old_tls: bool = Field(
        description="Switch TLS 1.0 and 1.1 off in all of Windows, with the next restart."
    )
    firewall_rules: bool = Field(
        description="Whether the installer makes its firewall rules; say no where they are declared here."
    )
    desktop_shortcut: bool = Field(default=True, description="Whether it puts a shortcut on the desktop.")

    def properties(self) -> list[str]:
        """On msiexec's line. The client is never started: it would run as the system."""
        told = {
            "LAUNCHCLIENT": False,
            "FEEDBACKPERMISSION": self.feedback,
            "DISABLETLSPERMISSION": self.disable_old_tls,
            "FIREWALLPERMISSION": self.firewall_rules,
            "INSTALLDESKTOPSHORTCUT": self.desktop_shortcut,
        }
        return [f"{name}={int(yes)}" for name, yes in told.items()]


class CameraStation(Resource):
    """The client on a terminal: installed or upgraded where it is older, never made older."""

    kind: ClassVar = "camera_station"
    title: ClassVar = "AXIS Camera Station"
    not_taken_back: ClassVar[Mapping[str, str]] = {"version": "an older version is not put back"}
    examples: ClassVar[tuple[Mapping[str, Any], ...]] = (
        {
            "version": "6.18.27687",
            "replaces_camera_station_5": True,
            "package": {
                "path": r"D:\Install\AXISCameraStationProClient_6.18.27687.msi",
                "sha256": "5f3c1e7a9b2d4068c1fe7d3a52b6984e0d7c2b1a3f495e6872839405162738fa",
                "feedback": False,
                "disable_old_tls": True,
                "firewall_rules": False,
            },
        },
        {
            "product": "client",
            "version": "6.0.1",
            "replaces_camera_station_5": True,
            "package": {
                "path": r"D:\Install\AXISCameraStationProClient_6.18.27687.msi",
                "sha256": "5F3C1E7A9B2D4068C1FE7D3A52B6984E0D7C2B1A3F495E6872839405162738FA",
                "feedback": True,
                "disable_old_tls": False,
                "firewall_rules": True,
                "desktop_shortcut": False,
            },
        },
    )

    product: Literal["client"] = Field(default="client", description="Only the client is managed.")
    version: str = Field(
        pattern=r"^[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}$",
        description="At least this one, as Axis writes it: `6.18.27687`. A newer one stays.",
    )
    replaces_camera_station_5: Literal[True] | None = Field(
        default=None, description="Allow that AXIS Camera Station Pro takes the place of version 5."
    )
    package: Package | None = Field(
        default=None, description="What to install it from; without one an older version is only reported."
    )

    @model_validator(mode="after")
    def _package_is_new_enough(self) -> Self:
        named = _PACKAGE.search(self.package.path) if self.package else None
        holds = parsed(named["version"]) if named else None
        if holds is not None and holds < self._least:
            raise ValueError(
                f"the package is of version {'.'.join(map(str, holds))}, older than `version`; declare a "
                "newer package, or the version that it holds"
            )
        return self

    @property
    def _least(self) -> Version:
        least = parsed(self.version)
        assert least is not None
        return least

    def facts(self) -> Facts:
        """The version alone: what an installer was told cannot be read back."""
        return {"version": ".".join(map(str, self._least))}

    def refuse(self, live: Observed) -> Refusal | None:
        """Asked only where no version or an older one is installed."""
        raw: Mapping[str, Any] = live.rests_on
        installed = parsed(live.facts["version"])
        if raw["server"]:
            return _refused(
                "the AXIS Camera Station server is installed here, and its client is a part of it",
                "Upgrade both at the machine with the server's installer, or leave `camera_station` out.",
            )
        if installed is None and live.facts["version"] is not None:
            return _refused(
                "the installed client tells no version that can be compared",
                "See at the machine which it is; repair or remove it there, then plan again.",
            )
        if installed and installed[0] < FIRST_PRO <= self._least[0] and not self.replaces_camera_station_5:
            return Refusal(
                Reason.GUARD,
                f"AXIS Camera Station {live.facts['version']} would be replaced by AXIS Camera Station Pro, "
                "which cannot talk to a server of version 5",
                "Declare `replaces_camera_station_5: true` where that is meant.",
            )
        if raw["installer"] == "Disabled":
            return _refused(
                "the Windows Installer service (msiserver) is disabled, so nothing can be installed",
                "Declare it under `windows_services` with `start: manual`, apply that, then plan again.",
            )
        return self._no_package(live.facts["version"], raw["package_there"])

    def _no_package(self, installed: JsonValue, there: bool | None) -> Refusal | None:
        has = f"version {installed} is installed" if installed else "the client is not installed"
        if self.package is None:
            return _refused(
                f"{has}, and no `package` is declared to install {self.version} from",
                "Declare `package` with its path on the machine and its SHA-256, or install it by hand.",
            )
        if not there:
            return _refused(
                f"{has}, and there is no file {self.package.path} on the machine",
                "Copy the installer there or plug in the stick that holds it, or correct the path.",
            )
        return None

    def guard(self, live: Observed, around: Surroundings) -> Refusal | None:
        """The installer would close the client under the eyes of whoever works with it."""
        user = around.host.logged_on
        if user == "":
            return None
        who = f"{user} is logged on" if user else "it is not known who is logged on"
        return Refusal(
            Reason.GUARD,
            f"{who} at the machine's screen, and the installation would close the client there",
            "Sign out at the machine (or have its operator do so), then apply again.",
        )

    def risks(self, changed: frozenset[str]) -> tuple[Risk, ...]:
        """The installer may ask for a restart."""
        return (Risk.RESTART, Risk.STOPS_RECORDING)

    def restart_pending(self, live: Observed) -> bool:
        """Marked by the installation, until the machine has started anew."""
        return live.rests_on["restart_pending"] is True

    def as_before(self, before: Facts) -> Mapping[str, JsonValue]:
        """Nothing: an older version is not put back."""
        return {}

    @classmethod
    def read(cls, wanted: Sequence[Self]) -> Asking[Mapping[str, Observed]]:
        """Of the package only whether it is there: its SHA-256 takes long."""
        package = wanted[0].package if wanted else None
        reply = yield Ask(cls.kind, {"package": package.path if package else None})
        raw: Mapping[str, Any] = reply.value
        return {"": _observed(raw, wanted[0]._least if wanted else (0, 0, 0))}

    def update(self, live: Observed) -> Changing[None]:
        """One installation; `refuse` has seen to it that there is a package."""
        assert self.package is not None
        yield Change(
            self.kind,
            "update",
            {
                "path": self.package.path,
                "sha256": self.package.sha256.lower(),
                "properties": [*self.package.properties()],
                "most_seconds": MOST_SECONDS,
            },
        )

    @classmethod
    def simulate(
        cls, machine: Machine, verb: str, arguments: Mapping[str, JsonValue]
    ) -> Mapping[str, JsonValue]:
        """The installer of the lab's machine."""
        if verb == "read":
            return camera_station_simulated.read(machine, arguments)
        return camera_station_simulated.write(machine, arguments)


def _refused(what: str, next_step: str) -> Refusal:
    return Refusal(Reason.NOT_ON_THIS_HOST, what, next_step)


def _observed(raw: Mapping[str, Any], least: Version) -> Observed:
    clients = [row for row in raw["products"] if _CLIENT.fullmatch(row["name"].strip())]
    newest = max(clients, key=lambda row: parsed(row["version"]) or (0, 0, 0), default=None)
    facts: Facts = {"version": None if newest is None else _at_least(newest, least)}
    return Observed(facts, raw, notes=(*_notes(raw, newest, least),))


def _at_least(newest: Mapping[str, Any], least: Version) -> str:
    """As declared where it is that or newer, so that only an older one differs."""
    installed = parsed(newest["version"])
    return "not known" if installed is None else ".".join(map(str, min(installed, least)))


def _notes(raw: Mapping[str, Any], newest: Mapping[str, Any] | None, least: Version) -> list[str]:
    notes = []
    installed = parsed(newest["version"]) if newest else None
    if newest and installed and installed > least:
        notes.append(f"{newest['name']} {newest['version']} is installed, newer than declared")
    others = [row["name"] for row in raw["products"] if not _CLIENT.fullmatch(row["name"].strip())]
    if others:
        notes.append(f"not taken for the client: {', '.join(sorted(others))}")
    if raw["left_over"]:
        notes.append(f"an earlier installation left its log in {camera_station_simulated.FOLDER}")
    return notes
