"""Random machines under random manifests, with what the simulation makes of them, as cases for `run.ps1`."""

from __future__ import annotations

import copy
from base64 import b64encode
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from provisioner.lab.factory_programs import PACKAGE, SIGNER
from provisioner.links.wire import filled
from provisioner.resources import ALL
from provisioner.resources.adapters_simulated import INTERFACES
from provisioner.resources.base import Ask, Change, Resource
from provisioner.resources.camera_station_simulated import FOLDER, LOG, ROOTS, SERVER, TASK
from provisioner.resources.clock_simulated import TIME, ZONE, ZONES
from provisioner.resources.computer_name import NAMES
from provisioner.resources.firewall_rule_simulated import LOCAL, POLICY
from provisioner.resources.host import OUR_FOLDER
from provisioner.resources.power_simulated import POLICY as POWER_POLICY
from provisioner.resources.proxy_simulated import CONNECTIONS, LOCAL_SYSTEM, MACHINE
from provisioner.resources.proxy_simulated import POLICY as PROXY_POLICY
from provisioner.resources.proxy_text import Connection
from provisioner.resources.tasks_simulated import as_system
from provisioner.resources.windows_update_simulated import GPT_INI, POLICY_FILE
from provisioner.resources.windows_update_values import AUTOMATIC, KEYS
from tests.resources.machine import differs_from, filling, observed_from, writing
from tests.strategies import SETTINGS

from .engine import NOW_MS
from .fixtures import RecordingMachine, simulated
from .machines import SAVER, terminal, text, with_battery

KEPT_ZONES = (
    "W. Europe Standard Time",
    "UTC",
    "India Standard Time",
    "Pacific Standard Time",
    "E. South America Standard Time",
)
"""Those of the manifests; one of a hundred others would only make each case longer."""
STARTS = ("automatic", "manual", "disabled")
TEXTS = ("AXIS-B8A44F", "K\u00d6NIG-PC", "SK\u00c4RG\u00c5RD-2", "x")
DWORDS = (0, 1, 4, 2**31, 2**32 - 1, -1)


def _small_terminal() -> dict[str, Any]:
    machine = terminal()
    registry = machine["registry"]
    kept = {rf"{ZONES}\{zone}" for zone in KEPT_ZONES}
    machine["registry"] = {
        key: row for key, row in registry.items() if not key.startswith(ZONES) or key in kept
    }
    return machine


_FACTORY = _small_terminal()


def machine_at(chance: Random) -> dict[str, Any]:
    """A factory-new machine after a life of its own."""
    machine = copy.deepcopy(_FACTORY)
    for live in (
        _system,
        _accounts,
        _groups,
        _about_us,
        _waiting,
        _names,
        _services,
        _programs,
        _time,
        _power,
        _policies,
        _files,
        _firewall,
        _proxies,
    ):
        live(machine, chance)
    return machine


def _system(machine: dict[str, Any], chance: Random) -> None:
    machine["domain"] = chance.choice([None, None, None, "h\u00e4fen.example"])
    machine["clock"]["offset_ms"] = chance.choice([0, 7_000, -90_000, 220 * 86_400_000, -40 * 86_400_000])
    machine["language"] = chance.choice(["en-US", "sv-SE", "de-DE", "fi-FI"])
    if chance.random() < 0.05:
        machine["wmi"] = {
            "missing": [chance.choice(["Win32_ComputerSystem", "Win32_Service", "Win32_PowerPlan"])]
        }


def _accounts(machine: dict[str, Any], chance: Random) -> None:
    accounts = machine["accounts"]
    machine["domain_accounts"] = chance.choice([{}, {"S-1-5-21-4-4-4-1109": "H\u00c4FEN\\W\u00e4chter"}])
    machine["domain_silent"] = chance.random() < 0.2
    built_in = next(iter(accounts))
    if chance.random() < 0.7:
        accounts[f"{built_in.rpartition('-')[0]}-1003"] = {"name": "provision", "enabled": True}
    for account in accounts.values():
        account["enabled"] = chance.random() < 0.5
    accounts[built_in]["name"] = chance.choice(["Administrator", "J\u00e4rjestelm\u00e4nvalvoja"])


