"""What is peculiar to firewall rules: Windows' text, the preset, and that our own way in stays open."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from provisioner.resources.base import Observed, Reason, Refusal, Surroundings
from provisioner.resources.firewall_rule import ACS_PORTS, FirewallRule
from provisioner.resources.firewall_rule_simulated import LOCAL, POLICY
from provisioner.resources.firewall_text import fields_of, rule_of, text_of
from provisioner.resources.host_facts import WayIn
from provisioner.resources.taking_back import taking_back

from .machine import MemoryMachine, apply, change_of, drift, factory_machine, observe

NO_SCOPE, SCOPED = "WINRM-HTTP-In-TCP-NoScope", "WINRM-HTTP-In-TCP"
RULES = ("registry", rf"{LOCAL}\FirewallRules")


def rule(**fields: Any) -> FirewallRule:
    return FirewallRule.model_validate({"name": "provisioner-x", "local_ports": [554]} | fields)


def gone(name: str) -> FirewallRule:
    return FirewallRule.model_validate({"name": name, "absent": True})


def _set(machine: MemoryMachine, name: str, text: str) -> None:
    machine.put(*RULES, name, value={"type": "String", "data": text})


def _text(machine: MemoryMachine, name: str) -> str:
    row: Any = machine.get(*RULES, name)
    return str(row["data"])


# The preset.


def test_the_preset_is_one_rule_with_the_four_ports() -> None:
    short = FirewallRule.model_validate("camera_station")
    assert short.facts() == FirewallRule.model_validate({"preset": "camera_station"}).facts()
    assert short.key == "provisioner-camera-station"
    assert short.facts()["local_ports"] == [*ACS_PORTS] == [55752, 55754, 55756, 55757]
    machine = factory_machine()
    apply(machine, short)
    assert _text(machine, "provisioner-camera-station") == (
        "v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Domain|Profile=Private|LPort=55752|LPort=55754|"
        "LPort=55756|LPort=55757|Name=AXIS Camera Station server|EmbedCtxt=provisioner|"
    )


def test_what_is_declared_beside_the_preset_wins() -> None:
    mine = FirewallRule.model_validate({"preset": "camera_station", "name": "acs", "local_ports": [29202]})
    assert (mine.key, mine.facts()["local_ports"], mine.display_name) == (
        "acs",
        [29202],
        "AXIS Camera Station server",
    )


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ("acs", "Input should be 'camera_station'"),
        ({"local_ports": [1]}, "say the rule's `name`, or `preset: camera_station`"),
        ({"name": "x"}, "say `local_ports`, as a list"),
        ({"name": "x*", "local_ports": [1]}, "pattern"),
        ({"name": "x", "local_ports": [0]}, "is no port"),
        ({"name": "x", "local_ports": [True]}, "is no port"),
        ({"name": "x", "local_ports": ["9-5"]}, "is no port"),
        ({"name": "x", "local_ports": [1], "remote_addresses": ["any", "192.0.2.1"]}, "`any` stands alone"),
        ({"name": "x", "local_ports": [1], "remote_addresses": ["0.0.0.0/0"]}, "is no address"),
        ({"name": "x", "local_ports": [1], "remote_addresses": ["192.0.2.9-192.0.2.3"]}, "is no address"),
        ({"name": "x", "local_ports": [1], "remote_addresses": ["192.0.2.9-2001:db8::1"]}, "is no address"),
        ({"name": "x", "local_ports": [1], "profiles": []}, "at least 1"),
        ({"name": "x", "local_ports": [1], "display_name": "a|b"}, "pattern"),
        (
            {"name": "x", "absent": True, "local_ports": [1], "action": "allow"},
            "`absent` stands alone with `name` or `preset`; leave out local_ports, action",
        ),
        ({"preset": "camera_station", "absent": True, "enabled": False}, "leave out enabled"),
        ({"name": "x", "absent": True, "ports": [1]}, "Extra inputs"),
        ({"absent": True}, "say the rule's `name`"),
    ],
)
def test_what_cannot_be_declared(declared: Any, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        FirewallRule.model_validate(declared)
    assert said in str(refused.value)


@pytest.mark.parametrize("name", [{}, {"name": "acs"}])
def test_a_preset_may_be_absent_and_is_the_same_when_said_again(name: dict[str, str]) -> None:
    wanted = FirewallRule.model_validate({"preset": "camera_station", "absent": True} | name)
    assert wanted.gone and wanted.key == name.get("name", "provisioner-camera-station")
    assert wanted.facts() == {}
    again = FirewallRule.model_validate(wanted.model_dump(mode="json", exclude_unset=True))
    assert again.key == wanted.key and again.gone
    machine = factory_machine()
    present = FirewallRule.model_validate({"preset": "camera_station"} | name)
    removal = taking_back(present, observe(machine, present).facts, present=False).declared
    assert removal is not None and removal.gone and removal.key == wanted.key


# Windows' text.


def test_no_profile_is_every_one_and_entries_may_come_several_times() -> None:
    seen = rule_of("v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=9|LPort2_10=5-7|LPort=5|Name=n|")
    assert seen.profiles == ("domain", "private", "public")
    assert seen.local_ports == (5, "5-7", 9)
    assert seen.remote_addresses == ("any",)


def test_addresses_are_compared_by_what_they_mean() -> None:
    text = (
        "v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=554|RA4=192.0.2.0/255.255.255.0|RA4=LocalSubnet|"
        "RA4=198.51.100.7/255.255.255.255|RA4=203.0.113.5-203.0.113.5|RA6=LocalSubnet|Name=n|"
    )
    same = ["203.0.113.5", "198.51.100.7-198.51.100.7", "192.0.2.0/255.255.255.0", "local_subnet"]
    machine = factory_machine()
    _set(machine, "provisioner-x", text)
    assert drift(machine, rule(remote_addresses=same, profiles="any")) == frozenset()
    assert drift(machine, rule(remote_addresses=same[1:], profiles="any")) == {"remote_addresses"}


def test_the_subnet_of_one_family_is_another_rule() -> None:
    text = "v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=554|RA4=LocalSubnet|Name=n|"
    assert rule_of(text).remote_addresses == ("local_subnet4",)


def test_what_is_not_managed_stays_and_is_said() -> None:
    machine = factory_machine()
    wanted = FirewallRule.model_validate(
        {"name": "RemoteDesktop-UserMode-In-TCP", "local_ports": [3389], "profiles": "any", "enabled": True}
    )
    assert observe(machine, wanted).notes == (
        "the rule has conditions that are not managed and stay: Svc=termservice",
    )
    assert apply(machine, wanted) == {"enabled"}
    fields = dict(fields_of(_text(machine, "RemoteDesktop-UserMode-In-TCP")))
    assert fields["Active"] == "TRUE"
    assert (fields["Svc"], fields["Name"]) == ("termservice", "@FirewallAPI.dll,-28775")
    assert fields["App"].endswith("svchost.exe")


def test_text_and_fields_are_inverse() -> None:
    text = _text(factory_machine(), SCOPED)
    assert text_of(fields_of(text)) == text


def test_a_program_is_compared_without_case_and_only_where_declared() -> None:
    machine = factory_machine()
    apply(machine, rule(program=r"C:\Axis\ACS.exe"))
    assert drift(machine, rule(program=r"c:\axis\acs.EXE")) == frozenset()
    assert drift(machine, rule()) == frozenset()
    assert drift(machine, rule(program="any")) == {"program"}


def test_rests_on_is_what_a_read_of_one_answers() -> None:
    machine = factory_machine()
    both = [gone(NO_SCOPE), rule()]
    raw = FirewallRule.simulate(machine, "read", {"names": [NO_SCOPE, "provisioner-x"]})
    talk = FirewallRule.read(both)
    next(talk)
    with pytest.raises(StopIteration) as answered:
        talk.send(type("R", (), {"value": raw})())
    for one in both:
        assert answered.value.value[one.key] == observe(machine, one)


# What is said and refused.


def test_a_firewall_that_is_off_and_rules_that_a_policy_ignores_are_said() -> None:
    machine = factory_machine()
    machine.put("registry", rf"{LOCAL}\DomainProfile", "EnableFirewall", "data", value=0)
    machine.put("registry", rf"{POLICY}\PrivateProfile", "EnableFirewall", value={"type": "DWord", "data": 0})
    machine.put(
        "registry", rf"{POLICY}\PrivateProfile", "AllowLocalPolicyMerge", value={"type": "DWord", "data": 0}
    )
    live = observe(machine, rule())
    assert live.notes == (
        "the firewall is switched off on domain and private networks, so no rule applies there",
        "a policy ignores the machine's own firewall rules on private networks",
    )
    assert rule().refuse(live) is None


def test_where_a_policy_ignores_every_rule_of_ours_it_is_refused() -> None:
    machine = factory_machine()
    machine.put(
        "registry", rf"{POLICY}\PrivateProfile", "AllowLocalPolicyMerge", value={"type": "DWord", "data": 0}
    )
    wanted = rule(profiles=["private"])
    refused = wanted.refuse(observe(machine, wanted))
    assert refused is not None and refused.reason is Reason.OWNED_BY_DOMAIN_POLICY
    assert "Apply local firewall rules: Yes" in refused.next_step
    off = rule(profiles=["private"], enabled=False)
    assert off.refuse(observe(machine, off)) is None


def test_a_public_network_is_said() -> None:
    machine = factory_machine()
    adapters: Any = machine.get("adapters")
    (guid,) = adapters
    assert observe(machine, rule()).notes == ()
    machine.put("adapters", guid, "category", value="Public")
    (note,) = observe(machine, rule()).notes
    assert "is public now" in note and "category: private" in note
    assert observe(machine, rule(profiles="any")).notes == ()
    assert observe(machine, rule(enabled=False)).notes == ()


def test_a_stopped_service_is_refused() -> None:
    machine = factory_machine()
    machine.put("services", "mpssvc", "running", value=False)
    refused = rule().refuse(observe(machine, rule()))
    assert refused is not None and refused.reason is Reason.NOT_ON_THIS_HOST
    assert guarded(machine, gone("FPS-SMB-In-TCP")) == refused


@pytest.mark.parametrize(("domain", "reason"), [(None, Reason.GUARD), ("x", Reason.OWNED_BY_DOMAIN_POLICY)])
def test_a_rule_of_a_policy_is_refused(domain: Any, reason: Reason) -> None:
    machine = factory_machine(domain=domain)
    text = "v2.30|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=554|Name=n|"
    row = {"type": "String", "data": text}
    machine.put("registry", rf"{POLICY}\FirewallRules", "Provisioner-X", value=row)
    live = observe(machine, rule())
    assert live.facts["action"] == "block"
    assert guarded(machine, gone("provisioner-x")) == rule().refuse(live)
    refused = rule().refuse(live)
    assert refused is not None and refused.reason is reason


# Our way in.


def guarded(
    machine: MemoryMachine, wanted: FirewallRule, *others: FirewallRule, port: int = 5985
) -> Refusal | None:
    observed: dict[tuple[str, str], Observed] = {
        (one.kind, one.key): observe(machine, one) for one in (wanted, *others)
    }
    way_in = WayIn(("192.0.2.21",), port, False, "provision")
    host: Any = None
    around = Surroundings(host, way_in, (wanted, *others), observed)
    return wanted.guard(observed[wanted.kind, wanted.key], around)


def winrm(**fields: Any) -> FirewallRule:
    return FirewallRule.model_validate({"name": NO_SCOPE, "local_ports": [5985]} | fields)


OURS = {"name": "provisioner-winrm", "local_ports": ["5980-5990"], "profiles": "any"}


def test_the_rule_that_lets_us_in_is_not_removed() -> None:
    refused = guarded(factory_machine(), gone(NO_SCOPE))
    assert refused == Refusal(
        Reason.GUARD,
        "the rule lets us in over port 5985 on domain and private networks, and would no longer do so as "
        "widely",
        "First declare a rule of another name that allows 5985 there for no fewer addresses "
        "(`remote_addresses: [any]`) and apply that; then run this again. Or connect over another port.",
    )


@pytest.mark.parametrize(
    "narrower",
    [
        {"enabled": False},
        {"profiles": ["private"]},
        {"remote_addresses": ["192.0.2.0/24"]},
        {"local_ports": [5986]},
        {"protocol": "udp"},
        {"direction": "out"},
        {"action": "block"},
        {"program": r"C:\x.exe"},
    ],
)
def test_the_rule_that_lets_us_in_is_not_narrowed(narrower: Any) -> None:
    refused = guarded(factory_machine(), winrm(**narrower))
    assert refused is not None and refused.reason is Reason.GUARD


def test_it_may_be_widened_and_kept() -> None:
    assert guarded(factory_machine(), winrm(profiles="any", local_ports=["5985-5986"])) is None
    scoped = {"name": SCOPED, "profiles": ["public", "private"]}
    assert (
        guarded(factory_machine(), winrm(**scoped, remote_addresses=["local_subnet", "192.0.2.0/24"])) is None
    )
    assert guarded(factory_machine(), winrm(**scoped, remote_addresses=["any"])) is None
    assert guarded(factory_machine(), winrm(**scoped, remote_addresses=["192.0.2.0/24"])) is not None


def test_a_wider_network_is_as_wide() -> None:
    machine = factory_machine()
    mine = {"name": "mine", "local_ports": [5985]}
    apply(machine, winrm(**mine, remote_addresses=["192.0.2.0/25", "192.0.2.200"]))
    assert guarded(machine, winrm(**mine, remote_addresses=["192.0.2.0/24"])) is None
    assert guarded(machine, winrm(**mine, remote_addresses=["192.0.2.0/25"])) is not None


def test_rules_of_other_ports_may_go() -> None:
    assert guarded(factory_machine(), gone(NO_SCOPE), port=5986) is None
    assert guarded(factory_machine(), gone("FPS-SMB-In-TCP")) is None


def test_another_rule_that_is_there_and_stays_frees_it() -> None:
    machine = factory_machine()
    ours = FirewallRule.model_validate(OURS)
    assert guarded(machine, gone(NO_SCOPE), ours) is not None  # not there yet: the run might end in between
    apply(machine, ours)
    assert guarded(machine, gone(NO_SCOPE), ours) is None
    for changed in ({"remote_addresses": ["192.0.2.1"]}, {"profiles": ["private"]}):
        assert guarded(machine, gone(NO_SCOPE), FirewallRule.model_validate(OURS | changed)) is not None
    assert guarded(machine, gone(NO_SCOPE), gone("provisioner-winrm")) is not None


def test_another_rule_that_admits_fewer_addresses_frees_nothing() -> None:
    machine = factory_machine()
    narrow = winrm(name="mgmt", profiles="any", remote_addresses=["203.0.113.77"])
    apply(machine, narrow)
    for name, addresses in ((NO_SCOPE, "any"), (SCOPED, "local_subnet")):
        refused = guarded(machine, gone(name), narrow, gone(NO_SCOPE if name == SCOPED else SCOPED))
        assert refused is not None and refused.reason is Reason.GUARD
        assert f"for no fewer addresses (`remote_addresses: [{addresses}]`)" in refused.next_step


def test_another_rule_frees_what_is_no_wider_than_it() -> None:
    machine = factory_machine()
    mine = winrm(name="mine", profiles="any", remote_addresses=["local_subnet", "192.0.2.0/24"])
    apply(machine, mine)
    assert guarded(machine, gone(SCOPED), mine) is None
    assert guarded(machine, gone(NO_SCOPE), mine) is not None
    part = winrm(name="part", profiles="any", remote_addresses=["192.0.2.7"])
    apply(machine, part)
    assert guarded(machine, gone("part"), mine) is None


def test_another_rule_with_conditions_frees_nothing() -> None:
    machine = factory_machine()
    text = "v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort2_10=5980-5990|IFType=Lan|Name=n|"
    _set(machine, "provisioner-winrm", text)
    ours = FirewallRule.model_validate(OURS)
    assert drift(machine, ours) == frozenset()
    assert guarded(machine, gone(NO_SCOPE), ours) is not None


def test_no_rule_blocks_our_port() -> None:
    block = rule(local_ports=["5000-6000"], action="block", remote_addresses=["203.0.113.9"])
    refused = guarded(factory_machine(), block)
    assert refused is not None and "a block wins over every allow" in refused.what
    assert "Leave 5985 out" in refused.next_step
    assert guarded(factory_machine(), block, port=443) is None
    for harmless in ({"enabled": False}, {"direction": "out"}, {"protocol": "udp"}, {"program": r"C:\x.exe"}):
        assert guarded(factory_machine(), rule(**block.model_dump(exclude_unset=True) | harmless)) is None


# Back again.


def test_a_changed_rule_comes_back_whole() -> None:
    machine = factory_machine()
    wanted = winrm(name=SCOPED, profiles="any", remote_addresses=["any"])
    text = _text(machine, SCOPED)
    back = taking_back(wanted, observe(machine, wanted).facts)
    assert back.lost == () and back.declared is not None
    apply(machine, wanted)
    apply(machine, back.declared)
    assert _text(machine, SCOPED) == text


def test_a_removed_rule_is_made_again_and_what_is_lost_with_it_is_said_before() -> None:
    machine, wanted = factory_machine(), gone("RemoteDesktop-UserMode-In-TCP")
    live = observe(machine, wanted)
    assert live.notes == ("a rollback does not bring back its conditions (Svc=termservice)",)
    back = taking_back(wanted, live.facts)
    assert back.lost == () and back.declared is not None
    apply(machine, wanted)
    apply(machine, back.declared)
    assert observe(machine, back.declared).facts == live.facts


def test_group_and_description_of_a_built_in_rule_are_said_to_be_lost() -> None:
    machine = factory_machine()
    text = (
        "v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=554|Name=n|Desc=@FirewallAPI.dll,-1|"
        "EmbedCtxt=@FirewallAPI.dll,-2|Edge=TRUE|Platform=2:6:1|Platform2=GTEQ|"
    )
    _set(machine, "provisioner-x", text)
    assert observe(machine, gone("provisioner-x")).notes == (
        "a rollback does not bring back its group, its description, its edge traversal, its versions of "
        "Windows",
    )
    assert observe(machine, rule(profiles="any")).notes == ()


def test_of_a_rule_that_we_made_nothing_is_lost() -> None:
    machine, mine = factory_machine(), rule(display_name="Cameras")
    assert observe(machine, gone("provisioner-x")).notes == ()
    apply(machine, mine)
    text = _text(machine, "provisioner-x")
    live = observe(machine, gone("provisioner-x"))
    assert live.notes == ()
    back = taking_back(gone("provisioner-x"), live.facts).declared
    assert back is not None
    apply(machine, gone("provisioner-x"))
    apply(machine, back)
    assert _text(machine, "provisioner-x") == text


def test_a_rule_that_we_could_not_write_is_lost() -> None:
    wanted = gone("CoreNet-DNS-Out-UDP")
    back = taking_back(wanted, observe(factory_machine(), wanted).facts)
    assert back.declared is None
    assert {row.field for row in back.lost} >= {"local_ports", "action"}


def test_a_new_rule_is_shown_by_its_name_where_nothing_else_is_declared() -> None:
    assert change_of(factory_machine(), rule()).arguments["display_name"] == "provisioner-x"
    machine = factory_machine()
    apply(machine, rule(display_name="Cameras"))
    assert change_of(machine, rule(enabled=False)).arguments["display_name"] is None
