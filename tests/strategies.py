"""Manifest settings at random, valid by construction; new kinds join here."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from provisioner.lab.factory_programs import PACKAGE, packages

NAMES = st.from_regex(r"\A[A-Z][A-Z0-9-]{0,12}[A-Z0-9]\Z")
ZONES = st.sampled_from(
    ["Europe/Stockholm", "UTC", "Asia/Kolkata", "Pacific Standard Time", "America/Sao_Paulo"]
)
SERVERS = st.permutations(["ntp.harbour.example", "192.0.2.5", "time.example", "192.0.2.123"]).flatmap(
    lambda hosts: st.sampled_from(
        [
            hosts[:1],
            [hosts[0], {"host": hosts[1], "fallback": True}],
            hosts[:3],
            [*hosts[:3], {"host": hosts[3], "fallback": True}],
        ]
    )
)
DURATIONS = st.sampled_from(["never", "90 s", "10 min", "2 h"])
ON_POWER = DURATIONS | st.fixed_dictionaries({}, optional={"ac": DURATIONS, "dc": DURATIONS}).filter(bool)
WEEKS = st.just("every") | st.lists(
    st.sampled_from(["first", "second", "third", "fourth"]), min_size=1, unique=True
)
DAYS = st.sampled_from(["every_day", "sunday", "wednesday", "saturday"])


def _clock() -> st.SearchStrategy[dict[str, Any]]:
    zone = {"time_zone": ZONES, "daylight_saving": st.booleans()}
    ntp = st.fixed_dictionaries({"ntp": SERVERS}, optional={**zone, "poll_seconds": st.integers(1024, 32768)})
    manual = st.fixed_dictionaries(
        {"manual": st.just(True)}, optional={**zone, "tolerance_seconds": st.integers(3, 60)}
    )
    alone = st.fixed_dictionaries({}, optional=zone).filter(bool)
    return ntp | manual | alone


def _windows_update() -> st.SearchStrategy[dict[str, Any]]:
    shared = {
        "install_minor_immediately": st.booleans(),
        "active_hours": st.sampled_from(
            [
                "not_configured",
                "disabled",
                {"start": "06:00", "end": "22:00"},
                {"start": "22:00", "end": "06:00"},
            ]
        ),
    }
    restart = st.sampled_from([False, "not_configured"]).map(
        lambda state: {"always_at_scheduled_time": state}
    ) | st.fixed_dictionaries(
        {"always_at_scheduled_time": st.just(True), "delay_minutes": st.integers(15, 180)}
    )
    scheduled = st.fixed_dictionaries(
        {"install": st.just("scheduled"), "day": DAYS, "time": st.sampled_from(["00:00", "03:00", "23:00"])},
        optional={
            "weeks": WEEKS,
            "during_maintenance": st.booleans(),
            "other_microsoft_products": st.booleans(),
            "restart": restart,
            **shared,
        },
    )
    other = st.fixed_dictionaries(
        {
            "install": st.sampled_from(
                ["disabled", "not_configured", "notify_before_install", "notify_before_download"]
            )
        },
        optional=shared,
    )
    return scheduled | other | st.fixed_dictionaries({"restart": restart}, optional=shared)


def _network() -> st.SearchStrategy[dict[str, Any]]:
    shared = {
        "category": st.just("private"),
        "confirm_minutes": st.integers(2, 60),
    }
    dns = st.just("automatic") | st.sampled_from([["192.0.2.2"], ["192.0.2.3", "192.0.2.2"]])
    with_dns = {"dns": dns, **shared}
    static = st.fixed_dictionaries(
        {
            "address": st.sampled_from(["192.0.2.21/24", "192.0.2.21/25"]),
            "gateway": st.sampled_from(["192.0.2.1", "none"]),
        },
        optional=with_dns,
    )
    leased = st.fixed_dictionaries({"dhcp": st.just(True)}, optional=with_dns)
    return static | leased | st.fixed_dictionaries({"dns": dns}, optional=shared)


PASSWORD = {"env": "HARBOUR_WINRM"}
"""A secret that every test finds."""


def _local_users() -> st.SearchStrategy[list[dict[str, Any]]]:
    names = st.sampled_from(["Operator", "AXISSERVICE", "J\u00d6RG", "Stra\u00dfe", "guard 2"])
    own = {
        "full_name": st.sampled_from(["", "J\u00f6rg \u00d6st", "Control room"]),
        "description": st.sampled_from(["", "Shift 'A' & \"B\""]),
        "enabled": st.booleans(),
        "administrator": st.booleans(),
    }
    flags = {"password_never_expires": st.booleans(), "user_cannot_change_password": st.booleans()}
    named = {"name": names, "password": st.just(PASSWORD)}
    free = st.fixed_dictionaries(named, optional=own | flags | {"must_change_password": st.just(False)})
    must = {"must_change_password": st.just(True)} | dict.fromkeys(flags, st.just(False))
    there = st.sampled_from(["operator", "AxisService"])
    gone = st.fixed_dictionaries(
        {"name": there, "absent": st.just(True)}, optional={"delete_profile": st.just(True)}
    )
    users = gone | free | st.fixed_dictionaries(named | must, optional=own)
    return st.lists(users, min_size=1, max_size=3, unique_by=lambda user: user["name"].casefold())


def _proxy() -> st.SearchStrategy[dict[str, Any]]:
    hosts = st.lists(
        st.sampled_from(["<local>", "*.harbour.example", "192.0.2.*", "time.example"]), unique=True
    )
    through = st.fixed_dictionaries(
        {"server": st.sampled_from(["proxy.harbour.example:8080", "192.0.2.9:3128"])},
        optional={"bypass": hosts},
    )
    direct = st.just({"direct": True})
    any_form = (
        through
        | direct
        | st.sampled_from(
            [{"auto_detect": True}, {"not_configured": True}, {"script": "http://wpad.example/proxy.pac"}]
        )
    )
    return st.fixed_dictionaries(
        {}, optional={"client": any_form, "server": any_form, "winhttp": through | direct}
    ).filter(bool)


def _firewall_rules() -> st.SearchStrategy[list[dict[str, Any]]]:
    """Names are compared without case, and each stands once."""
    shared = {
        "display_name": st.sampled_from(["Kameror p\u00e5 kajen", "x"]),
        "direction": st.sampled_from(["in", "out"]),
        "protocol": st.sampled_from(["tcp", "udp"]),
        "profiles": st.just("any")
        | st.lists(st.sampled_from(["domain", "private", "public"]), min_size=1, unique=True),
        "remote_addresses": st.just(["any"])
        | st.lists(
            st.sampled_from(
                ["local_subnet", "192.0.2.0/24", "198.51.100.7", "192.0.2.3-192.0.2.9", "2001:db8::/32"]
            ),
            min_size=1,
            unique=True,
        ),
        "program": st.sampled_from(["any", "System", r"C:\Program Files\Axis\Acs.exe"]),
        "action": st.sampled_from(["allow", "block"]),
        "enabled": st.booleans(),
    }
    ports = st.lists(st.sampled_from([554, 55752, "6000-6010"]), min_size=1, unique=True)
    absent = {"absent": st.just(True)}

    def rule(name: str) -> st.SearchStrategy[dict[str, Any]]:
        whole = st.fixed_dictionaries({"name": st.just(name), "local_ports": ports}, optional=shared)
        return whole | st.fixed_dictionaries({"name": st.just(name), **absent})

    short = {"preset": st.just("camera_station")}
    preset = st.fixed_dictionaries(short, optional=shared) | st.fixed_dictionaries({**short, **absent})
    several = st.tuples(preset, rule("Provisioner-RTSP"), rule("FPS-SMB-In-TCP"))
    return several.flatmap(lambda rules: st.lists(st.sampled_from(rules), min_size=1, unique_by=str))


def _services() -> st.SearchStrategy[list[dict[str, Any]]]:
    # A start goes with each `running: true`: one that was disabled before could not be started.
    name = {
        "name": st.sampled_from(["BITS", "Spooler", "spooler", "TermService", "AxisRecorderToolboxService"])
    }
    # Without BITS nobody sets the proxy of the system account.
    spare = {"name": st.sampled_from(["Spooler", "spooler", "TermService", "AxisRecorderToolboxService"])}
    started = {**name, "start": st.sampled_from(["automatic", "automatic_delayed", "manual"])}
    one = (
        st.fixed_dictionaries(started, optional={"running": st.booleans()})
        | st.fixed_dictionaries({**spare, "start": st.just("disabled")}, optional={"running": st.just(False)})
        | st.fixed_dictionaries({**name, "running": st.just(False)})
    )
    return st.lists(one, min_size=1, max_size=3, unique_by=lambda row: row["name"].casefold())


def _camera_station() -> st.SearchStrategy[dict[str, Any]]:
    digest = str(packages()[PACKAGE]["sha256"])
    package = st.fixed_dictionaries(
        {
            "path": st.just(PACKAGE),
            "sha256": st.sampled_from([digest, digest.upper()]),
            "feedback": st.booleans(),
            "disable_old_tls": st.booleans(),
            "firewall_rules": st.booleans(),
        },
        optional={"desktop_shortcut": st.booleans()},
    )
    return st.fixed_dictionaries(
        {
            "version": st.sampled_from(["5.50.1", "6.7.40000", "6.18.27687"]),
            "replaces_camera_station_5": st.just(True),
            "package": package,
        }
    )


_MEMBERS = st.permutations(["provision", "DefaultAccount", "Guest", "S-1-5-11", "S-1-5-4"])
"""Those that no manifest here removes."""
_SAID = {"description": st.sampled_from(["Wachen", "F\u00f6r sk\u00e4rg\u00e5rden"])}


def _local_group(declared: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    administers = declared == {"sid": "S-1-5-32-544"}
    exactly = _MEMBERS.map(lambda words: words[:3] if not administers else [*{*words[:2], "provision"}])
    some = _MEMBERS.map(lambda words: [word for word in words if word != "provision"])
    parted = some.map(lambda words: {"include": words[:2], "exclude": words[2:3]})
    whole = st.fixed_dictionaries({}, optional={"members": exactly, **_SAID})
    return (whole | st.tuples(parted, st.fixed_dictionaries({}, optional=_SAID)).map(_joined)).map(
        lambda rest: {**declared, **rest}
    )


def _joined(parts: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    return {name: value for part in parts for name, value in part.items()}


def _local_groups() -> st.SearchStrategy[list[dict[str, Any]]]:
    """Groups of Windows' own and others, each once; never one that would lock us out."""
    windows = [{"sid": "S-1-5-32-544"}, {"name": "Users"}, {"sid": "S-1-5-32-555"}]
    other = [{"name": "ACS Operators"}, {"name": "Installers"}, {"name": "Sk\u00e4rg\u00e5rden"}]
    kept = [_local_group(declared) for declared in [*windows, *other]]
    gone = [st.just({**declared, "absent": True}) for declared in other]
    return st.permutations([3, 4, 5, 0, 1, 2]).flatmap(
        lambda order: st.tuples(*(gone[at - 3] | kept[at] if at > 2 else kept[at] for at in order[:2])).map(
            list
        )
    )


