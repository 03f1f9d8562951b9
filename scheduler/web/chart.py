"""Outcomes counted into bars: by day, by hour of the day, and by manager."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from scheduler.calls.call import Outcome
from scheduler.ledger.browse import OriginTally, TimeTally
from scheduler.web.office import Facts
from scheduler.web.rows import manager_at

Key = TypeVar("Key")

WIDTH = 1000  # of the longest bar, in units of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The calls of a bar that ended in one way, and where they stand on it."""

    outcome: Outcome
    calls: int
    start: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A day, an hour or a manager."""

    label: str
    counts: Mapping[Outcome, int]

    @property
    def calls(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars on one scale; ``outcomes`` are those that any of them has, in the order of their meaning."""

    bars: tuple[Bar, ...]

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in Outcome if any(bar.counts.get(outcome) for bar in self.bars))

    def parts(self, bar: Bar) -> tuple[Part, ...]:
        longest = max(one.calls for one in self.bars)
        parts, start = [], 0.0
        for outcome in self.outcomes:
            calls = bar.counts.get(outcome, 0)
            width = WIDTH * calls / longest
            if calls:
                parts.append(Part(outcome=outcome, calls=calls, start=round(start, 2), width=round(width, 2)))
            start += width
        return tuple(parts)


def by_day(tallies: Iterable[TimeTally], since: date, days: int, zone: ZoneInfo) -> Chart:
    """Every day, also one without a call."""
    counts = _counted((one.since.astimezone(zone).date(), one) for one in tallies)
    listed = (since + timedelta(days=number) for number in range(days))
    return Chart(bars=tuple(Bar(label=f"{day:%a %d %b}", counts=counts[day]) for day in listed))


def by_hour(tallies: Iterable[TimeTally], zone: ZoneInfo) -> Chart:
    """From the first hour of the day that has calls to the last."""
    counts = _counted((one.since.astimezone(zone).hour, one) for one in tallies)
    hours = range(min(counts, default=0), max(counts, default=-1) + 1)
    return Chart(bars=tuple(Bar(label=f"{hour:02}:00", counts=counts[hour]) for hour in hours))


def by_manager(tallies: Iterable[OriginTally], facts: Facts) -> Chart:
    """By name; a phone that is nobody's, by its number, comes last."""
    counts = _counted((_whose(one, facts), one) for one in tallies)
    return Chart(bars=tuple(Bar(label=label, counts=counts[nobody, label]) for nobody, label in sorted(counts)))


def _whose(tally: OriginTally, facts: Facts) -> tuple[bool, str]:
    name = manager_at(tally.origin, facts)
    return not name, name or str(tally.origin)


def _counted(pairs: Iterable[tuple[Key, TimeTally | OriginTally]]) -> defaultdict[Key, Counter[Outcome]]:
    counts: defaultdict[Key, Counter[Outcome]] = defaultdict(Counter)
    for key, tally in pairs:
        counts[key][tally.outcome] += tally.calls
    return counts
