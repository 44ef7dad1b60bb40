"""Where a connection goes, which certificate it accepts, and what it costs: one adapter for `requests`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from socket import socket
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError

from provisioner.links.bounded import BoundedResponse, UnfitAnswer
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
        self._pinned: dict[str, Any] = {"assert_fingerprint": pin, "assert_hostname": False} if pin else {}
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Called by `requests` to build the pools."""
        super().init_poolmanager(*args, **(kwargs | self._pinned))
        self.poolmanager.pool_classes_by_scheme = self._pools()

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """`requests` keeps pools of its own for each proxy; they dial, pin and count like the others.

        What is dialled then is the proxy's address, and the pin is that of the host behind it.
        """
        known = proxy in self.proxy_manager
        pools = super().proxy_manager_for(proxy, **(kwargs | self._pinned))
        if not known:
            pools.pool_classes_by_scheme = self._pools()
        return pools

    def _pools(self) -> dict[str, Any]:
        marks = {"dial": staticmethod(self._dial), "meter": self._meter}
        plain = type("DialledHTTP", (_Dialled,), marks)
        secure = type("DialledHTTPS", (HTTPSConnection, _Dialled), marks)
        return {
            "http": type("HTTPPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("HTTPSPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Count every request that leaves, handshakes included: `requests-ntlm` comes through here too.

        Raises `UnfitAnswer` for a redirect, before `requests` follows it with body and credentials to
        wherever it says, and for packed bodies.
        """
        request.headers["Accept-Encoding"] = "identity"
        self._meter.requests += 1
        self._meter.bytes_sent += _size(request.headers, request.body)
        response = super().send(request, *args, **kwargs)
        self._meter.bytes_received += _size(response.headers, None) + _length(response.headers)
        try:
            _check(response)
        except UnfitAnswer:
            response.close()
            raise
        return response

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """One whose body cannot fill our memory."""
        return BoundedResponse.of(super().build_response(req, resp))


def _check(response: Response) -> None:
    if 300 <= response.status_code < 400:
        raise UnfitAnswer("it answered with a redirect, which WinRM never does")
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise UnfitAnswer("it packed its answer, which nobody asked for")


def _length(headers: Mapping[str, str]) -> int:
    length = headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 16 else 0


def _size(headers: Mapping[str, Any], body: Any) -> int:
    return sum(len(name) + len(str(value)) + 4 for name, value in headers.items()) + len(body or b"")