def _groups(machine: dict[str, Any], chance: Random) -> None:
    groups, own = machine["groups"], next(iter(machine["accounts"])).rpartition("-")[0]
    for rid, name in ((2001, "acs operators"), (2002, "SK\u00c4RG\u00c5RDEN")):
        if chance.random() < 0.8:
            groups[f"{own}-{rid}"] = {"name": name}
    strangers = ["S-1-5-21-4-4-4-1109", "S-1-5-21-9-9-9-1001", "S-1-5-4", *machine["accounts"]]
    for group in groups.values():
        group["members"] = chance.sample(strangers, chance.choice([0, 1, 3]))
        if chance.random() < 0.3:
            group["description"] = chance.choice(TEXTS)
    groups["S-1-5-32-544"]["name"] = chance.choice(["Administratoren", "J\u00e4rjestelm\u00e4nvalvojat"])


def _about_us(machine: dict[str, Any], chance: Random) -> None:
    sid = chance.choice(["S-1-5-21-1-2-3-500", "S-1-5-18", None])
    elevated = chance.choice([True, True, False, "unknown"])
    machine["session"] = {"sid": sid, "elevated": elevated, "sixty_four_bit": chance.random() < 0.8}
    machine["logged_on"] = chance.choice(["", "Operator", "H\u00c4FEN\\j\u00f6rg"])
    machine["write_filter"] = chance.choice(
        [None, {"on": chance.random() < 0.5, "next": chance.random() < 0.5}]
    )
    if chance.random() < 0.2:
        machine["hardware"].pop(chance.choice(["serial", "bios_version", "bios_released_ms", "model"]))


def _waiting(machine: dict[str, Any], chance: Random) -> None:
    registry = machine["registry"]
    renames = chance.choice([[], [""], ["\\??\\C:\\x", ""]])
    registry[r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager"] = {
        "PendingFileRenameOperations": {"type": "MultiString", "data": renames}
    }
    for key in (
        r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending",
        r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired",
    ):
        if chance.random() < 0.3:
            registry[key] = {}
    if chance.random() < 0.3:
        volatile = {"UpdateExeVolatile": {"type": "DWord", "data": chance.choice(DWORDS)}}
        registry[r"HKLM\SOFTWARE\Microsoft\Updates"] = volatile
    machine["services"]["AxisRecorderToolboxService"]["running"] = chance.random() < 0.5


def _names(machine: dict[str, Any], chance: Random) -> None:
    registry = machine["registry"]
    for key in ("ActiveComputerName", "ComputerName"):
        registry[rf"{NAMES}\{key}"] = {"ComputerName": text(chance.choice(TEXTS))}
    if chance.random() < 0.1:
        registry[rf"{NAMES}\ComputerName"] = {}


def _network(machine: dict[str, Any], chance: Random) -> None:
    (guid,) = machine["adapters"]
    adapter, key = machine["adapters"][guid], machine["registry"][rf"{INTERFACES}\{guid}"]
    adapter["category"] = chance.choice(["Private", "Public"])
    if chance.random() < 0.5:
        row = {"address": "192.0.2.21", "prefix": 24, "origin": "Manual", "state": "Preferred"}
        adapter |= {"dhcp": False, "addresses": [row], "gateways": chance.choice([[], ["192.0.2.1"]])}
        key |= {
            "EnableDHCP": {"type": "DWord", "data": 0},
            "IPAddress": {"type": "MultiString", "data": ["192.0.2.21"]},
        }
    if chance.random() < 0.5:
        key["NameServer"] = text(chance.choice(["192.0.2.2", "192.0.2.3,192.0.2.2", ""]))


def _services(machine: dict[str, Any], chance: Random) -> None:
    for name in ("W32Time", "tzautoupdate", "wuauserv", "BITS", "Spooler", "TermService"):
        row = machine["services"][name]
        row |= {"start": chance.choice(STARTS), "running": chance.random() < 0.5}
        row["delayed"] = row["start"] == "automatic" and chance.random() < 0.5
        if chance.random() < 0.05:
            del machine["services"][name]
        elif name == "TermService":
            row["needs"] = [chance.choice(["SPOOLER", "bits", "RpcSs"])]


