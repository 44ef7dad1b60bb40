"""Windows' proxy settings for the client and the server (manual: Client and Server proxy settings)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from provisioner.resources import proxy_simulated, proxy_writing
from provisioner.resources.base import (
    Ask,
    Asking,
    Change,
    Changing,
    Facts,
    Machine,
    Observed,
    Refusal,
    Resource,
)
from provisioner.resources.comparing import differing, owned_by_policy
from provisioner.resources.proxy_text import NOT_CONFIGURED, WINHTTP_FORMS, live_facts, server_fact

_RESTART = {
    "client": "programs take the proxy up when they start: restart AXIS Camera Station client",
    "server": "services take the system account's proxy up when they start: restart AXIS Camera Station "
    "server",
    "winhttp": "services take the WinHTTP proxy up when they start",
}
_HOST = r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])"
_FORMS = ("direct", "auto_detect", "script", "server", NOT_CONFIGURED)


class ProxySettings(BaseModel):
    """One of `direct: true`, `auto_detect: true`, `script`, `server` or `not_configured: true`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    direct: Literal[True] | None = Field(default=None, description="No proxy.")
    auto_detect: Literal[True] | None = Field(
        default=None, description="Ask the network for a proxy (WPAD, Automatically detect settings)."
    )
    script: Annotated[str | None, BeforeValidator(proxy_writing.checked_place)] = Field(
        default=None,
        pattern=rf"^https?://{_HOST}(:[1-9][0-9]{{0,4}})?([/?][!#-~]*)?$",
        description="Address of a script that says which proxy to use: http://proxy.example/proxy.pac",
    )
    server: Annotated[str | None, BeforeValidator(proxy_writing.checked_place)] = Field(
        default=None,
        pattern=rf"^{_HOST}:[1-9][0-9]{{0,4}}$",
        description="Host and port of one proxy for everything: proxy.harbour.example:8080. Its user name "
        "and password cannot be managed.",
    )
    bypass: list[str] | None = Field(
        default=None,
        description="With `server`: hosts that are reached without it. `*` stands for anything "
        "(`*.harbour.example`), `<local>` for every name without a dot. The whole list; default none.",
    )
    not_configured: Literal[True] | None = Field(
        default=None,
        description="As Windows is delivered. Client: each person has their own settings.",
    )

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        said = [name for name in _FORMS if getattr(self, name) is not None]
        if len(said) != 1:
            raise ValueError(f"say exactly one of {', '.join(_FORMS)}")
        if self.bypass is not None and self.server is None:
            raise ValueError("`bypass` needs `server`")
        if unfit := [host for host in self.bypass or () if not proxy_writing.is_host(host)]:
            raise ValueError(f"{unfit[0]!r} is no host; write each host of `bypass` as an item of its own")
        return self

    @property
    def form(self) -> str:
        """Which of them it is."""
        return next(name for name in _FORMS if getattr(self, name) is not None)

    def fact(self) -> dict[str, JsonValue]:
        """In the form of live facts."""
        if self.server is not None:
            return server_fact(self.server, self.bypass or ())
        return {self.form: getattr(self, self.form)}