def _groups_beside(users: list[dict[str, Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Groups with the accounts that the same manifest makes."""
    made = [user["name"] for user in users if "absent" not in user]
    exactly = st.just([*made, "provision"])
    groups = [
        st.fixed_dictionaries({"name": st.just("ACS Operators")}, optional={"members": exactly, **_SAID}),
        st.fixed_dictionaries({"name": st.just("Remote Desktop Users"), "members": exactly}),
        st.just({"sid": "S-1-5-32-545", "include": [*made, "S-1-5-11"]}),
    ]
    return st.tuples(*groups).map(list)


_PEOPLE: st.SearchStrategy[dict[str, Any]] = (
    st.fixed_dictionaries({"local_users": _local_users()})
    | st.fixed_dictionaries({"local_groups": _local_groups()})
    | _local_users().flatmap(
        lambda users: st.fixed_dictionaries(
            {"local_users": st.just(users), "local_groups": _groups_beside(users)}
        )
    )
)
_REST: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "computer_name": NAMES,
        "clock": _clock(),
        "power": st.fixed_dictionaries(
            {}, optional={"sleep": ON_POWER, "display_off": ON_POWER, "hibernate": ON_POWER}
        ).filter(bool),
        "windows_update": _windows_update(),
        "proxy": _proxy(),
        "firewall_rules": _firewall_rules(),
        "camera_station": _camera_station(),
        "windows_services": _services(),
        "network": _network(),
    },
)
SETTINGS: st.SearchStrategy[dict[str, Any]] = st.tuples(_REST, _PEOPLE).map(_joined).filter(bool)
"""What one host declares: any of the kinds, each in any of its forms."""
