"""How each declared proxy is written: rows of the registry, and the words of `bitsadmin` and `netsh`."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from provisioner.resources.proxy_simulated import CONNECTIONS, MACHINE, POLICY
from provisioner.resources.proxy_text import (
    LOCAL,
    NOT_CONFIGURED,
    connection_of,
    counter_of,
    decoded,
)

_BLOBS = ("DefaultConnectionSettings", "SavedLegacySettings")
_TOP_PORT = 65_535
_BITSADMIN = {"direct": "NO_PROXY", "auto_detect": "AUTODETECT", NOT_CONFIGURED: "RESET"}


def is_host(text: str) -> bool:
    """Nothing with a space or semicolon in it, which would be two."""
    return text == LOCAL or re.fullmatch(r"[A-Za-z0-9*.:\[\]_-]+", text) is not None


def checked_place(declared: Any) -> Any:
    """A host or the address of a script; neither message repeats what was declared, which may be secret."""
    if not isinstance(declared, str):
        return declared
    authority = re.split(r"[/?#\\]", declared.partition("://")[2] or declared, maxsplit=1)[0]
    if "@" in authority:
        raise ValueError("credentials are not managed: leave out what stands before the `@`, and the `@`")
    port = re.search(r":([0-9]{1,5})$", authority)
    if port and not 1 <= int(port[1]) <= _TOP_PORT:
        raise ValueError(f"a port is a number from 1 to {_TOP_PORT}")
    return declared


def client_values(fact: Any, raw: Mapping[str, Any]) -> list[JsonValue]:
    """The switch is set last and taken away first, so that nobody is sent to half a proxy."""
    clear = NOT_CONFIGURED in fact
    connection = connection_of(fact)
    texts = {
        "ProxyServer": connection.server,
        "ProxyOverride": connection.bypass,
        "AutoConfigURL": connection.script,
    }
    counter = counter_of(decoded(raw["connection"])) + 1
    blob = None if clear else b64encode(connection.blob(counter)).decode("ascii")
    rows = [
        _row(MACHINE, "ProxyEnable", "DWord", None if clear else int(bool(connection.server))),
        *(_row(MACHINE, name, "String", text or None) for name, text in texts.items()),
        *(_row(rf"{MACHINE}\{CONNECTIONS}", name, "Binary", blob) for name in _BLOBS),
    ]
    switch = _row(POLICY, "ProxySettingsPerUser", "DWord", None if clear else 0)
    return [switch, *rows] if clear else [*rows, switch]


def _row(key: str, name: str, type_: str, value: JsonValue) -> JsonValue:
    return {"key": key, "name": name, "type": type_, "value": value}


def bitsadmin(fact: Any) -> list[JsonValue]:
    """What follows `/util /setieproxy LOCALSYSTEM`; a bypass list is separated by spaces there."""
    if "script" in fact:
        return ["AUTOSCRIPT", fact["script"]]
    if "server" in fact:
        # An empty argument would be lost on its way: bitsadmin takes NULL for no list.
        return ["MANUAL_PROXY", fact["server"], " ".join(fact["bypass"]) or "NULL"]
    (form,) = fact
    return [_BITSADMIN[form]]


def netsh(fact: Any) -> list[JsonValue]:
    """What follows `winhttp`; a bypass list is separated by semicolons there."""
    if "server" not in fact:
        return ["reset", "proxy"]
    bypass = ";".join(fact["bypass"])
    return ["set", "proxy", f"proxy-server={fact['server']}", *[f"bypass-list={bypass}"] * bool(bypass)]
