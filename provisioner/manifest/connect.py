"""How a host is reached: address, transport, account, and what proves that it is the right host."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticKnownError

from provisioner.resources.secret_reference import SecretReference

Transport: TypeAlias = Literal["ntlm", "basic", "certificate", "kerberos", "credssp"]
"""How WinRM knows the account. NTLM, Kerberos and CredSSP encrypt their messages; the others need TLS."""
_OVER_TLS_ONLY = ("basic", "certificate")

_EVERYBODY = ipaddress.IPv4Address("255.255.255.255")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")


class Declared(BaseModel):
    """Base of what only the manifest declares: no unknown keys, no silent conversion."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


def same_address(text: str) -> str:
    """One form for all spellings of an address."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text.casefold().removesuffix(".")


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_of_no_host(text: str) -> bool:
    """Any, several or all hosts of a network (RFC 6890)."""
    address = ipaddress.ip_address(text)
    return address.is_unspecified or address.is_multicast or address == _EVERYBODY


def _address(text: str) -> str:
    labels = text.removesuffix(".").split(".")
    named = len(text) <= 253 and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()
    if not (named or _is_ip(text)):
        raise ValueError(
            "this is neither an IP address nor a host name; write it without scheme, port and path"
        )
    if not named and _is_of_no_host(text):
        raise ValueError("no single host can have this address; write the host's own")
    return text


def _fingerprint(text: str) -> str:
    digits = text.replace(":", "").lower()
    if not re.fullmatch("[0-9a-f]{64}", digits):
        raise ValueError("a SHA-256 fingerprint is 32 bytes in hexadecimal, with or without ':' between them")
    return digits


def _proxy(text: str) -> str:
    if not re.fullmatch(r"https?://[A-Za-z0-9._-]+(:\d{1,5})?/?", text):
        raise ValueError("a proxy is written http://HOST:PORT, without a user or password")
    return text


Address: TypeAlias = Annotated[
    str, AfterValidator(_address), Field(min_length=1, description="IP address or host name.")
]
LocalPath: TypeAlias = Annotated[Path, Field(strict=False)]


class Connect(Declared):
    """The way in to a host's WinRM service."""

    address: Annotated[Address, Field(description="Where the host answers once it is as declared.")]
    first_address: Annotated[
        Address | None, Field(description="Where a factory-new host answers; tried after `address`.")
    ] = None
    port: Annotated[
        int | None, Field(ge=1, le=65535, description="5986 with HTTPS and 5985 without, if not said.")
    ] = None
    transport: Annotated[Transport, Field(description="How the account proves itself.")] = "ntlm"
    https: Annotated[bool, Field(description="Use TLS. If not said: for basic and certificate.")] = False
    username: Annotated[
        str,
        Field(description="Account on the host: NAME, DOMAIN\\NAME or NAME@DOMAIN.", validate_default=True),
    ] = ""
    password: Annotated[
        SecretReference | None,
        Field(description="The account's password, by reference.", validate_default=True),
    ] = None
    certificate_sha256: Annotated[
        str | None,
        AfterValidator(lambda text: text and _fingerprint(text)),
        Field(description="SHA-256 of the host's certificate: this one is accepted and no other."),
    ] = None
    ca_file: Annotated[
        LocalPath | None, Field(description="PEM file of the authority that signed the host's certificate.")
    ] = None
    client_certificate: Annotated[
        LocalPath | None, Field(description="PEM file, for transport: certificate.", validate_default=True)
    ] = None
    client_key: Annotated[
        LocalPath | None, Field(description="PEM file, for transport: certificate.", validate_default=True)
    ] = None
    proxy: Annotated[
        str | None,
        AfterValidator(lambda text: text and _proxy(text)),
        Field(description="http://HOST:PORT. Without it no proxy is used, whatever the environment says."),
    ] = None

    @property
    def effective_port(self) -> int:
        """The declared port, else WinRM's own (MS-WSMV: 5985, with TLS 5986)."""
        return self.port or (5986 if self.https else 5985)

    @model_validator(mode="before")
    @classmethod
    def _https_by_transport(cls, declared: Any) -> Any:
        if not isinstance(declared, Mapping):
            return declared
        return {"https": declared.get("transport") in _OVER_TLS_ONLY, **declared}

    @field_validator("https")
    @classmethod
    def _encrypted(cls, https: bool, info: ValidationInfo) -> bool:
        if not https and info.data.get("transport") in _OVER_TLS_ONLY:
            raise ValueError(
                f"{info.data['transport']} without TLS shows the account to anyone; say 'https: true'"
            )
        return https

    @field_validator("first_address")
    @classmethod
    def _elsewhere(cls, first: str | None, info: ValidationInfo) -> str | None:
        if first and same_address(first) == same_address(info.data.get("address") or ""):
            raise ValueError("this is 'address' again; leave it out")
        return first

    @field_validator("username")
    @classmethod
    def _printable(cls, username: str) -> str:
        if not username.isprintable():
            raise ValueError("a user name has no control characters")
        return username

    @field_validator("username", "password")
    @classmethod
    def _an_account(cls, declared: Any, info: ValidationInfo) -> Any:
        if not declared and info.data.get("transport") != "certificate":
            raise PydanticKnownError("missing")
        return declared

    @field_validator("certificate_sha256", "ca_file")
    @classmethod
    def _of_a_certificate(cls, declared: Any, info: ValidationInfo) -> Any:
        if declared and info.data.get("https") is False:
            raise ValueError("without TLS there is no certificate to check; add 'https: true'")
        return declared

    @field_validator("client_certificate", "client_key")
    @classmethod
    def _of_a_client(cls, declared: Any, info: ValidationInfo) -> Any:
        transport = info.data.get("transport")
        if transport == "certificate" and not declared:
            raise PydanticKnownError("missing")
        if transport not in ("certificate", None) and declared:
            raise ValueError("this is only for 'transport: certificate'")
        return declared
