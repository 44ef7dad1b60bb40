"""The whole simulated site: one twin per host, the network between, and the folder that keeps them."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from provisioner.errors import LabError
from provisioner.lab.changes_door import ChangesDoor
from provisioner.lab.engine import Engine
from provisioner.lab.factory import factory_new
from provisioner.lab.faults import Faults, fault_from
from provisioner.lab.kept import kept_map, state_folder
from provisioner.lab.logon import admit
from provisioner.lab.machine import SimulatedMachine
from provisioner.lab.network import LOOPBACK, Network
from provisioner.lab.nt_hash import nt_hash
from provisioner.lab.personality import load_personality
from provisioner.lab.places import set_by_hand
from provisioner.lab.powershell import Powershell
from provisioner.lab.premises import Premises
from provisioner.lab.programs import Player, simulated
from provisioner.lab.reach import is_name, reachable, segments
from provisioner.lab.reception import Reception
from provisioner.lab.saving import Saver, write_json
from provisioner.lab.shape import HostShape, SiteShape, account_of, factory_address, fingerprint, port_of
from provisioner.lab.twin import DOWN_SECONDS, Twin
from provisioner.records.paths import private_folder


class World:
    """The twin of one site, kept in `folder`. What is there already is taken up, the rest is factory-new.

    With `powershell` the scripts run in that engine instead of being simulated. Raises `LabError` where
    `lab.yaml` is wrong, the folder is not a lab's, or what it keeps is damaged.
    """

    def __init__(
        self,
        site: SiteShape,
        folder: Path,
        *,
        down_seconds: float = DOWN_SECONDS,
        powershell: Powershell | None = None,
    ) -> None:
        self.site = site
        self.powershell = powershell
        self.fingerprint = fingerprint(site)
        self._machines = private_folder(state_folder(folder) / "machines")
        self._personality = load_personality(site.path, [host.name for host in site.hosts])
        # Read before anything starts: a damaged machine leaves no door open behind it.
        kept = {host.name: kept_map(self._kept_at(host)) for host in site.hosts}
        self._passwords = self._draw_passwords(folder / "passwords.json")
        self._saver = Saver()
        self.network = Network()
        self.faults = Faults()
        self.reception = Reception()
        self._premises = Premises(
            self.reception, self.faults, private_folder(folder / "doors"), self._saver.flush, self._player()
        )
        self.moved: Callable[[], None] = lambda: None
        """Called when a machine answers somewhere else than before."""
        self.twins: dict[str, Twin] = {}
        self.twins |= {host.name: self._twin(host, kept[host.name], down_seconds) for host in site.hosts}
        self._endpoints: tuple[int, dict[str, Any]] = (-1, {})
        self._saver.flush()

    def endpoints(self) -> dict[str, Any]:
        """How to reach and log on to every host, and the book from declared addresses to loopback.

        The same object until a host moves, so that a thousand hosts do not build it a thousand times.
        """
        version = self.network.version
        if self._endpoints[0] != version:
            self._endpoints = (version, {"hosts": [self._endpoint(host) for host in self.site.hosts]})
        return self._endpoints[1]

    def status(self) -> dict[str, Any]:
        """What plays the scripts, and counts and state of every host."""
        return {
            "site": self.site.name,
            "powershell": self.powershell and str(self.powershell.program),
            "hosts": {name: twin.status() for name, twin in self.twins.items()},
        }

    def twin(self, host: str) -> Twin:
        """One host. Raises `LabError` with the name that may have been meant."""
        if host not in self.twins:
            close = get_close_matches(host, self.twins, 1)
            hint = f"Did you mean '{close[0]}'?" if close else f"There are: {', '.join(self.twins)}."
            raise LabError(f"the lab has no host '{host}'.", next_step=hint)
        return self.twins[host]

    def inject(self, row: dict[str, Any]) -> None:
        """Set a fault; `refuse` begins at once. Raises `LabError`."""
        fault = fault_from(row)
        if fault.host != "*":
            self.twin(fault.host)
        if fault.effect != "refuse":
            self.faults.add(fault)
            return
        for twin in self.twins.values():
            if fault.host in ("*", twin.name):
                twin.refuse_for(float(fault.argument))

    def reset(self) -> None:
        """Every machine is factory-new again, with new GUIDs; ports and passwords stay."""
        self.faults.clear()
        for host in self.site.hosts:
            self.twins[host.name].replace(self._factory_new(host))
        self._saver.flush()

    def open_connections(self) -> int:
        """Connections to all doors."""
        return sum(twin.door.open_connections for twin in self.twins.values())

    def close(self) -> None:
        """Close all doors and write what is left."""
        self.reception.close()
        for twin in self.twins.values():
            twin.close()
        self._saver.close()

    def _player(self) -> Player:
        if self.powershell is None:
            return simulated
        return Engine(self.powershell, ChangesDoor(self.reception)).play

    def _kept_at(self, host: HostShape) -> Path:
        return self._machines / f"{host.name}.json"

    def _twin(self, host: HostShape, kept: dict[str, JsonValue] | None, down_seconds: float) -> Twin:
        path = self._kept_at(host)
        twin = Twin(
            self._factory_new(host) if kept is None else kept,
            self._premises,
            https=host.connect.https,
            saved=lambda: self._changed(host, path, twin.machine),
            down_seconds=down_seconds,
        )
        self._changed(host, path, twin.machine)
        admit(twin.machine, account_of(host.connect), nt_hash(self._passwords[host.name]))
        return twin

    def _changed(self, host: HostShape, path: Path, machine: SimulatedMachine) -> None:
        self._saver.changed(path, machine.content)
        self._place(host, machine)

    def _place(self, host: HostShape, machine: SimulatedMachine) -> None:
        """Where the machine answers now; what was connected to where it no longer is hears nothing more."""
        connect = host.connect
        declared = (connect.address, connect.first_address)
        found = reachable(machine, segments(declared))
        if found is not None and found not in declared:
            # A name follows the machine, as a name server that takes dynamic updates sees to.
            found = next((name for name in reversed(declared) if name and is_name(name)), found)
        moved = self.network.hold(host.name, found, port_of(connect))
        if moved and host.name in self.twins:
            self.moved()
            self.twins[host.name].door.cut_all()

    def _factory_new(self, host: HostShape) -> dict[str, JsonValue]:
        """The same world in every fresh lab, but for GUIDs and MAC addresses."""
        personality = self._personality.of(host.name)
        content: dict[str, JsonValue] = factory_new(
            host.name,
            seed=secrets.token_hex(16),
            computer_name=personality.computer_name or _factory_name(self.site.name, host.name),
            accounts={account_of(host.connect): nt_hash(self._passwords[host.name])},
            now_ms=time.time_ns() // 1_000_000,
            address=factory_address(host.connect),
            language=personality.language,
        )
        machine = SimulatedMachine(content)
        for place, value in personality.set.items():
            set_by_hand(machine, place, value)
        return machine.content()

    def _endpoint(self, host: HostShape) -> dict[str, Any]:
        door = self.twins[host.name].door
        address, port = self.network.where(host.name)
        return {
            "name": host.name,
            "role": "+".join(host.roles),
            "address": address or "",
            "url": door.url,
            "username": host.connect.username,
            "password": self._passwords[host.name],
            "certificate_sha256": door.certificate.sha256 if door.certificate else None,
            # Where no way leads to it, a line that nobody can ask for.
            "book": [f"{address or ''}:{port}", f"{LOOPBACK}:{door.port}"],
        }

    def _draw_passwords(self, path: Path) -> dict[str, str]:
        passwords: dict[str, str] = kept_map(path) or {}
        for host in self.site.hosts:
            passwords.setdefault(host.name, f"{secrets.token_urlsafe(18)}.aA1")
        write_json(path, passwords)
        return passwords


def _factory_name(site: str, host: str) -> str:
    """As Windows setup draws one: DESKTOP- and seven characters; here always the same for a host."""
    drawn = hashlib.sha256(f"{site}/{host}".encode()).digest()
    return "DESKTOP-" + base64.b32encode(drawn).decode()[:7]
