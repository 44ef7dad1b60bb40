"""The network: what may be declared, what is refused and why, and the traps of Windows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from provisioner.resources.base import Reason, Refusal
from provisioner.resources.host_facts import WayIn
from provisioner.resources.network import Network

from .machine import MemoryMachine, apply, change_of, drift, factory_machine, observe
from .surroundings import WAY_IN, around

STATIC = Network.model_validate({"address": "192.0.2.21/24", "gateway": "192.0.2.1"})
BOTH_ENDS = WayIn(("192.0.2.21", "192.0.2.151"), 5986, True, "provision")


def _adapter(machine: MemoryMachine) -> dict[str, Any]:
    return next(iter(machine.content["adapters"].values()))


def _refusal(found: Refusal | None, reason: Reason, what: str, next_step: str) -> None:
    assert found is not None
    assert found.reason is reason
    assert what in found.what
    assert next_step in found.next_step


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"address": "192.0.2.21"}, "needs a prefix"),
        ({"address": "192.0.2.21/31"}, "needs a prefix"),
        ({"address": "192.0.2.0/24", "gateway": "none"}, "address of a network"),
        ({"address": "192.0.2.255/24", "gateway": "none"}, "address of a network"),
        ({"address": "127.0.0.2/8", "gateway": "none"}, "address of a network"),
        ({"address": "192.0.2.300/24", "gateway": "none"}, "is no address"),
        ({"address": "192.0.2.21/24"}, "belong together"),
        ({"gateway": "192.0.2.1"}, "belong together"),
        ({"address": "192.0.2.21/24", "gateway": "192.0.3.1"}, "not in the subnet 192.0.2.0/24"),
        ({"address": "192.0.2.21/24", "gateway": "192.0.2.21"}, "the machine itself"),
        ({"address": "192.0.2.21/24", "gateway": "none", "dhcp": True}, "exclude each other"),
        ({"dhcp": False}, "a machine without DHCP has an address"),
        ({"dhcp": True, "gateway": "192.0.2.1"}, "leave `gateway` out"),
        ({}, "says nothing of the network"),
        ({"confirm_minutes": 5}, "says nothing of the network"),
        ({"address": "0.0.0.1/24", "gateway": "none"}, "address of a network"),
        ({"address": "255.255.255.254/24", "gateway": "none"}, "address of a network"),
        ({"dns": ["0.0.0.0"]}, "address of no host"),
        ({"dns": []}, "at least 1 item"),
        ({"dns": ["ns.example"]}, "no IPv4 address"),
        ({"adapter": {"mac": "B8-A4"}}, "no MAC address"),
        ({"adapter": {}}, "either `mac` or `name`"),
        ({"category": "domain"}, "'private' or 'public'"),
        ({"confirm_minutes": 1}, "greater than or equal to 2"),
    ],
)
def test_faults_are_explained(declared: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Network.model_validate(declared)
    assert any(said in error["msg"] for error in caught.value.errors())


def test_a_lease_of_the_declared_address_is_not_the_declared_state() -> None:
    """Naive tools say in order, and lose the address with the lease (windows.md 4.5)."""
    machine = factory_machine()
    leased = str(_adapter(machine)["offer"]["address"])
    same = Network.model_validate({"address": f"{leased}/24", "gateway": "192.0.2.1"})
    assert drift(machine, same) == {"dhcp"}
    apply(machine, same)
    assert drift(machine, same) == frozenset()


def test_from_static_to_a_lease_no_second_router_stays() -> None:
    machine = factory_machine()
    apply(machine, STATIC)
    apply(machine, Network(dhcp=True))
    assert len(_adapter(machine)["gateways"]) == 1


def test_the_flag_of_a_pulled_cable_does_not_keep_dhcp_off() -> None:
    machine = factory_machine()
    apply(machine, STATIC)
    guid = next(iter(machine.content["adapters"]))
    key = next(key for key in machine.content["registry"] if key.endswith(guid))
    machine.content["registry"][key]["DisableDhcpOnConnect"] = {"type": "DWord", "data": 1}
    apply(machine, Network(dhcp=True))
    assert _adapter(machine)["dhcp"] is True
    assert drift(machine, Network(dhcp=True)) == frozenset()


def test_name_servers_by_hand_and_by_lease_are_told_apart() -> None:
    machine = factory_machine()
    assert drift(machine, Network(dns="automatic")) == frozenset()
    offered = _adapter(machine)["offer"]["dns"]
    assert drift(machine, Network(dns=[*offered])) == {"dns"}


def test_an_address_that_is_lost_at_the_restart_is_drift() -> None:
    machine = factory_machine()
    apply(machine, STATIC)
    guid = next(iter(machine.content["adapters"]))
    key = next(key for key in machine.content["registry"] if key.endswith(guid))
    machine.content["registry"][key]["IPAddress"] = {"type": "MultiString", "data": []}
    assert drift(machine, STATIC) == {"address"}


def test_the_change_carries_what_takes_it_back() -> None:
    change = change_of(factory_machine(), STATIC)
    before: Any = change.arguments["before"]
    assert before["address"]["dhcp"] is True
    assert change.arguments["confirm_seconds"] == 600
    assert "Undo-Change" in str(change.arguments["task_script"])


def test_an_adapter_that_is_not_there_is_named_with_those_that_are() -> None:
    wanted = Network.model_validate({"adapter": {"name": "Local Area Connection"}, "dns": "automatic"})
    found = wanted.refuse(observe(factory_machine(), wanted))
    _refusal(found, Reason.NOT_ON_THIS_HOST, "the machine has: Ethernet", "adapter: {mac: ...}")


def test_several_addresses_are_not_touched() -> None:
    machine = factory_machine()
    adapter = _adapter(machine)
    adapter["addresses"].append({**adapter["addresses"][0], "address": "192.0.2.77", "origin": "Manual"})
    _refusal(STATIC.refuse(observe(machine, STATIC)), Reason.GUARD, "could not all be restored", "Remove")


def test_a_category_that_windows_gave_itself_stays() -> None:
    machine = factory_machine()
    _adapter(machine)["category"] = "DomainAuthenticated"
    wanted = Network(category="private")
    found = wanted.refuse(observe(machine, wanted))
    _refusal(found, Reason.NOT_ON_THIS_HOST, "found the domain", "Leave `category` out")


def test_one_change_at_a_time() -> None:
    live = observe(factory_machine(), STATIC)
    pending = {"id": "abc", "state": "changed", "what": ""}
    found = STATIC.guard(live, around(network_change=pending))
    _refusal(found, Reason.GUARD, "waits for its confirmation", "Wait until")
    found = STATIC.guard(live, around(network_change=None))
    _refusal(found, Reason.READ_FAILED, "could not be read", "Look at")
    assert STATIC.guard(live, around(network_change=pending | {"state": "reverted"})) is None


def test_the_manifest_must_know_the_new_address() -> None:
    live = observe(factory_machine(), STATIC)
    elsewhere = replace(WAY_IN, addresses=("192.0.2.151",))
    found = STATIC.guard(live, around(way_in=elsewhere))
    _refusal(found, Reason.GUARD, "nobody would find it at 192.0.2.151", "`connect.first_address`")


def test_nobody_is_shut_out_by_the_category() -> None:
    wanted = Network(category="public")
    at_home = replace(WAY_IN, addresses=("192.0.2.200",))
    found = wanted.guard(observe(factory_machine(), wanted), around(way_in=at_home))
    _refusal(found, Reason.GUARD, "own subnet alone", "Leave `category` out")


def test_a_certificate_that_is_checked_by_name_stops_a_move() -> None:
    live = observe(factory_machine(), STATIC)
    _refusal(
        STATIC.guard(live, around(way_in=BOTH_ENDS)), Reason.GUARD, "checked by name", "`certificate_sha256`"
    )
    assert STATIC.guard(live, around(way_in=replace(BOTH_ENDS, pinned=True))) is None
    only_dns = Network(dns=["192.0.2.2"])
    at_home = replace(BOTH_ENDS, addresses=("192.0.2.200", "192.0.2.151"))
    assert only_dns.guard(live, around(way_in=at_home)) is None


@pytest.mark.parametrize("declared", [{"dns": ["192.0.2.2"]}, {"dhcp": True, "dns": ["192.0.2.2"]}])
def test_a_change_that_moves_nothing_must_be_heard_where_the_machine_is(declared: dict[str, Any]) -> None:
    """Else the run would wait all the window for an answer at an address that the machine never gets."""
    wanted = Network.model_validate(declared)
    found = wanted.guard(observe(factory_machine(), wanted), around())
    _refusal(found, Reason.GUARD, "with 192.0.2.200/24 nobody", "`connect.first_address`")


def test_only_what_is_changed_is_restored() -> None:
    """Writing back an address that nobody changed could lose a second one."""
    before: Any = change_of(factory_machine(), Network(dns=["192.0.2.2"])).arguments["before"]
    assert (before["address"], before["category"]) == (None, None)
    assert before["dns"] == {"servers": []}


def test_an_adapter_without_any_address_has_nothing_to_go_back_to() -> None:
    machine = factory_machine()
    apply(machine, STATIC)
    _adapter(machine)["addresses"] = []
    _refusal(STATIC.refuse(observe(machine, STATIC)), Reason.GUARD, "nothing that could be restored", "Give")
