"""The whole simulated site: one twin per host, the network between, and the folder that keeps them."""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from provisioner.errors import LabError
from provisioner.lab.factory import factory_new
from provisioner.lab.faults import Faults, fault_from
from provisioner.lab.logon import nt_hash
from provisioner.lab.machine import SimulatedMachine
from provisioner.lab.network import LOOPBACK, Network
from provisioner.lab.personality import load_personality
from provisioner.lab.places import set_by_hand
from provisioner.lab.premises import Premises
from provisioner.lab.reception import Reception
from provisioner.lab.saving import Saver, read_json, write_json
from provisioner.lab.shape import HostShape, SiteShape, account_of, factory_address, fingerprint, port_of
from provisioner.lab.twin import DOWN_SECONDS, Twin
from provisioner.records.paths import private_folder

CRYPTOGRAPHY = r"HKLM\SOFTWARE\Microsoft\Cryptography"


class World:
    """The twin of one site, kept in `folder`. What is there already is taken up, the rest is factory-new.

    Raises `LabError` where `lab.yaml` is wrong.
    """

    def __init__(self, site: SiteShape, folder: Path, *, down_seconds: float = DOWN_SECONDS) -> None:
        self.site = site
        self.fingerprint = fingerprint(site)
        self._machines = private_folder(private_folder(folder) / "machines")
        self._personality = load_personality(site.path, [host.name for host in site.hosts])
        self._passwords = self._draw_passwords(folder / "passwords.json")
        self._saver = Saver()
        self.network = Network()
        self.faults = Faults()
        self._reception = Reception()
        self._premises = Premises(
            self._reception, self.faults, private_folder(folder / "doors"), self._saver.flush
        )
        self.twins = {host.name: self._twin(host, down_seconds) for host in site.hosts}
        self._saver.flush()

    def endpoints(self) -> dict[str, Any]:
        """How to reach and log on to every host, and the book from declared addresses to loopback."""
        return {"hosts": [self._endpoint(host) for host in self.site.hosts]}

    def status(self) -> dict[str, Any]:
        """Counts and state of every host."""
        return {"site": self.site.name, "hosts": {name: twin.status() for name, twin in self.twins.items()}}

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
            self._arrive(host)
        self._saver.flush()

    def open_connections(self) -> int:
        """Connections to all doors."""
        return sum(twin.door.open_connections for twin in self.twins.values())

    def close(self) -> None:
        """Close all doors and write what is left."""
        self._reception.close()
        for twin in self.twins.values():
            twin.close()
        self._saver.close()

    def _twin(self, host: HostShape, down_seconds: float) -> Twin:
        path = self._machines / f"{host.name}.json"
        kept = read_json(path)
        content = kept if isinstance(kept, dict) else self._factory_new(host)
        twin = Twin(
            content,
            self._premises,
            https=host.connect.https,
            saved=lambda: self._saver.changed(path, lambda: twin.machine.content()),
            down_seconds=down_seconds,
        )
        self.twins_arrive(host, twin)
        return twin
