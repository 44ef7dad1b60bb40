"""The registry values behind the update policies: names, numbers, and what they mean (WindowsUpdate.admx).

A policy has three states. Not configured: none of its values exists. Enabled or disabled: as below.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from pydantic import JsonValue

from provisioner.resources.base import Facts

Numbers: TypeAlias = Mapping[str, JsonValue]
Changes: TypeAlias = dict[str, int | None]
"""Number by value name; None means that the value must not exist."""

POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate"
AUTOMATIC = rf"{POLICY}\AU"

NOT_CONFIGURED = "not_configured"
DISABLED = "disabled"
OPTIONS = {"notify_before_download": 2, "notify_before_install": 3, "scheduled": 4}
"""AUOptions. 5 was not carried over to Windows 10 and 7 needs Windows Server, so neither can be declared."""
DAYS = ("every_day", "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
"""ScheduledInstallDay is the place in this list: Sunday is 1. Counting from Monday is a known trap."""
WEEKS = ("first", "second", "third", "fourth")

_EVERY_WEEK = "ScheduledInstallEveryWeek"
_WEEK = {week: f"ScheduledInstall{week.capitalize()}Week" for week in WEEKS}

FIELDS: Mapping[str, tuple[str, ...]] = {
    "install": ("NoAutoUpdate", "AUOptions"),
    "day": ("ScheduledInstallDay",),
    "time": ("ScheduledInstallTime",),
    "weeks": (_EVERY_WEEK, *_WEEK.values()),
    "during_maintenance": ("AutomaticMaintenanceEnabled",),
    "other_microsoft_products": ("AllowMUUpdateService",),
    "restart": ("AlwaysAutoRebootAtScheduledTime", "AlwaysAutoRebootAtScheduledTimeMinutes"),
    "install_minor_immediately": ("AutoInstallMinorUpdates",),
    "active_hours": ("SetActiveHours", "ActiveHoursStart", "ActiveHoursEnd"),
}
"""The values of each field of the manifest; the first six fields are one policy."""
CONFIGURE_AUTOMATIC_UPDATES = (
    "install",
    "day",
    "time",
    "weeks",
    "during_maintenance",
    "other_microsoft_products",
)
KEYS: Mapping[str, str] = {
    name: POLICY if field == "active_hours" else AUTOMATIC
    for field, names in FIELDS.items()
    for name in names
}


def meaning(numbers: Numbers) -> dict[str, JsonValue]:
    """Every field in the manifest's words; what we have no word for stays a number or says what it is."""
    day, hour = numbers["ScheduledInstallDay"], numbers["ScheduledInstallTime"]
    return {
        "install": _install(numbers),
        "day": DAYS[day] if isinstance(day, int) and 0 <= day < len(DAYS) else day,
        "time": _clock_time(hour),
        "weeks": _weeks(numbers),
        "during_maintenance": numbers["AutomaticMaintenanceEnabled"] == 1,
        "other_microsoft_products": numbers["AllowMUUpdateService"] == 1,
        "restart": _restart(numbers),
        "install_minor_immediately": _state(numbers["AutoInstallMinorUpdates"]),
        "active_hours": _active_hours(numbers),
    }


def _install(numbers: Numbers) -> JsonValue:
    policy = [name for field in CONFIGURE_AUTOMATIC_UPDATES for name in FIELDS[field]]
    if all(numbers[name] is None for name in policy):
        return NOT_CONFIGURED
    if numbers["NoAutoUpdate"] == 1:
        return DISABLED
    for word, option in OPTIONS.items():
        if numbers["NoAutoUpdate"] == 0 and numbers["AUOptions"] == option:
            return word
    return f"NoAutoUpdate={numbers['NoAutoUpdate']}, AUOptions={numbers['AUOptions']}"


def _weeks(numbers: Numbers) -> JsonValue:
    if numbers[_EVERY_WEEK] == 1:
        return "every"
    return [week for week in WEEKS if numbers[_WEEK[week]] == 1]


def _restart(numbers: Numbers) -> JsonValue:
    always = _state(numbers["AlwaysAutoRebootAtScheduledTime"])
    minutes = numbers["AlwaysAutoRebootAtScheduledTimeMinutes"]
    return {"always_at_scheduled_time": always} | ({} if minutes is None else {"delay_minutes": minutes})


def _active_hours(numbers: Numbers) -> JsonValue:
    state = _state(numbers["SetActiveHours"])
    if state is not True:
        return DISABLED if state is False else state
    return {
        "start": _clock_time(numbers["ActiveHoursStart"]),
        "end": _clock_time(numbers["ActiveHoursEnd"]),
    }


def _state(number: JsonValue) -> JsonValue:
    if number is None:
        return NOT_CONFIGURED
    return number == 1 if number in (0, 1) else number


def _clock_time(number: JsonValue) -> JsonValue:
    return f"{number:02d}:00" if isinstance(number, int) else number


def numbers_for(facts: Facts) -> Changes:
    """The numbers that make all these fields so."""
    return {
        name: number
        for field, wanted in facts.items()
        if field in FIELDS
        for name, number in changes(field, wanted).items()
    }


def changes(field: str, wanted: JsonValue) -> Changes:
    """The numbers that make one field so; `wanted` is in the normal form of `meaning`."""
    names = FIELDS[field]
    if field == "install":
        return _install_changes(str(wanted))
    if field == "weeks":
        return _week_changes(wanted)
    if field == "restart" and isinstance(wanted, Mapping):
        state = _number(wanted["always_at_scheduled_time"])
        return {names[0]: state, names[1]: _number(wanted.get("delay_minutes"))}
    if field == "active_hours":
        hours = wanted if isinstance(wanted, Mapping) else {}
        return {
            names[0]: _number(wanted),
            names[1]: _hour(hours.get("start")),
            names[2]: _hour(hours.get("end")),
        }
    if field == "day":
        return {names[0]: DAYS.index(str(wanted))}
    return {names[0]: _hour(wanted) if field == "time" else _number(wanted)}


def _install_changes(word: str) -> Changes:
    """Not configured and disabled take the whole policy's options with them, as gpedit does."""
    if word in OPTIONS:
        return {"NoAutoUpdate": 0, "AUOptions": OPTIONS[word]}
    policy = [name for field in CONFIGURE_AUTOMATIC_UPDATES for name in FIELDS[field]]
    return {**dict.fromkeys(policy), "NoAutoUpdate": 1 if word == DISABLED else None}


def _week_changes(wanted: JsonValue) -> Changes:
    chosen = wanted if isinstance(wanted, list) else []
    every: Changes = {_EVERY_WEEK: 1 if wanted == "every" else None}
    return every | {name: 1 if week in chosen else None for week, name in _WEEK.items()}


def _number(wanted: JsonValue) -> int | None:
    if isinstance(wanted, int):
        return int(wanted)
    if isinstance(wanted, Mapping):
        return 1
    return 0 if wanted == DISABLED else None


def _hour(wanted: JsonValue) -> int | None:
    return None if wanted is None else int(str(wanted).partition(":")[0])
