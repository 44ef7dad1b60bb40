"""The rule that Windows keeps for each time zone (`TZI`, REG_TZI_FORMAT), made from the IANA data."""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

_WEEK = timedelta(days=7)
_MINUTE = timedelta(minutes=1)
_NO_TURN = struct.pack("<8h", *[0] * 8)
_FIFTH_IS_LAST = 5


@cache
def zone_rule(windows: str, year: int) -> str:
    """Base64 of bias, standard and daylight bias (minutes), and when each begins in that year."""
    from tzlocal.windows_tz import win_tz

    zone = ZoneInfo(win_tz[windows])
    turns = {_saved(zone, turn) > timedelta(): turn for turn in _turns(zone, year)}
    if len(turns) < 2:
        bias = -_offset(zone, datetime(year, 1, 1, tzinfo=UTC)) // _MINUTE
        return _packed(bias, 0, _NO_TURN, _NO_TURN)
    winter, summer = _offset(zone, turns[False]), _offset(zone, turns[True])
    # Each turn is told in the time that is left with it.
    standard, daylight = turns[False] + summer, turns[True] + winter
    return _packed(-winter // _MINUTE, (winter - summer) // _MINUTE, _moment(standard), _moment(daylight))


def _packed(bias: int, daylight_bias: int, standard: bytes, daylight: bytes) -> str:
    return b64encode(struct.pack("<3i", bias, 0, daylight_bias) + standard + daylight).decode("ascii")


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _saved(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).dst() or timedelta()


def _turns(zone: ZoneInfo, year: int) -> Iterator[datetime]:
    """The first minute of each new offset in the year, UTC."""
    before = datetime(year, 1, 1, tzinfo=UTC)
    while before.year == year:
        after = before + _WEEK
        if _offset(zone, before) != _offset(zone, after):
            yield _turn(zone, before, after)
        before = after


def _turn(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    while after - before > _MINUTE:
        middle = before + (after - before) // _MINUTE // 2 * _MINUTE
        if _offset(zone, middle) == _offset(zone, before):
            before = middle
        else:
            after = middle
    return after


def _moment(local: datetime) -> bytes:
    """SYSTEMTIME with year 0: month, weekday (Sunday is 0), which one of the month, hour, minute."""
    last = (local + _WEEK).month != local.month
    nth = _FIFTH_IS_LAST if last else (local.day - 1) // 7 + 1
    return struct.pack("<8h", 0, local.month, local.isoweekday() % 7, nth, local.hour, local.minute, 0, 0)
