"""The proxy settings of a factory-new terminal: only the system account looks for one."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from provisioner.resources.proxy_simulated import CONNECTIONS, LOCAL_SYSTEM, MACHINE
from provisioner.resources.proxy_text import Connection


def proxies() -> dict[str, Any]:
    """The registry's keys."""
    searching = Connection(auto_detect=True).blob(2)
    return {
        MACHINE: {"MinorVersion": {"type": "String", "data": "0"}},
        rf"{MACHINE}\{CONNECTIONS}": {"WinHttpSettings": _binary(Connection().winhttp_blob())},
        rf"{LOCAL_SYSTEM}\{CONNECTIONS}": {"DefaultConnectionSettings": _binary(searching)},
    }


def _binary(content: bytes) -> dict[str, str]:
    return {"type": "Binary", "data": b64encode(content).decode("ascii")}
