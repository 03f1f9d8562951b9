"""The hours of a week by what clocks on the wall show: windows, and the days that differ from others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

from scheduler.calls.public_holidays import holiday_on

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """From ``opens`` until just before ``closes``, as wall time since midnight: past 24 h is the next day."""

    opens: timedelta
    closes: timedelta

    @property
    def today(self) -> Span:
        """What lies before midnight."""
        return Span(opens=self.opens, closes=min(self.closes, _DAY))

    @property
    def tomorrow(self) -> Span | None:
        """What lies after midnight, as the next day sees it."""
        return Span(opens=timedelta(), closes=self.closes - _DAY) if self.closes > _DAY else None


ALL_DAY = Span(opens=timedelta(), closes=_DAY)
EVERY_DAY = ((ALL_DAY,),) * 7


# Compared and hashed as itself: a cache below asks for the hash at every call.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Week:
    """When calls may ring, by weekday; a day of its own beats a public holiday, and both beat the weekday.

    Such a day is what it says from midnight to midnight: a window of the evening before ends there.
    """

    days: tuple[tuple[Span, ...], ...] = EVERY_DAY  # Monday first
    own_days: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)  # without spans: closed
    holidays: tuple[str, ...] = ()  # as public_holidays takes them

    def spans(self, day: date) -> tuple[Span, ...]:
        """When it is open on ``day``, between its midnights."""
        return _spans(self, day)

    def why_closed(self, day: date) -> str:
        """What closes the whole of ``day``, where that isn't the day of the week; "" otherwise."""
        if day in self.own_days:
            return "" if self.own_days[day] else f"{day:%Y-%m-%d} is a closed day"
        return self._holiday(day)

    def opening_on(self, day: date) -> tuple[Span, ...]:
        """What begins on ``day``, some of it perhaps to end after midnight."""
        if day in self.own_days:
            return self.own_days[day]
        return () if self._holiday(day) else self.days[day.weekday()]

    def differs(self, day: date) -> bool:
        """Whether ``day`` isn't as its weekday says."""
        return day in self.own_days or bool(self._holiday(day))

    def _holiday(self, day: date) -> str:
        return next(filter(None, (holiday_on(place, day) for place in self.holidays)), "")


@lru_cache(maxsize=4096)
def _spans(week: Week, day: date) -> tuple[Span, ...]:
    before = () if week.differs(day) else week.opening_on(day - _DAY)
    spilled = (span.tomorrow for span in before)
    own = (span.today for span in week.opening_on(day))
    return tuple(sorted((*(span for span in spilled if span is not None), *own)))
