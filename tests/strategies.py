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


def _services() -> st.SearchStrategy[list[dict[str, Any]]]:
    # A start goes with each `running: true`: one that was disabled before could not be started.
    name = {
        "name": st.sampled_from(["BITS", "Spooler", "spooler", "TermService", "AxisRecorderToolboxService"])
    }
    started = {**name, "start": st.sampled_from(["automatic", "automatic_delayed", "manual"])}
    one = (
        st.fixed_dictionaries(started, optional={"running": st.booleans()})
        | st.fixed_dictionaries({**name, "start": st.just("disabled")}, optional={"running": st.just(False)})
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


SETTINGS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "computer_name": NAMES,
        "clock": _clock(),
        "power": st.fixed_dictionaries(
            {}, optional={"sleep": ON_POWER, "display_off": ON_POWER, "hibernate": ON_POWER}
        ).filter(bool),
        "windows_update": _windows_update(),
        "camera_station": _camera_station(),
        "windows_services": _services(),
        "network": _network(),
    },
).filter(bool)
"""What one host declares: any of the kinds, each in any of its forms."""
