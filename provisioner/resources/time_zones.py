"""Windows time zone ids: many IANA names share one, so only the Windows ids are ever compared."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo


@cache
def _windows_ids() -> Mapping[str, str]:
    # Imported late: the tables are needed only where a time zone is declared.
    from tzlocal import windows_tz

    ids = {iana.casefold(): windows for iana, windows in windows_tz.tz_win.items()}
    return ids | {windows.casefold(): windows for windows in windows_tz.win_tz}


def windows_id(name: str) -> str:
    """The Windows id of an IANA or Windows name, whatever its case. ValueError for an unknown one."""
    known = _windows_ids().get(name.casefold())
    if known is None:
        raise ValueError(f"no time zone is called {name!r}{_suggestion(name)}")
    return known


def as_known(text: str) -> str:
    """A live Windows id in the tables' spelling; one they do not know stays as it is."""
    return _windows_ids().get(text.casefold(), text)


def _suggestion(name: str) -> str:
    from tzlocal import windows_tz

    spelling = {known.casefold(): known for known in (*windows_tz.tz_win, *windows_tz.win_tz)}
    close = get_close_matches(name.casefold(), spelling, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {spelling[close[0]]!r}?"
    return "; use an IANA name such as Europe/Stockholm or an id that `tzutil /l` lists"


def bias_minutes(windows: str, at_ms: int, daylight_saving: bool) -> tuple[int, int]:
    """Standard and active bias (UTC minus local time, minutes) as Windows keeps them in the registry."""
    from tzlocal import windows_tz

    there = datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(ZoneInfo(windows_tz.win_tz[windows]))
    saved = there.dst() or timedelta()
    standard = -round(((there.utcoffset() or timedelta()) - saved).total_seconds() / 60)
    return standard, standard - round(saved.total_seconds() / 60) if daylight_saving else standard
