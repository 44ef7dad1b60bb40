"""Put on PYTHONPATH by the suite, so that child processes too can reach nothing but loopback."""

import ipaddress
import socket
import sys

_LOOPBACK_NAMES = {"localhost", "127.0.0.1", "::1"}
_NO_NAME = {"", None, b""}
"""Look up nothing; but to bind or connect to them means every interface."""


class NobodyIsDialled(OSError):
    """A test tried to leave this machine."""


def _is_loopback(host):
    if host in _LOOPBACK_NAMES:
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        return text in _LOOPBACK_NAMES or ipaddress.ip_address(text.split("%")[0]).is_loopback
    except ValueError:
        # The machine's own name is looked up by HTTP servers for their banner; it is answered locally.
        return text == socket.gethostname()


def _watch(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.bind"):
        address = args[1]
        if isinstance(address, tuple) and address and not _is_loopback(address[0]):
            raise NobodyIsDialled(f"{event} {address!r}: tests may only use loopback")
    lookup = event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
    if lookup and args[0] not in _NO_NAME and not _is_loopback(args[0]):
        raise NobodyIsDialled(f"{event} {args[0]!r}: tests may look up no names")


sys.addaudithook(_watch)
