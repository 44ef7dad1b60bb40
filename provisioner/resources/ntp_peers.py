"""The time servers of w32time: what may be declared, and the text Windows keeps them as."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

CLIENT_AT_SPECIAL_INTERVAL = 0x9
CLIENT_AS_FALLBACK = 0xA
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def _host(text: str) -> str:
    if re.fullmatch(r"[0-9.]+", text):
        try:
            return str(IPv4Address(text))
        except ValueError:
            raise ValueError(f"{text!r} is not an IPv4 address") from None
    if len(text) > 253 or not all(_LABEL.fullmatch(label) for label in text.split(".")):
        raise ValueError(f"{text!r} is not a host name or IPv4 address; write one server per list entry")
    return text


Host = Annotated[
    str, AfterValidator(_host), Field(min_length=1, description="Host name or IPv4 address of the server.")
]


class NtpServer(BaseModel):
    """One time server."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    host: Host
    fallback: bool | None = Field(
        default=None, description="Ask this server only when the others are silent (flag 0xA, not 0x9)."
    )


def _host_alone(declared: Any) -> Any:
    return declared if isinstance(declared, (Mapping, NtpServer)) else {"host": declared}


DeclaredServer = Annotated[NtpServer, BeforeValidator(_host_alone, json_schema_input_type=Host | NtpServer)]


def check_servers(servers: list[NtpServer]) -> list[NtpServer]:
    """w32time takes each host once, and needs one that is not a fallback."""
    hosts = [server.host.casefold() for server in servers]
    for host in hosts:
        if hosts.count(host) > 1:
            raise ValueError(f"{host!r} is listed twice; w32time takes each host once")
    if all(server.fallback for server in servers):
        raise ValueError("every server is a fallback; leave at least one that is not")
    return servers


def peers(servers: Sequence[NtpServer]) -> list[str]:
    """`host,0x9` in order. Two servers that disagree leave no majority, so the second becomes a fallback."""
    pair = len(servers) == 2 and all(server.fallback is None for server in servers)
    return [
        _peer(
            server.host,
            CLIENT_AS_FALLBACK if server.fallback or (pair and place) else CLIENT_AT_SPECIAL_INTERVAL,
        )
        for place, server in enumerate(servers)
    ]


def declared(live: Any) -> list[JsonValue]:
    """The declaration of such a list, every flag said; empty where one has flags that we never write."""
    fallback = {f"{CLIENT_AT_SPECIAL_INTERVAL:#x}": False, f"{CLIENT_AS_FALLBACK:#x}": True}
    pairs = [str(peer).partition(",") for peer in live]
    if any(flags not in fallback for _, _, flags in pairs):
        return []
    return [{"host": host, "fallback": fallback[flags]} for host, _, flags in pairs]


def live_peers(text: str) -> list[str]:
    """The registry's list in the same form: 0x09 is 0x9, case does not count, what is no number stays."""
    return [_normal(entry) for entry in text.replace("\0", " ").split()]


def _normal(entry: str) -> str:
    host, _, flags = entry.partition(",")
    try:
        return _peer(host, int(flags, 16) if flags else 0)
    except ValueError:
        return entry.casefold()


def _peer(host: str, flags: int) -> str:
    return f"{host.casefold()},{flags:#x}"
