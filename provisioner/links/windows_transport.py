"""pywinrm's transport with our adapter under it."""

from __future__ import annotations

from typing import Any

import requests
from winrm.transport import Transport

from provisioner.links.dial import LineAdapter


class DialledTransport(Transport):
    """Mounts the adapter before the first byte leaves.

    pywinrm opens its NTLM context from inside `build_session`, so mounting after that call would be too
    late: the handshake would go past pin, book and counter.
    """

    def __init__(self, adapter: LineAdapter, connect_seconds: int, **settings: Any) -> None:
        super().__init__(**settings)
        self._adapter = adapter
        # `requests` takes a pair: time to connect, time to read.
        self.read_timeout_sec = (connect_seconds, self.read_timeout_sec)  # type: ignore[assignment]

    def setup_encryption(self, session: requests.Session) -> None:
        """The handshake for message encryption, through our adapter."""
        self._mount(session)
        super().setup_encryption(session)

    def build_session(self) -> requests.Session:
        """A session with our adapter under both schemes, deaf to the environment's proxies and .netrc."""
        fresh = self.session is None
        session = super().build_session()
        if fresh:
            self._mount(session)
        return session

    def close_session(self) -> None:
        """Also forget the sealing context: a new connection starts a new one."""
        super().close_session()
        self.encryption = None

    def _mount(self, session: requests.Session) -> None:
        session.trust_env = False
        session.mount("http://", self._adapter)
        session.mount("https://", self._adapter)
