"""Where the calls of a day stand on a line of its hours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WIDTH = 1000  # of the line, in units of its own
_HOUR = timedelta(hours=1)
_OFFICE = (time(8), time(18))  # shown also where nothing rings
_MOST_LABELS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """From the first hour to the last; ``labels`` are as far from each other as the page can show."""

    since: datetime
    until: datetime
    labels: tuple[datetime, ...]  # from the start to the end

    def place(self, instant: datetime) -> float | None:
        """How far along the line; None where it isn't on it."""
        if not self.since <= instant <= self.until:
            return None
        return round(WIDTH * ((instant - self.since) / (self.until - self.since)), 1)


def axis_of(day: date, instants: Iterable[datetime], zone: ZoneInfo) -> Axis:
    """Office hours, and whatever hours the instants need."""
    opening, closing = (datetime.combine(day, one, zone).astimezone(UTC) for one in _OFFICE)
    shown = [opening, closing, *instants]
    first = min(shown).astimezone(zone).replace(minute=0, second=0, microsecond=0)  # an hour of its clocks
    since = first.astimezone(UTC)
    hours = -(-(max(shown) - since) // _HOUR)
    step = -(-hours // (_MOST_LABELS - 1))
    number = -(-hours // step)
    labels = tuple(since + step * _HOUR * index for index in range(number + 1))
    return Axis(since=since, until=labels[-1], labels=labels)
