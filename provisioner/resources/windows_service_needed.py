"""Services that must go on as they are, and why: our way in, what we work with, what else is declared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from provisioner.resources.base import Reason, Refusal, Resource, Surroundings
from provisioner.resources.clock import Clock
from provisioner.resources.windows_update import WindowsUpdate

ResourceT = TypeVar("ResourceT", bound=Resource)

ALWAYS: Mapping[str, str] = {
    "winrm": "we come in by it, and without it nobody but a person at the machine could put it right",
    "http": "WinRM answers through it",
    "rpcss": "hardly any service runs without it, WinRM neither",
    "dcomlaunch": "hardly any service runs without it, WinRM neither",
    "rpceptmapper": "hardly any service runs without it, WinRM neither",
    "samss": "no local account can log on without it, ours neither",
    "profsvc": "no account can log on without it, ours neither",
    "lsm": "no session is made without it, ours neither",
    "gpsvc": "logons wait for it, ours too",
    "eventlog": "the services of the network (NlaSvc, Dhcp) and many others do not start without it",
    "nlasvc": "Windows takes every network for public without it, and the rules that let us in may not apply",
    "lanmanworkstation": "accounts and groups are read and written through it",
    "systemeventsbroker": "the task scheduler does not start without it, and our changes run as its tasks",
    "nsi": "no network connection works without it",
    "winmgmt": "the host is read through it",
    "schedule": "changes of the network and installations run as its tasks",
    "bfe": "the firewall stands on it, and Windows does not work as intended without",
    "mpssvc": "without it the rules are gone that let us in; Windows does not support stopping it",
}
"""Must start by themselves and run. Casefolded names."""

ON_DEMAND: Mapping[str, str] = {
    "netprofm": "networks lose their category without it, and the rules that let us in may not apply",
    "keyiso": "it holds the key of the certificate with which WinRM answers over HTTPS",
}
"""Windows starts these when they are asked for: not disabled, not stopped."""


def why_needed(key: str, start: str | None, running: bool | None, around: Surroundings) -> Refusal | None:
    """Why the service may not be declared so."""
    # A delay is no harm to the one that only lets us in; the others are needed early.
    by_itself = start in (None, "automatic") or (start == "automatic_delayed" and key == "winrm")
    if not (by_itself and running is not False) and (why := _must_run(key, around)):
        return Refusal(
            Reason.GUARD,
            f"{key} must start by itself and run: {why[0]}",
            why[1] or "Leave it out, or declare `start: automatic` and `running: true`.",
        )
    if key in ON_DEMAND and (start == "disabled" or running is False):
        return Refusal(
            Reason.GUARD,
            f"{key} must not be disabled or stopped: {ON_DEMAND[key]}",
            "Leave it out, or declare `start: manual` or `start: automatic`, without `running: false`.",
        )
    return _contradiction(key, start, running, around)


def _must_run(key: str, around: Surroundings) -> tuple[str, str] | None:
    if key in ALWAYS:
        return ALWAYS[key], ""
    if key == "dhcp" and not _fixed_address(around):
        return (
            "the host's address is leased, or it is not known to be fixed",
            "Declare a fixed address under `network` and apply that first, or leave the service out.",
        )
    if key == "netlogon" and around.host.part_of_domain is not False:
        return "a member of a domain logs on through it", "Leave it out."
    if key == "cryptsvc" and any(other.kind == "camera_station" for other in around.declared):
        return "`camera_station` of the same host has its signature checked through it", ""
    return None


def _fixed_address(around: Surroundings) -> bool:
    network = around.observed.get(("network", ""))
    return network is not None and network.facts.get("dhcp") is False


def _contradiction(key: str, start: str | None, running: bool | None, around: Surroundings) -> Refusal | None:
    clock, updates = _declared(around, Clock), _declared(around, WindowsUpdate)
    if (
        key == "w32time"
        and clock is not None
        and clock.ntp
        and (start or "automatic", running)
        not in (
            ("automatic", True),
            ("automatic", None),
        )
    ):
        return Refusal(
            Reason.GUARD,
            "`clock.ntp` of the same host needs the time service to start by itself and run",
            "Leave w32time out here, or declare the clock without `ntp`.",
        )
    if key == "wuauserv" and start == "disabled" and updates is not None and updates.install != "disabled":
        return Refusal(
            Reason.GUARD,
            "`windows_update` of the same host says what this service shall do, and disabled it does nothing",
            "Leave wuauserv out here, or declare `windows_update: {install: disabled}`.",
        )
    if (
        key == "msiserver"
        and start == "disabled"
        and any(o.kind == "camera_station" for o in around.declared)
    ):
        return Refusal(
            Reason.GUARD,
            "`camera_station` of the same host is installed by this service",
            "Leave msiserver out here, or declare `start: manual`.",
        )
    if key == "bits" and start == "disabled" and any(o.kind == "proxy" for o in around.declared):
        return Refusal(
            Reason.GUARD,
            "`proxy` of the same host is set through this service for the system account",
            "Leave BITS out here, or declare `start: manual`.",
        )
    return None


def _declared(around: Surroundings, kind: type[ResourceT]) -> ResourceT | None:
    return next((other for other in around.declared if isinstance(other, kind)), None)
