"""pywinrm's transport with our adapter under it."""

from __future__ import annotations

from typing import Any

import requests
from requests.auth import HTTPBasicAuth
from winrm.exceptions import WinRMTransportError
from winrm.transport import Transport

from provisioner.links.bounded import check_markup
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
        """A session with our adapter under its one scheme, deaf to the environment's proxies and .netrc."""
        fresh = self.session is None
        session = super().build_session()
        if fresh:
            self._mount(session)
            self._speak_utf8(session)
        return session

    def send_message(self, message: str | bytes) -> bytes:
        """The answer's XML, checked after decryption and before pywinrm parses it."""
        try:
            return check_markup(super().send_message(message))
        except WinRMTransportError as error:
            # pywinrm parses the bodies of errors too: they may be SOAP faults.
            check_markup(error.response_text.encode())
            raise

    def close_session(self) -> None:
        """Also forget the sealing context: a new connection starts a new one."""
        super().close_session()
        self.encryption = None

    def _mount(self, session: requests.Session) -> None:
        session.trust_env = False
        # One scheme alone, so that nothing sent for TLS can ever leave without it.
        session.adapters.clear()
        session.mount(self.endpoint.partition("//")[0].lower() + "//", self._adapter)

    def _speak_utf8(self, session: requests.Session) -> None:
        # `requests` encodes text as Latin-1 and fails on everything else; bytes it leaves alone (RFC 7617).
        if isinstance(session.auth, HTTPBasicAuth):
            session.auth = HTTPBasicAuth((self.username or "").encode(), (self.password or "").encode())
