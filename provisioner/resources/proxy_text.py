"""Proxy settings as Windows keeps them in binary values, read and written.

WinINET's `DefaultConnectionSettings`: a mark (0x46), a counter that goes up with each change, flags, then
proxy, bypass and script address, each with its length in front; WinHTTP's `WinHttpSettings` has another mark
and no script. All numbers are little-endian 32 bits, all text ASCII.
"""

from __future__ import annotations

import re
import struct
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pydantic import JsonValue

NOT_CONFIGURED = "not_configured"
WINHTTP_FORMS = ("direct", "server")
"""All that WinHTTP knows."""
LOCAL = "<local>"
_WININET, _WINHTTP = 0x46, 0x18
_DIRECT, _PROXY, _SCRIPT, _DETECT = 1, 2, 4, 8
_PADDING = bytes(32)
_IN_SCRIPT = re.compile(r"(//)[^/?#\s]*@")
_IN_SERVER = re.compile(r"(^|//|[;=\s])[^/?#;=\s]*@")


@dataclass(frozen=True)
class Connection:
    """What is in force; the texts of ways that are switched off are kept by Windows, and ignored here."""

    server: str = ""
    bypass: str = ""
    script: str = ""
    auto_detect: bool = False

    @classmethod
    def of_blob(cls, blob: bytes) -> Self | None:
        """None where it is none that we understand."""
        try:
            (flags,) = struct.unpack_from("<I", blob, 8)
            server, at = _text(blob, 12)
            bypass, at = _text(blob, at)
            # WinHTTP's ends here.
            script, _ = _text(blob, at) if flags & _SCRIPT else ("", at)
        except (struct.error, UnicodeDecodeError):
            return None
        used = server if flags & _PROXY else ""
        return cls(used, bypass if used else "", script, bool(flags & _DETECT))

    def blob(self, counter: int) -> bytes:
        """For WinINET."""
        head = struct.pack("<III", _WININET, counter % 2**32, self._flags())
        texts = (self.server, self.bypass, self.script)
        return head + b"".join(map(_counted, texts)) + _PADDING

    def winhttp_blob(self) -> bytes:
        """For WinHTTP, which has no script."""
        return struct.pack("<III", _WINHTTP, 0, self._flags()) + _counted(self.server) + _counted(self.bypass)

    def _flags(self) -> int:
        used = ((self.server, _PROXY), (self.script, _SCRIPT), (self.auto_detect, _DETECT))
        return _DIRECT + sum(flag for way, flag in used if way)

    def fact(self) -> JsonValue:
        """In the manifest's form; a text where several ways are on at once, which it cannot say."""
        ways: dict[str, JsonValue] = {}
        if self.auto_detect:
            ways["auto_detect"] = True
        if self.script:
            ways["script"] = _without_credentials(_IN_SCRIPT, self.script)
        if self.server:
            ways |= server_fact(_without_credentials(_IN_SERVER, self.server), entries(self.bypass))
        if len(ways.keys() - {"bypass"}) > 1:
            return " and ".join(f"{name} {value}" for name, value in ways.items() if name != "bypass")
        return ways or {"direct": True}


def _without_credentials(form: re.Pattern[str], address: str) -> str:
    """Somebody may have put a password into it, and facts are printed and kept."""
    return form.sub(r"\1(credentials)@", address)


def server_fact(server: str, bypass: Sequence[str]) -> dict[str, JsonValue]:
    """The order of the bypass list means nothing to Windows."""
    return {"server": server, "bypass": [*sorted(set(bypass))]}


def entries(bypass: str) -> list[str]:
    """Windows takes semicolons and spaces alike."""
    return [entry for entry in re.split(r"[;\s]+", bypass) if entry]


def connection_of(fact: Any) -> Connection:
    """The connection for a declared fact."""
    return Connection(
        fact.get("server", ""),
        ";".join(fact.get("bypass", ())),
        fact.get("script", ""),
        "auto_detect" in fact,
    )


def live_facts(raw: Mapping[str, Any]) -> dict[str, JsonValue]:
    """All three, in the manifest's forms where it has one."""
    return {
        "client": _client(raw["client"]),
        "server": _connection(raw["server"], NOT_CONFIGURED),
        "winhttp": _connection(raw["winhttp"], "direct"),
    }


def _connection(base64: JsonValue, missing: str) -> JsonValue:
    if base64 is None:
        return {missing: True}
    connection = Connection.of_blob(decoded(base64))
    return connection.fact() if connection else "settings that cannot be read"


def _client(raw: Mapping[str, Any]) -> JsonValue:
    """The machine's own, where it is in force; the values that people see must say what WinINET uses."""
    if raw["per_user"] != 0:
        return {NOT_CONFIGURED: True}
    connection = Connection.of_blob(decoded(raw["connection"]))
    if connection is None:
        return "per machine, without connection settings"
    seen = Connection(
        str(raw["server"] or "") if raw["enable"] == 1 else "",
        str(raw["bypass"] or "") if raw["enable"] == 1 and raw["server"] else "",
        str(raw["script"] or ""),
        connection.auto_detect,
    )
    same = seen.fact() == connection.fact()
    return connection.fact() if same else "values and connection settings that say different things"


def decoded(base64: Any) -> bytes:
    """A binary value of a reply; nothing where there is none."""
    return b64decode(base64) if isinstance(base64, str) else b""


def counter_of(blob: bytes) -> int:
    """How often these settings were changed; zero where there are none."""
    return int(struct.unpack_from("<I", blob, 4)[0]) if len(blob) >= 8 else 0


def _counted(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("ascii")


def _text(blob: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", blob, at)
    text = blob[at + 4 : at + 4 + length]
    if len(text) < length:
        raise struct.error("the text is cut off")
    return text.decode("ascii"), at + 4 + length