class Proxy(Resource):
    """The proxies of Windows itself.

    What is entered in AXIS Camera Station as manual proxy settings lies in its own store and is out of reach:
    leave it on Windows' settings (client) and on `System account internet option` (server). User name and
    password of a proxy cannot be managed.
    """

    kind: ClassVar = "proxy"
    confidential: ClassVar = frozenset({"connection", "server", "script", "winhttp"})
    title: ClassVar = "Client and server proxy settings"
    examples: ClassVar[tuple[Mapping[str, Any], ...]] = (
        {
            "client": {
                "server": "proxy.harbour.example:8080",
                "bypass": ["192.0.2.*", "*.harbour.example", "<local>"],
            },
            "server": {"server": "192.0.2.9:3128"},
        },
        {
            "client": {"script": "http://proxy.harbour.example/proxy.pac"},
            "server": {"script": "http://proxy.harbour.example/proxy.pac"},
            "winhttp": {"server": "192.0.2.9:3128", "bypass": ["time.example"]},
        },
        {"client": {"auto_detect": True}, "server": {"direct": True}},
    )

    client: ProxySettings | None = Field(
        default=None,
        description="Client proxy settings: of every person at the machine (policy Make proxy settings "
        "per-machine).",
    )
    server: ProxySettings | None = Field(
        default=None,
        description="Server proxy settings: the system account's, which AXIS Camera Station server uses with "
        "its default `System account internet option`.",
    )
    winhttp: ProxySettings | None = Field(
        default=None,
        description="Of services that use WinHTTP, Windows Update among them; `direct` or `server`. Default: "
        "what `server` says if that is one of the two, else it is left as it is, since WinHTTP knows no "
        "other.",
    )

    @model_validator(mode="after")
    def _winhttp_knows_two(self) -> Self:
        if self.winhttp is not None and self.winhttp.form not in WINHTTP_FORMS:
            raise ValueError(f"`winhttp` knows no `{self.winhttp.form}`; say `direct: true` or a `server`")
        return self

    def facts(self) -> Facts:
        """Each with its whole bypass list, sorted."""
        both = self.server if self.server is not None and self.server.form in WINHTTP_FORMS else None
        sides = {"client": self.client, "server": self.server, "winhttp": self.winhttp or both}
        return {name: side.fact() for name, side in sides.items() if side is not None}

    def as_before(self, before: Facts) -> Mapping[str, JsonValue]:
        """WinHTTP by itself, also where `server` spoke for it: the two may have differed."""
        return {name: before[name] for name in self.facts() if name in before}

    def refuse(self, live: Observed) -> Refusal | None:
        """A policy that holds the switch for every person would put it back."""
        raw: Mapping[str, Any] = live.rests_on
        facts: Mapping[str, Any] = self.facts()
        if "client" not in differing(facts, live.facts):
            return None
        per_user = raw["client"]["per_user"]
        wanted = None if NOT_CONFIGURED in facts["client"] else 0
        # A 0 may be our own, so of a domain only another number is known to be its word.
        by_domain = raw["part_of_domain"] and per_user not in (None, 0)
        if per_user != wanted and (by_domain or raw["client"]["in_policy_file"]):
            return owned_by_policy(frozenset({"client"}), by_domain)
        return None

    @classmethod
    def read(cls, wanted: Sequence[Self]) -> Asking[Mapping[str, Observed]]:
        """From the registry; what `netsh` and `bitsadmin` print is translated."""
        reply = yield Ask(cls.kind)
        facts = live_facts(reply.value)
        changed = differing(wanted[0].facts(), facts) if wanted else frozenset()
        notes = tuple(said for name, said in _RESTART.items() if name in changed)
        return {"": Observed(facts, reply.value, notes=notes)}

    def update(self, live: Observed) -> Changing[None]:
        """Only what differs."""
        raw: Mapping[str, Any] = live.rests_on
        facts = self.facts()
        changed = differing(facts, live.facts)
        arguments: dict[str, JsonValue] = {
            "values": proxy_writing.client_values(facts["client"], raw["client"])
            if "client" in changed
            else [],
            "server": proxy_writing.bitsadmin(facts["server"]) if "server" in changed else None,
            "winhttp": proxy_writing.netsh(facts["winhttp"]) if "winhttp" in changed else None,
        }
        yield Change(self.kind, "update", arguments)

    @classmethod
    def simulate(
        cls, machine: Machine, verb: str, arguments: Mapping[str, JsonValue]
    ) -> Mapping[str, JsonValue]:
        """The proxy settings of the lab's machine."""
        if verb == "read":
            return proxy_simulated.read(machine)
        return proxy_simulated.write(machine, arguments)
