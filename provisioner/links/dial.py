"""Where a connection goes, which certificate it accepts, and what it costs: one adapter for `requests`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from socket import socket
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError

from provisioner.links.meter import Meter

Dial = Callable[[str, int], tuple[str, int] | None]
"""From the declared address and port to the place to connect to; None where nobody holds the address.

The real network is `straight`; a lab translates to its loopback sockets. Nothing else differs."""


def straight(address: str, port: int) -> tuple[str, int]:
    """Dial what is declared."""
    return address, port


class _Dialled(HTTPConnection):
    dial: Dial
    meter: Meter

    def _new_conn(self) -> socket:
        declared = (self._dns_host, self.port or self.default_port)
        self.meter.met(f"{declared[0]}:{declared[1]}")
        place = self.dial(*declared)
        if place is None:
            raise ConnectTimeoutError(self, f"nobody answers at {declared[0]}:{declared[1]}")
        self._dns_host, self.port = place
        try:
            opened = super()._new_conn()
        finally:
            self._dns_host, self.port = declared
        self.meter.connections += 1
        return opened


class LineAdapter(HTTPAdapter):
    """Dials through `dial`, pins the certificate by SHA-256 where `pin` is given, and counts.

    With a pin the name is not checked, so it survives a rename of the host; urllib3 compares the
    fingerprint while it connects, before any request and so any credential is sent.
    """

    def __init__(self, dial: Dial, meter: Meter, pin: str | None) -> None:
        self._dial = dial
        self._meter = meter
        self._pin = pin
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Called by `requests` to build the pools."""
        if self._pin:
            kwargs |= {"assert_fingerprint": self._pin, "assert_hostname": False}
        super().init_poolmanager(*args, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = self._pools()

    def _pools(self) -> dict[str, Any]:
        marks = {"dial": staticmethod(self._dial), "meter": self._meter}
        plain = type("DialledHTTP", (_Dialled,), marks)
        secure = type("DialledHTTPS", (HTTPSConnection, _Dialled), marks)
        return {
            "http": type("HTTPPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("HTTPSPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Count every request that leaves, handshakes included: `requests-ntlm` comes through here too."""
        self._meter.requests += 1
        self._meter.bytes_sent += _size(request.headers, request.body)
        response = super().send(request, *args, **kwargs)
        length = int(response.headers.get("Content-Length") or 0)
        self._meter.bytes_received += _size(response.headers, None) + length
        return response


def _size(headers: Mapping[str, Any], body: Any) -> int:
    return sum(len(name) + len(str(value)) + 4 for name, value in headers.items()) + len(body or b"")
