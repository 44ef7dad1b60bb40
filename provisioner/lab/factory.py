"""A factory-new AXIS S9002 Mk II (Windows 10 IoT Enterprise LTSC) as the lab's machine JSON.

What differs between two machines (GUIDs, MAC address) is drawn from a seed; nothing is measured.
Defaults are those of a stand-alone Windows 10, with the noise of a delivered terminal: users, policies,
services and programs that no manifest mentions.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid5

from provisioner.lab.factory_firewall import firewall
from provisioner.lab.factory_host import about, service_paths
from provisioner.lab.factory_network import NAMED, adapters, stored
from provisioner.lab.factory_people import people
from provisioner.lab.factory_programs import DELIVERED_CLIENT, packages
from provisioner.lab.factory_proxy import proxies
from provisioner.lab.factory_services import SERVICES
from provisioner.lab.time_zone_rules import zone_rule
from provisioner.resources.clock_simulated import TIME, ZONE, ZONES
from provisioner.resources.computer_name import NAMES
from provisioner.resources.power import SETTINGS
from provisioner.resources.registry_pol import patch, raise_version
from provisioner.resources.time_zones import bias_minutes
from provisioner.resources.windows_update_simulated import GPT_INI, POLICY_FILE, PREFERENCE

BALANCED = "381b4222-f694-41f0-9685-ff5bb260df2e"
HIGH_PERFORMANCE = "8c5e7fda-e8bf-4a96-9a85-a6e23a8c635c"
FACTORY_ZONE = "Pacific Standard Time"

_AFTER_LTSC_2021 = {"Alberta Standard Time", "British Columbia Standard Time", "Manitoba Standard Time"}
"""Zones of later Windows updates, which a factory image does not list."""
_DOMAIN_JOINED = b64encode(UUID("1ce20aba-9851-4421-9430-1ddeb766e809").bytes_le).decode("ascii")
"""DOMAIN_JOIN_GUID (winsvc.h) as the registry holds it."""


def factory_new(
    name: str,
    *,
    seed: str,
    computer_name: str,
    accounts: Mapping[str, str],
    now_ms: int,
    address: str = NAMED,
    language: str = "en-US",
) -> dict[str, Any]:
    """One terminal named `name` in the manifest.

    `accounts` are the local administrators that may log on: NT hash in hex by user name. `now_ms` is UTC in
    milliseconds since 1970: what the machine's clock shows, 26 hours after it was switched on.
    """
    draw = f"{seed}/{name}"
    return {
        "name": name,
        "registry": _registry(draw, computer_name.upper(), now_ms) | stored(_adapter(name)),
        "files": _files() | packages(),
        "services": {service: dict(row) for service, row in SERVICES.items()},
        **people(_machine_sid(name), accounts, language),
        **({} if language == "en-US" else {"language": language}),
        **about(computer_name),
        "power": _power(),
        "clock": {"offset_ms": 0},
        "boot": {"started_ms": now_ms - 26 * 3_600_000},
        "domain": None,
        "domain_accounts": {},
        "domain_silent": False,
        "adapters": adapters(_adapter(name), _mac(draw), address),
        "tasks": {r"\Microsoft\Windows\Time Synchronization\SynchronizeTime": {"enabled": True}},
    }


def text(value: str) -> dict[str, str]:
    """A REG_SZ value."""
    return {"type": "String", "data": value}


def dword(value: int) -> dict[str, Any]:
    """A REG_DWORD value."""
    return {"type": "DWord", "data": value}


def _guid(draw: str, what: str) -> str:
    return str(uuid5(NAMESPACE_DNS, f"{what}.{draw}"))


def _machine_sid(name: str) -> str:
    # Not drawn: what is planned for people rests on their SIDs, and two fresh labs show the same plan.
    drawn = sha256(f"sid/{name}".encode()).digest()
    return "S-1-5-21-" + "-".join(str(int.from_bytes(drawn[at : at + 4], "little")) for at in (0, 4, 8))


def _registry(draw: str, computer_name: str, now_ms: int) -> dict[str, Any]:
    return {
        r"HKLM\SOFTWARE\Microsoft\Cryptography": {"MachineGuid": text(_guid(draw, "machine"))},
        rf"{NAMES}\ActiveComputerName": {"ComputerName": text(computer_name)},
        rf"{NAMES}\ComputerName": {"ComputerName": text(computer_name)},
        r"HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters": {
            "Hostname": text(computer_name),
            "NV Hostname": text(computer_name),
        },
        **_time(now_ms),
        **_policies(),
        **_programs(draw),
        r"HKLM\HARDWARE\DESCRIPTION\System": {"Identifier": text("AT/AT COMPATIBLE")},
        **service_paths(),
        **firewall(),
        **proxies(),
    }


def _time(now_ms: int) -> dict[str, Any]:
    from tzlocal.windows_tz import win_tz

    bias, active = bias_minutes(FACTORY_ZONE, now_ms, daylight_saving=True)
    year = datetime.fromtimestamp(now_ms // 1000, UTC).year
    zones = sorted(set(win_tz) - _AFTER_LTSC_2021)
    zone = {"TimeZoneKeyName": text(FACTORY_ZONE), "DynamicDaylightTimeDisabled": dword(0)}
    return {
        ZONE: zone | {"Bias": dword(bias), "ActiveTimeBias": dword(active)},
        **{
            rf"{ZONES}\{name}": {
                "Std": text(name),
                "TZI": {"type": "Binary", "data": zone_rule(name, year)},
            }
            for name in zones
        },
        **_time_service(),
    }


def _time_service() -> dict[str, Any]:
    """A stand-alone machine asks once a week, and only while the service happens to run."""
    trigger = {"Type": dword(3), "GUID": {"type": "Binary", "data": _DOMAIN_JOINED}}
    return {
        rf"{TIME}\Parameters": {"Type": text("NTP"), "NtpServer": text("time.windows.com,0x9")},
        rf"{TIME}\TimeProviders\NtpClient": {"Enabled": dword(1), "SpecialPollInterval": dword(604_800)},
        rf"{TIME}\Config": {
            "MinPollInterval": dword(10),
            "MaxPollInterval": dword(15),
            "MaxPosPhaseCorrection": dword(54_000),
            "MaxNegPhaseCorrection": dword(54_000),
            "UtilizeSslTimeData": dword(1),
        },
        rf"{TIME}\TriggerInfo\0": trigger | {"Action": dword(1)},
        rf"{TIME}\TriggerInfo\1": trigger | {"Action": dword(2)},
    }


_LOCK_SCREEN = r"SOFTWARE\Policies\Microsoft\Windows\Personalization"


def _policies() -> dict[str, Any]:
    """One policy that nobody declares, in the registry and in the policy file."""
    return {
        PREFERENCE: {"ActiveHoursStart": dword(8), "ActiveHoursEnd": dword(17)},
        rf"HKLM\{_LOCK_SCREEN}": {"NoLockScreen": dword(1)},
        r"HKLM\SOFTWARE\Policies\Microsoft\Windows\DataCollection": {"AllowTelemetry": dword(0)},
    }


def _files() -> dict[str, Any]:
    policy_file = patch(None, [(_LOCK_SCREEN, "NoLockScreen", 1)])
    return {
        r"C:\ProgramData": {"folder": True},
        r"C:\Program Files": {"folder": True},
        r"C:\Windows\System32\GroupPolicy": {"folder": True},
        r"C:\Windows\System32\GroupPolicy\Machine": {"folder": True},
        POLICY_FILE: {"base64": b64encode(policy_file).decode("ascii")},
        GPT_INI: {"base64": b64encode(raise_version(None)).decode("ascii")},
    }


def _programs(draw: str) -> dict[str, Any]:
    uninstall = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
    run = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run"
    return {
        r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion": {
            "ProductName": text("Windows 10 IoT Enterprise LTSC 2021"),
            "EditionID": text("IoTEnterpriseS"),
            "CurrentBuildNumber": text("19044"),
            "UBR": dword(1288),
        },
        rf"{uninstall}\{{{_guid(draw, 'client').upper()}}}": {
            "DisplayName": text("AXIS Camera Station Client"),
            "DisplayVersion": text(DELIVERED_CLIENT),
            "Publisher": text("Axis Communications AB"),
        },
        rf"{uninstall}\{{{_guid(draw, 'toolbox').upper()}}}": {
            "DisplayName": text("AXIS Recorder Toolbox"),
            "Publisher": text("Axis Communications AB"),
        },
        run: {"SecurityHealth": text(r"C:\Windows\System32\SecurityHealthSystray.exe")},
    }


def _power() -> dict[str, Any]:
    amounts = {"sleep": (1800, 900), "display_off": (600, 300), "hibernate": (10_800, 10_800)}
    balanced = {SETTINGS[name][1]: {"ac": ac, "dc": dc} for name, (ac, dc) in amounts.items()}
    eager = {setting: {"ac": 0, "dc": row["dc"]} for setting, row in balanced.items()}
    return {
        "active": BALANCED,
        "plans": {
            BALANCED: {"name": "Balanced", "settings": balanced},
            HIGH_PERFORMANCE: {"name": "High performance", "settings": eager},
        },
    }


def _adapter(name: str) -> str:
    # Not drawn: what is planned for a network names its adapter, and two fresh labs show the same plan.
    return f"{{{_guid(name, 'adapter').upper()}}}"


def _mac(draw: str) -> str:
    mac = sha256(f"mac/{draw}".encode()).hexdigest()[:6].upper()
    return f"B8-A4-4F-{mac[:2]}-{mac[2:4]}-{mac[4:]}"
