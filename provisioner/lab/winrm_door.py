"""The WinRM door of one machine: a port on loopback, its connections, its power switch."""

from __future__ import annotations

import contextlib
import threading
from socket import socket

from provisioner.lab.certificate import Certificate
from provisioner.lab.counters import Counters
from provisioner.lab.disturb import disturb
from provisioner.lab.premises import Premises
from provisioner.lab.reception import cut
from provisioner.lab.stage import Stage
from provisioner.lab.winrm_http import Conversation
from provisioner.lab.winrs import Process, Shells
from provisioner.lab.wsman_service import WsmanService

HANDSHAKE_SECONDS = 10.0


class WinrmDoor:
    """Listens while its machine is up. With a certificate it is HTTPS and offers Basic too."""

    def __init__(self, stage: Stage, premises: Premises, certificate: Certificate | None) -> None:
        self.stage = stage
        self.premises = premises
        self.certificate = certificate
        self.shells = Shells()
        self.counters = Counters()
        self.service = WsmanService(stage, self.shells, premises.player)
        self.service.started = self._disturb_output
        self.name = stage.machine.name
        self._tls = certificate.context() if certificate else None
        self._connections: dict[socket, socket] = {}
        """By the socket that was accepted, the one that is spoken on: TLS puts another in its place."""
        self._lock = threading.Lock()
        self.port = premises.reception.open(self._connected)

    @property
    def url(self) -> str:
        """Where the door really is."""
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}/wsman"

    @property
    def open_connections(self) -> int:
        """Connections of clients that are there now."""
        return len(self._connections)

    def refuse(self) -> None:
        """Refuse new connections until `resume`."""
        self.premises.reception.refuse(self.port)

    def resume(self) -> None:
        """Accept connections again."""
        self.premises.reception.resume(self.port, self._connected)

    def power_off(self) -> None:
        """The machine goes down: refused, reset, shells and their processes gone."""
        self.refuse()
        self.shells.power_off()
        self.cut_all()

    def cut_all(self) -> None:
        """Reset every connection."""
        with self._lock:
            for connection in self._connections.values():
                cut(connection)

    def _connected(self, connection: socket) -> None:
        self.counters.connection()
        self._track(connection, connection)
        threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket) -> None:
        # OSError: the client went away, disliked our certificate, or the connection was cut under us.
        with contextlib.suppress(OSError), self._secured(connection) as secured:
            self._track(connection, secured)
            Conversation(secured, self)
        self._track(connection, None)

    def _secured(self, connection: socket) -> socket:
        if self._tls is None:
            return connection
        connection.settimeout(HANDSHAKE_SECONDS)
        try:
            return self._tls.wrap_socket(connection, server_side=True)
        except OSError:
            connection.close()
            raise

    def _track(self, accepted: socket, secured: socket | None) -> None:
        with self._lock:
            self._connections.pop(accepted, None)
            if secured is not None:
                self._connections[accepted] = secured

    def _disturb_output(self, process: Process) -> None:
        injected = self.premises.faults.take(self.name, "output")
        if injected is not None:
            disturb(process, injected)
