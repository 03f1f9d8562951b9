"""Dates and times as a file writes them, their zones still names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTime:
    """A DATE or DATE-TIME as a file writes it, its zone still a name."""

    wall: datetime  # naive; midnight of a date
    tzid: str = ""  # "UTC" where it ends in Z; "" where it is floating or a date
    is_date: bool = False


def written_time(value: object, tzid: str = "") -> WrittenTime:
    """A parsed DATE, DATE-TIME or PERIOD (its start), with the TZID that stood beside it.

    A ``Z`` beats a TZID. :raises ValueError: a duration or a time of day.
    """
    if isinstance(value, tuple):
        return written_time(value[0], tzid)
    if isinstance(value, datetime):
        return WrittenTime(wall=value.replace(tzinfo=None), tzid="UTC" if value.tzinfo else tzid)
    if isinstance(value, date):
        return WrittenTime(wall=datetime.combine(value, time()), is_date=True)
    raise ValueError(f"{value} isn't a date or a time")
