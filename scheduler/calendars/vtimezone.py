"""A calendar's own definition of a time zone (VTIMEZONE; RFC 5545, 3.6.5), read into a ``tzinfo``.

It says from which wall times on (onsets) clocks are how far from UTC, by observances named STANDARD and
DAYLIGHT. Only the offsets count here, never those names: Dublin and Casablanca have their standard time in
summer, and of such zones dateutil's reader shows wrong walls around every change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from operator import attrgetter

from icalendar.prop import vDDDTypes, vRecur

from scheduler.calendars.recurrence import walls
from scheduler.calendars.rule import Rule, read_rule
from scheduler.calendars.written import written_time

_BEGIN = re.compile(r"^BEGIN:", re.IGNORECASE | re.MULTILINE)
_OBSERVANCE = re.compile(
    r"^BEGIN:(STANDARD|DAYLIGHT)\s*\n(.*?)^END:\1\s*$", re.IGNORECASE | re.MULTILINE | re.DOTALL
)
_LINE = re.compile(r"(DTSTART|RRULE|RDATE|TZOFFSETFROM|TZOFFSETTO)(?:;[^:]*)?:(.*)", re.IGNORECASE)
_OFFSET = re.compile(r"([+-]?)(\d\d)(\d\d)(\d\d)?")
# What real zones need; anything else (SECONDLY, INTERVAL=0, every minute of the year) may never end.
_PARTS = frozenset({"FREQ", "INTERVAL", "UNTIL", "COUNT", "BYMONTH", "BYDAY", "BYMONTHDAY", "WKST"})
# Within these a yearly rule comes again, 29 February and a fifth Sunday of a month included.
_LONGEST = timedelta(days=12 * 366)
_YEAR = timedelta(days=366)
# Some programs write the first day that there is, which is in no year in UTC.
_EARLIEST = datetime.combine(date(1, 1, 3), time())
_YEARS = (14, 9997)  # around these, datetimes can hold all that is looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """Clocks are changed."""

    at: datetime  # naive, UTC
    before: timedelta  # from UTC
    after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class _Observance:
    """When clocks go from one offset to another."""

    first: datetime  # an onset: naive, by the clocks before it
    others: tuple[datetime, ...]
    rules: tuple[Rule, ...]
    before: timedelta
    after: timedelta

    def changes(self, start: datetime, end: datetime) -> Iterator[_Change]:
        """All from ``start`` to ``end``, the last before ``start``, and the first of all; UTC, in any order."""
        onsets = [self.first, *self.others]
        for rule in self.rules:
            onsets += self._ruled(rule, start, end)
        return (self._change(max(onset, _EARLIEST)) for onset in onsets)

    def _change(self, onset: datetime) -> _Change:
        return _Change(at=onset - self.before, before=self.before, after=self.after)

    def _ruled(self, rule: Rule, start: datetime, end: datetime) -> Iterator[datetime]:
        last = end + self.before
        if rule.until is not None:
            until = rule.until.wall
            last = min(last, until + self.before if rule.until.tzid == "UTC" else until)
        low = self.first if rule.count else max(min(start, last) - _LONGEST, self.first)
        return walls(rule, self.first, low, last)


class DefinedZone(tzinfo):
    """The zone of a VTIMEZONE; wall times in gaps and overlaps as PEP 495 and ``zoneinfo`` have them."""

    def __init__(self, observances: tuple[_Observance, ...]) -> None:
        self._observances = observances
        self._changes_by_year: dict[int, tuple[_Change, ...]] = {}

    def utcoffset(self, wall: datetime | None) -> timedelta | None:
        if wall is None:
            return None
        naive = wall.replace(tzinfo=None, fold=0)
        which = min if wall.fold else max  # in an overlap the first, in a gap the offset before it
        changes = self._changes(naive)
        passed = [one for one in changes if one.at + which(one.before, one.after) <= naive]
        return passed[-1].after if passed else changes[0].before

    def fromutc(self, instant: datetime) -> datetime:
        naive = instant.replace(tzinfo=None)
        changes = self._changes(naive)
        passed = [one for one in changes if one.at <= naive]
        offset = passed[-1].after if passed else changes[0].before
        wall = instant + offset
        return wall.replace(fold=int(self.utcoffset(wall.replace(fold=0)) != offset))

    def dst(self, _wall: datetime | None) -> timedelta | None:
        return None  # which of two offsets is the standard one isn't looked at

    def tzname(self, _wall: datetime | None) -> str | None:
        return None

    def _changes(self, naive: datetime) -> tuple[_Change, ...]:
        """Those that tell the offset at a time of this year, wall or UTC, in order."""
        year = min(max(naive.year, _YEARS[0]), _YEARS[1])
        found = self._changes_by_year.get(year)
        if found is None:
            start = datetime.combine(date(year, 1, 1), time())
            every = (one for each in self._observances for one in each.changes(start, start + _YEAR))
            found = tuple(sorted(every, key=attrgetter("at")))
            self._changes_by_year[year] = found
        return found


def read_definition(text: str) -> DefinedZone:
    """The zone that the unfolded lines within a VTIMEZONE define.

    :raises ValueError: they can't be used; other exceptions of the parser's as well.
    """
    observances = tuple(_observance(match[2]) for match in _OBSERVANCE.finditer(text))
    if not observances or len(observances) != len(_BEGIN.findall(text)):
        raise ValueError("it has no offsets, or some that don't end")
    return DefinedZone(observances)


def _observance(text: str) -> _Observance:
    found: dict[str, list[str]] = {}
    for match in filter(None, map(_LINE.fullmatch, text.split("\n"))):
        found.setdefault(match[1].upper(), []).append(match[2].strip().upper())
    return _Observance(
        first=_wall(found["DTSTART"][-1]),
        others=tuple(_wall(value) for values in found.get("RDATE", ()) for value in values.split(",")),
        rules=tuple(map(_rule, found.get("RRULE", ()))),
        before=_offset(found["TZOFFSETFROM"][-1]),
        after=_offset(found["TZOFFSETTO"][-1]),
    )


def _wall(value: str) -> datetime:
    return written_time(vDDDTypes.from_ical(value)).wall  # type: ignore[no-untyped-call]


def _offset(value: str) -> timedelta:
    match = _OFFSET.fullmatch(value)
    if match is None:
        raise ValueError(f"{value} isn't an offset")
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]), seconds=int(match[4] or 0))
    return -offset if match[1] == "-" else offset


def _rule(value: str) -> Rule:
    parts = dict(part.split("=", 1) for part in value.split(";") if "=" in part)
    yearly = parts.get("FREQ") == "YEARLY" and parts.get("INTERVAL", "1") == "1"
    if not yearly or not parts.keys() <= _PARTS:
        raise ValueError(f"a time zone can't change as {value}")
    return read_rule(vRecur.from_ical(value))