def _programs(machine: dict[str, Any], chance: Random) -> None:
    package = machine["files"][PACKAGE]
    package["msi"] |= {
        "exit_code": chance.choice([0, 0, 0, 3010, 1641, 1603, 1618, 1638]),
        "seconds": chance.choice([0, 61, 1799, 1800, 1801]),
        "replaces": chance.choice([["axis camera station client"], []]),
    }
    if chance.random() < 0.1:
        package["sha256"] = "0" * 64
    if chance.random() < 0.1:
        package["signature"] = chance.choice(
            [
                {"status": "HashMismatch", "signer": SIGNER},
                {"status": "NotSigned", "signer": None},
                {"status": "Valid", "signer": "CN=Not Axis Communications AB"},
            ]
        )
    if chance.random() < 0.1:
        del machine["files"][PACKAGE]
    for root in ROOTS:
        version = chance.choice(["5.57.1", "6.18.27687.0", "6.20.1", "?"])
        named = {
            "DisplayName": text(chance.choice(["AXIS Camera Station Pro", "axis camera station x", "x"]))
        }
        if chance.random() < 0.3:
            machine["registry"][rf"{root}\{{1-2}}"] = named | {"DisplayVersion": text(version)}
    if chance.random() < 0.1:
        machine["registry"][SERVER] = {}
    if chance.random() < 0.1:
        row = as_system("msiexec.exe", "")
        machine["tasks"][TASK] = row | {"state": chance.choice(["Running", "Ready"])}
        machine["files"][OUR_FOLDER] = {"folder": True, "acl": "administrators"}
        machine["files"][FOLDER], machine["files"][LOG] = {"folder": True}, {"text": "x"}


def _time(machine: dict[str, Any], chance: Random) -> None:
    registry = machine["registry"]
    registry[ZONE] |= {
        "TimeZoneKeyName": text(chance.choice(KEPT_ZONES)),
        "DynamicDaylightTimeDisabled": {"type": "DWord", "data": chance.choice([0, 1])},
        "ActiveTimeBias": {"type": "DWord", "data": chance.choice([-60, 4294967176, 0, 480])},
    }
    if chance.random() < 0.2:
        del registry[rf"{ZONES}\{chance.choice(KEPT_ZONES)}"]
    if chance.random() < 0.5:
        for trigger in (0, 1):
            del registry[rf"{TIME}\TriggerInfo\{trigger}"]
    registry[rf"{TIME}\Parameters"]["Type"] = text(chance.choice(["NTP", "NoSync", "NT5DS"]))
    if chance.random() < 0.1:
        del registry[rf"{TIME}\TimeProviders\NtpClient"]


def _power(machine: dict[str, Any], chance: Random) -> None:
    plans = machine["power"]["plans"]
    if chance.random() < 0.5:
        for plan in plans.values():
            for setting in plan["settings"].values():
                setting.pop("dc")
    else:
        with_battery(machine)
    machine["power"]["active"] = chance.choice([*plans, *map(str.upper, plans), *plans, SAVER])
    for setting in next(iter(plans.values()))["settings"]:
        if chance.random() < 0.2:
            values = {"ACSettingIndex": {"type": "DWord", "data": chance.choice(DWORDS)}}
            machine["registry"][rf"{POWER_POLICY}\{setting}"] = values


def _policies(machine: dict[str, Any], chance: Random) -> None:
    for name, key in KEYS.items():
        if chance.random() < 0.3:
            values = machine["registry"].setdefault(key, {})
            values[name] = {"type": "DWord", "data": chance.choice(DWORDS)}
    if chance.random() < 0.2:
        values = machine["registry"].setdefault(AUTOMATIC, {})
        values["AUOptions"] = chance.choice([text("s\u00f6ndag"), {"type": "MultiString", "data": ["4"]}])


def _files(machine: dict[str, Any], chance: Random) -> None:
    for path in (POLICY_FILE, GPT_INI):
        if chance.random() < 0.4:
            del machine["files"][path]
    if chance.random() < 0.2:
        del machine["files"][POLICY_FILE.rpartition("\\")[0]]
    if chance.random() < 0.1:
        machine["files"][GPT_INI] = {"text": "[General]\r\nVersion=65537\r\ndisplayName=H\u00e4fen\r\n"}


OURS = "v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Private|LPort=55752|Name=x|Desc=y|Edge=TRUE|"


def _firewall(machine: dict[str, Any], chance: Random) -> None:
    registry = machine["registry"]
    rules = registry[rf"{LOCAL}\FirewallRules"]
    for name in ("provisioner-camera-station", "PROVISIONER-RTSP"):
        if chance.random() < 0.5:
            rules[name] = chance.choice([text(OURS), text(OURS), {"type": "DWord", "data": 1}])
    if chance.random() < 0.2:
        registry[rf"{POLICY}\FirewallRules"] = {"provisioner-rtsp": text(OURS)}
        registry[rf"{POLICY}\PrivateProfile"] = {"AllowLocalPolicyMerge": {"type": "DWord", "data": 0}}
    if chance.random() < 0.1:
        del registry[rf"{LOCAL}\PublicProfile"]
    if chance.random() < 0.1:
        machine["services"]["mpssvc"]["running"] = False
    (adapter,) = machine["adapters"].values()
    adapter["category"] = chance.choice(["Private", "Public", "DomainAuthenticated"])


