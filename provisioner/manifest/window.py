"""When a host may be restarted."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, ValidationInfo, field_validator

from provisioner.manifest.connect import Declared

Day: TypeAlias = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_DAYS: tuple[Day, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

TimeOfDay: TypeAlias = Annotated[
    str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Local time of the host, HH:MM in quotes.")
]


class MaintenanceWindow(Declared):
    """The days and hours, in the host's own local time, in which a restart is allowed.

    A window that ends at or before its start ends on the next day; it belongs to the day it starts on.
    """

    days: Annotated[
        list[Day], Field(min_length=1, description="Days on which the window starts; every day if not said.")
    ] = Field(default_factory=lambda: list(_DAYS))
    start: Annotated[
        TimeOfDay,
        Field(alias="from", description='First minute, in the host\'s local time: "HH:MM" in quotes.'),
    ]
    end: Annotated[
        TimeOfDay, Field(alias="to", description='First minute after the window: "HH:MM" in quotes.')
    ]

    @field_validator("end")
    @classmethod
    def _lasts(cls, end: str, info: ValidationInfo) -> str:
        if end == info.data.get("start"):
            raise ValueError("the window ends when it starts; say another time")
        return end

    def contains(self, local: datetime) -> bool:
        """Whether the host's local time lies in the window."""
        return any(start <= local < start + self._length for start in self._starts_around(local))

    def next_start(self, local: datetime) -> datetime:
        """The first start at or after the host's local time."""
        return min(start for start in self._starts_around(local) if start >= local)

    @property
    def _length(self) -> timedelta:
        day = datetime(2000, 1, 1)
        begin, end = (datetime.combine(day, time.fromisoformat(moment)) for moment in (self.start, self.end))
        return end - begin if end > begin else end - begin + timedelta(days=1)

    def _starts_around(self, local: datetime) -> list[datetime]:
        begin = time.fromisoformat(self.start)
        days = (local.date() + timedelta(days=offset) for offset in range(-1, 8))
        return [
            datetime.combine(day, begin, local.tzinfo) for day in days if _DAYS[day.weekday()] in self.days
        ]
