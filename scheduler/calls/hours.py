"""Opening hours as instants: whether it is open, when it opens next and when it closes.

What counts is the time that a clock on the wall shows. Where clocks are put back, an hour is shown twice and is
open or closed both times; where they are put forward, what would have opened in the gap opens at its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from heapq import merge
from itertools import count, takewhile

from scheduler.calls.week import Week

FARTHEST = timedelta(days=30)  # how far ahead an opening is looked for
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """A week in one zone or several: open is what is open in all of them."""

    week: Week
    zones: tuple[tzinfo, ...]

    def inside(self, instant: datetime) -> bool:
        return all(self._open_in(zone, instant) for zone in self.zones)

    def next_opening(self, instant: datetime) -> datetime | None:
        """``instant`` itself where it is open; None where nothing opens for so long that nobody waits for it."""
        if self.inside(instant):
            return instant
        edges = self._edges(instant, instant + FARTHEST)
        return next((edge for edge in edges if self.inside(edge)), None)

    def closing(self, instant: datetime, until: datetime) -> datetime | None:
        """When what is open at ``instant`` closes, if it does by ``until``."""
        return next((edge for edge in self._edges(instant, until) if not self.inside(edge)), None)

    def _open_in(self, zone: tzinfo, instant: datetime) -> bool:
        wall = instant.astimezone(zone).replace(tzinfo=None)
        midnight = datetime.combine(wall.date(), time())
        return any(span.opens <= wall - midnight < span.closes for span in self.week.spans(wall.date()))

    def _edges(self, instant: datetime, until: datetime) -> Iterator[datetime]:
        """Every instant after ``instant``, in order, at which it may open or close."""
        edges = merge(*(self._edges_in(zone, instant) for zone in self.zones))
        return takewhile(lambda edge: edge <= until, (edge for edge in edges if edge > instant))

    def _edges_in(self, zone: tzinfo, instant: datetime) -> Iterator[datetime]:
        first = instant.astimezone(zone).date()
        for n in count():
            yield from _edges_of_day(self.week, zone, first + n * _DAY)


# The calls of a day ask the same again and again, and all of them at every replanning.
@lru_cache(maxsize=4096)
def _edges_of_day(week: Week, zone: tzinfo, day: date) -> tuple[datetime, ...]:
    midnight = datetime.combine(day, time())
    # Midnight also where nothing opens for weeks: who looks for an opening must get to where he gives up.
    walls = [midnight + _DAY]
    for span in week.spans(day):
        walls += [midnight + span.opens, midnight + span.closes]
    edges = {instant for wall in walls for instant in _instants(wall, zone)}
    return tuple(sorted(edges | _clock_changes(zone, day)))


def _instants(wall: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Both instants of a wall time that is shown twice; else the same one twice, or those around a gap."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, second


def _clock_changes(zone: tzinfo, day: date) -> set[datetime]:
    """When the clocks of ``zone`` are put forward or back on ``day``, if they are; tz rules hold whole seconds."""
    midnight = datetime.combine(day, time())
    before, after = min(_instants(midnight, zone)), max(_instants(midnight + _DAY, zone))
    offset = before.astimezone(zone).utcoffset()
    if after.astimezone(zone).utcoffset() == offset:
        return set()
    while after - before > _SECOND:
        middle = before + (after - before) // 2 // _SECOND * _SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return {after}