def _proxies(machine: dict[str, Any], chance: Random) -> None:
    registry = machine["registry"]
    forms = [
        Connection(),
        Connection("192.0.2.9:3128", "<local>;x.example"),
        Connection("a:1", script="http://a/p", auto_detect=True),
    ]
    for key, name in ((MACHINE, "DefaultConnectionSettings"), (LOCAL_SYSTEM, "DefaultConnectionSettings")):
        if chance.random() < 0.5:
            blob = chance.choice([*(form.blob(7) for form in forms), b"", b"\x46\0\0\0\7", b"\xff" * 40])
            row = {"type": "Binary", "data": b64encode(blob).decode("ascii")}
            registry.setdefault(rf"{key}\{CONNECTIONS}", {})[name] = row
    registry[MACHINE] |= chance.choice(
        [{}, {"ProxyServer": text("192.0.2.9:3128"), "ProxyEnable": {"type": "DWord", "data": 1}}]
    )
    if chance.random() < 0.4:
        registry[PROXY_POLICY] = {"ProxySettingsPerUser": {"type": "DWord", "data": chance.choice([0, 0, 1])}}
    if chance.random() < 0.1:
        del registry[rf"{LOCAL_SYSTEM}\{CONNECTIONS}"]
    if chance.random() < 0.1:
        machine["services"]["BITS"]["start"] = "disabled"


def cases(count: int) -> Iterator[dict[str, Any]]:
    """So many cases, the same ones every time: each a manifest on a machine, read and applied."""
    drawn: list[Mapping[str, Any]] = []
    while len(drawn) < count:
        drawn += _manifests(len(drawn), count - len(drawn))
    for number, manifest in enumerate(drawn):
        yield _case(machine_at(Random(number)), manifest)


def _manifests(start: int, count: int) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []

    @seed(start)
    @settings(
        max_examples=count,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(st.lists(SETTINGS, min_size=1, max_size=1))
    def draw(manifests: list[Mapping[str, Any]]) -> None:
        found.extend(manifests)

    draw()
    return found[:count]


def _case(before: dict[str, Any], manifest: Mapping[str, Any]) -> dict[str, Any]:
    machine = RecordingMachine(before, NOW_MS)
    calls: list[dict[str, Any]] = [_call(machine, "host", "read", {})]
    for kind in ALL:
        if kind.place() in manifest:
            given = manifest[kind.place()]
            for declared in given if kind.section else [given]:
                _apply(machine, kind.model_validate(declared), calls)
    if manifest.keys() >= {"computer_name"}:
        calls.append(
            _call(machine, "host", "restart", {"delay_seconds": 5, "reason": "Neustart f\u00fcr S\u00fcd"})
        )
    calls.append(_call(machine, "host", "read", {}))
    return {"now_ms": NOW_MS, "before": before, "calls": calls, "after": machine.changes}


def _apply(machine: RecordingMachine, resource: Resource, calls: list[dict[str, Any]]) -> None:
    """Read, write what the kind would write, read again."""
    ask: Ask = next(type(resource).read([resource]))
    calls.append(_call(machine, ask.script, "read", dict(ask.arguments)))
    answer = calls[-1]["answer"]
    change = None if "error" in answer else change_for(resource, answer)
    if change is not None:
        arguments = filled(change.arguments, lambda place: filling(place, 7_000))
        calls.append(_call(machine, change.script, change.verb, arguments))
        calls.append(_call(machine, ask.script, "read", dict(ask.arguments)))


def change_for(resource: Resource, answer: Mapping[str, Any]) -> Change | None:
    """The write that the kind yields for what it read."""
    live = observed_from(resource, answer, 7_000)
    if not differs_from(resource, live) and resource.verbs != ("update",):
        return None
    return next(writing(resource, live), None)


def _call(machine: RecordingMachine, name: str, verb: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    request = {"script": name, "verb": verb, "arguments": dict(arguments)}
    return {"request": request, "answer": dict(simulated(machine, request))}
