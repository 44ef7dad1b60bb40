"""The multipart framing of encrypted WinRM messages (MS-WSMV 2.2.9.1)."""

from __future__ import annotations

import re
import struct

from provisioner.lab.logon import NtlmLogon

PROTOCOL = "application/HTTP-SPNEGO-session-encrypted"
CONTENT_TYPE = f'multipart/encrypted;protocol="{PROTOCOL}";boundary="Encrypted Boundary"'
_OCTETS = b"\tContent-Type: application/octet-stream\r\n"
_END = b"--Encrypted Boundary--\r\n"


class NotSealed(Exception):
    """The body is not one encrypted message, or not one of this connection."""


def is_sealed(content_type: str) -> bool:
    """Whether a request says that its body is encrypted."""
    return content_type.strip().lower().startswith("multipart/encrypted")


def unseal(logon: NtlmLogon, body: bytes) -> bytes:
    """The plain message. Raises `NotSealed`."""
    head, found, rest = body.partition(_OCTETS)
    length = re.search(rb"Length=(\d+)", head)
    if not found or length is None or not rest.endswith(_END) or len(rest) < 4:
        raise NotSealed("not a multipart/encrypted body")
    (size,) = struct.unpack("<I", rest[:4])
    sealed = rest[4 : -len(_END)]
    try:
        plain = logon.unwrap(sealed[:size], sealed[size:])
    except Exception as error:
        # A message sealed in an earlier connection, or bytes that never were one.
        raise NotSealed("the message does not belong to this connection") from error
    if len(plain) != int(length[1]):
        raise NotSealed("the message does not have the length it says")
    return plain


def seal(logon: NtlmLogon, message: bytes) -> bytes:
    """The body of an encrypted answer."""
    header, sealed = logon.wrap(message)
    return (
        f"--Encrypted Boundary\r\n\tContent-Type: {PROTOCOL}\r\n"
        f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={len(message)}\r\n"
        "--Encrypted Boundary\r\n"
    ).encode() + b"".join((_OCTETS, struct.pack("<I", len(header)), header, sealed, _END))
