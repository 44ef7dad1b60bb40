"""What is peculiar to proxies: the binary forms, three places for two sides, and who owns the switch."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from pydantic import ValidationError

from provisioner.resources.base import Reason
from provisioner.resources.proxy import Proxy
from provisioner.resources.proxy_simulated import CONNECTIONS, LOCAL_SYSTEM, MACHINE, POLICY
from provisioner.resources.proxy_text import Connection, counter_of, decoded
from provisioner.resources.registry_pol import patch
from provisioner.resources.taking_back import taking_back
from provisioner.resources.windows_update_simulated import POLICY_FILE

from .machine import MemoryMachine, apply, change_of, drift, factory_machine, observe

THROUGH = {"server": "proxy.harbour.example:8080", "bypass": ["*.harbour.example", "<local>"]}
PAC = {"script": "http://proxy.harbour.example/proxy.pac"}


def proxy(**sides: Any) -> Proxy:
    return Proxy.model_validate(sides)


def _blob(machine: MemoryMachine, key: str, name: str = "DefaultConnectionSettings") -> bytes:
    row: Any = machine.get("registry", rf"{key}\{CONNECTIONS}", name)
    return decoded(row["data"])


def _switch(machine: MemoryMachine, number: int) -> None:
    machine.put("registry", POLICY, "ProxySettingsPerUser", value={"type": "DWord", "data": number})


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"client": {}}, "say exactly one of"),
        ({"client": {"direct": True, "server": "a:1"}}, "say exactly one of"),
        ({"client": {"direct": False}}, "Input should be True"),
        ({"client": {"direct": True, "bypass": ["x"]}}, "`bypass` needs `server`"),
        ({"client": {"server": "a:1", "bypass": ["a;b"]}}, "'a;b' is no host"),
        ({"client": {"server": "a:1", "bypass": ["a b"]}}, "an item of its own"),
        ({"client": {"server": "http://a:1"}}, "pattern"),
        ({"client": {"server": "a"}}, "pattern"),
        ({"client": {"script": "file:///c:/proxy.pac"}}, "pattern"),
        ({"winhttp": PAC}, "`winhttp` knows no `script`"),
        ({"winhttp": {"auto_detect": True}}, "say `direct: true` or a `server`"),
        ({"client": {"server": "a:1", "username": "x"}}, "Extra inputs"),
    ],
)
def test_what_cannot_be_declared(declared: Any, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Proxy.model_validate(declared)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("field", "secret"),
    [
        ("script", "http://u:pw9@proxy.harbour.example/proxy.pac"),
        ("script", "https://pw9@proxy.harbour.example"),
        ("script", "http://u:pw9@proxy.harbour.example?x"),
        ("server", "u:pw9@proxy.harbour.example:8080"),
        ("server", "http://u:pw9@proxy.harbour.example:8080"),
    ],
)
def test_credentials_are_refused_and_not_repeated(field: str, secret: str) -> None:
    for side in ("client", "server"):
        with pytest.raises(ValidationError) as refused:
            Proxy.model_validate({side: {field: secret}})
        (fault,) = refused.value.errors(include_input=False)
        assert "credentials are not managed: leave out" in fault["msg"]
        assert "pw9" not in fault["msg"]


@pytest.mark.parametrize(
    "script",
    [
        "http://proxy.harbour.example",
        "https://[2001:db8::1]:8443/proxy.pac",
        "http://proxy_1:65535/x@y?z=a@b",
        "http://proxy?site=1",
    ],
)
def test_a_script_lies_anywhere_without_credentials(script: str) -> None:
    assert proxy(client={"script": script}).facts() == {"client": {"script": script}}


@pytest.mark.parametrize("port", [0, 65_536, 99_999])
def test_a_port_is_one(port: int) -> None:
    for declared in ({"server": f"a:{port}"}, {"script": f"http://a:{port}/x"}):
        with pytest.raises(ValidationError, match="a port is a number from 1 to 65535"):
            proxy(client=declared)
    assert proxy(client={"server": "a:65535"}).client is not None


# The binary form.


def test_a_blob_has_mark_counter_flags_and_three_texts() -> None:
    blob = Connection("a:1", "x;<local>", "http://p").blob(3)
    assert blob[:12] == bytes([0x46, 0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0])
    assert blob[12:] == b"\3\0\0\0a:1\11\0\0\0x;<local>\10\0\0\0http://p" + bytes(32)
    assert counter_of(blob) == 3
    assert Connection.of_blob(blob) == Connection("a:1", "x;<local>", "http://p")


def test_what_is_switched_off_does_not_count() -> None:
    blob = bytearray(Connection("a:1", "x", "http://p", auto_detect=True).blob(3))
    blob[8] = 1
    assert Connection.of_blob(bytes(blob)) == Connection()


@pytest.mark.parametrize("broken", [b"", b"\x46", b"\xff" * 40, Connection("a:1").blob(1)[:14]])
def test_a_broken_blob_is_none(broken: bytes) -> None:
    assert Connection.of_blob(broken) is None


def test_what_somebody_else_set_is_never_as_declared() -> None:
    machine = factory_machine()
    both = Connection("a:1", auto_detect=True)
    machine.put(
        *("registry", rf"{LOCAL_SYSTEM}\{CONNECTIONS}", "DefaultConnectionSettings"),
        value={"type": "Binary", "data": b64encode(both.blob(1)).decode()},
    )
    assert observe(machine, proxy()).facts["server"] == "auto_detect True and server a:1"
    assert drift(machine, proxy(server={"server": "a:1"})) >= {"server"}


# Client.


def test_the_machine_speaks_for_every_person() -> None:
    machine = factory_machine()
    apply(machine, proxy(client=THROUGH))
    assert machine.get("registry", POLICY, "ProxySettingsPerUser") == {"type": "DWord", "data": 0}
    values: Any = machine.get("registry", MACHINE)
    assert values["ProxyServer"]["data"] == "proxy.harbour.example:8080"
    assert values["ProxyOverride"]["data"] == "*.harbour.example;<local>"
    assert values["ProxyEnable"]["data"] == 1
    assert _blob(machine, MACHINE) == _blob(machine, MACHINE, "SavedLegacySettings")
    assert counter_of(_blob(machine, MACHINE)) == 1


def test_the_switch_comes_last_and_goes_first() -> None:
    on: Any = change_of(factory_machine(), proxy(client=PAC)).arguments["values"]
    assert on[-1]["name"] == "ProxySettingsPerUser"
    machine = factory_machine()
    apply(machine, proxy(client=PAC))
    off: Any = change_of(machine, proxy(client={"not_configured": True})).arguments["values"]
    assert off[0]["name"] == "ProxySettingsPerUser"
    apply(machine, proxy(client={"not_configured": True}))
    assert machine.get("registry", POLICY) == {}
    assert machine.get("registry", MACHINE) == factory_machine().get("registry", MACHINE)


def test_values_that_contradict_what_is_in_force_are_written_again() -> None:
    machine = factory_machine()
    apply(machine, proxy(client=THROUGH))
    machine.put("registry", MACHINE, "ProxyServer", "data", value="other:1")
    assert drift(machine, proxy(client=THROUGH)) == {"client"}
    apply(machine, proxy(client=THROUGH))
    assert counter_of(_blob(machine, MACHINE)) == 2


def test_the_bypass_list_is_compared_whole_and_without_order() -> None:
    machine = factory_machine()
    apply(machine, proxy(client=THROUGH))
    turned = THROUGH | {"bypass": ["<local>", "*.harbour.example"]}
    assert drift(machine, proxy(client=turned)) == frozenset()
    assert drift(machine, proxy(client={"server": THROUGH["server"]})) == {"client"}


# Server.


def test_a_server_is_set_for_the_system_account_and_winhttp() -> None:
    machine = factory_machine()
    change = change_of(machine, proxy(server=THROUGH))
    assert change.arguments["server"] == [
        "MANUAL_PROXY",
        "proxy.harbour.example:8080",
        "*.harbour.example <local>",
    ]
    assert change.arguments["winhttp"] == [
        *("set", "proxy", "proxy-server=proxy.harbour.example:8080"),
        "bypass-list=*.harbour.example;<local>",
    ]
    assert apply(machine, proxy(server=THROUGH)) == {"server", "winhttp"}


def test_what_winhttp_does_not_know_leaves_it_alone() -> None:
    machine = factory_machine()
    apply(machine, proxy(winhttp={"server": "192.0.2.9:3128"}))
    assert apply(machine, proxy(server=PAC)) == {"server"}
    assert observe(machine, proxy()).facts["winhttp"] == {"server": "192.0.2.9:3128", "bypass": []}


def test_winhttp_may_differ() -> None:
    wanted = proxy(server={"direct": True}, winhttp=THROUGH)
    assert wanted.facts()["winhttp"] == {"server": THROUGH["server"], "bypass": THROUGH["bypass"]}


def test_what_must_be_started_again_is_said() -> None:
    notes = observe(factory_machine(), proxy(client=PAC, server=PAC)).notes
    assert [note.rpartition(" ")[2] for note in notes] == ["client", "server"]
    machine = factory_machine()
    apply(machine, proxy(client=PAC))
    assert observe(machine, proxy(client=PAC)).notes == ()


# Who owns the switch.


def test_the_switch_of_a_domain_is_not_taken() -> None:
    machine = factory_machine(domain="harbour.example")
    _switch(machine, 1)
    refused = proxy(client=PAC).refuse(observe(machine, proxy(client=PAC)))
    assert refused is not None and refused.reason is Reason.OWNED_BY_DOMAIN_POLICY
    assert proxy(server=PAC).refuse(observe(machine, proxy(server=PAC))) is None


def test_our_own_switch_in_a_domain_is_ours() -> None:
    machine = factory_machine(domain="harbour.example")
    apply(machine, proxy(client=PAC))
    apply(machine, proxy(client=THROUGH))
    apply(machine, proxy(client={"not_configured": True}))


def test_a_switch_that_the_policy_editor_holds_is_not_taken() -> None:
    machine = factory_machine()
    held = [(POLICY.removeprefix("HKLM\\"), "ProxySettingsPerUser", 1)]
    content = b64encode(patch(None, held)).decode()
    machine.put("files", POLICY_FILE, value={"base64": content})
    _switch(machine, 1)
    refused = proxy(client=PAC).refuse(observe(machine, proxy(client=PAC)))
    assert refused is not None and refused.reason is Reason.GUARD
    assert "gpedit.msc" in refused.next_step


def test_one_that_the_policy_editor_set_as_we_would_is_kept() -> None:
    machine = factory_machine()
    held = [(POLICY.removeprefix("HKLM\\"), "ProxySettingsPerUser", 0)]
    content = b64encode(patch(None, held)).decode()
    machine.put("files", POLICY_FILE, value={"base64": content})
    _switch(machine, 0)
    apply(machine, proxy(client=PAC))
    gone = proxy(client={"not_configured": True})
    refused = gone.refuse(observe(machine, gone))
    assert refused is not None and refused.reason is Reason.GUARD


# Back again.


def test_winhttp_comes_back_by_itself() -> None:
    wanted = proxy(server=THROUGH)
    back = taking_back(wanted, observe(factory_machine(), wanted).facts)
    assert back.lost == () and back.declared is not None
    assert back.declared.model_dump(exclude_none=True) == {
        "server": {"auto_detect": True},
        "winhttp": {"direct": True},
    }


def test_ways_that_no_manifest_can_say_are_lost() -> None:
    before = {"client": "auto_detect True and server a:1"}
    back = taking_back(proxy(client=PAC), before)
    assert back.declared is None
    assert [row.field for row in back.lost] == ["client"]


@pytest.mark.parametrize(
    ("way", "address", "shown"),
    [
        ("script", "http://u:pw@wpad.example/p.pac", "http://(credentials)@wpad.example/p.pac"),
        ("script", "http://wpad.example/p.pac?to=a@b", "http://wpad.example/p.pac?to=a@b"),
        (
            "server",
            "http=u:pw@p.example:80;https=q.example:1",
            "http=(credentials)@p.example:80;https=q.example:1",
        ),
        ("server", "http://u:pw@p.example:80", "http://(credentials)@p.example:80"),
        ("server", "u:pw@p.example:8080", "(credentials)@p.example:8080"),
        ("server", "proxy.example:8080", "proxy.example:8080"),
    ],
)
def test_credentials_on_the_machine_are_not_shown(way: str, address: str, shown: str) -> None:
    fact: Any = Connection(**{way: address}).fact()  # type: ignore[arg-type]
    assert fact[way] == shown
    assert {"connection", "server", "script", "winhttp"} <= Proxy.confidential
