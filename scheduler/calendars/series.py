"""A series: the original starts of an event's instances, before any override (RFC 5545, 3.8.5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from scheduler.calendars.recurrence import walls
from scheduler.calendars.rule import Rule, refusal
from scheduler.calendars.vevent import Event
from scheduler.calendars.written import WrittenTime
from scheduler.calendars.zone import Moment, ZoneTable

_DAY = timedelta(days=1)
# One is what the RFC asks for; a few are seen. Each may cost as much as the guard of rules allows.
_MOST_RULES = 5
_OLDEST = datetime.combine(date(2, 1, 1), time())
_NEWEST = datetime.combine(date(9998, 12, 31), time())


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of wall time in the zone of a series, both ends included."""

    low: datetime
    high: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A master whose zones are known; an event that doesn't recur is a series of one."""

    master: Event
    first: Moment  # DTSTART
    rdates: tuple[Moment, ...]
    excluded_keys: frozenset[str]
    excluded_days: frozenset[date]
    zones: ZoneTable

    @property
    def recurs(self) -> bool:
        return bool(self.master.rules or self.rdates)

    def moment(self, written: WrittenTime) -> Moment:
        return series_moment(written, self.first, self.zones)

    def excludes(self, original: Moment) -> bool:
        return original.key in self.excluded_keys or original.wall.date() in self.excluded_days

    def has(self, original: Moment) -> bool:
        """Whether it has an instance at this time, before any override."""
        return original.key in self.originals(self.spans(original.instant, original.instant, ()))

    def spans(self, start: datetime, end: datetime, shifts: Iterable[timedelta]) -> list[Span]:
        """Where the instances lie that a window shows: in it, or as far from it as an override moves them.

        A day more on either side, for the zones; without the overlaps, in order.
        """
        low, high = self.first.zone.wall(start) - _DAY, self.first.zone.wall(end) + _DAY
        spans: list[Span] = []
        for shift in sorted({timedelta(0), *shifts}, reverse=True):
            span = Span(low=_moved(low, -shift), high=_moved(high, -shift))
            if spans and span.low <= spans[-1].high:
                span = Span(low=spans.pop().low, high=span.high)
            spans.append(span)
        return spans

    def refusals(self, spans: Iterable[Span]) -> list[str]:
        """Why rules are left out, in words."""
        reasons = [self._refusal(rule, span) for span in spans for rule in self._rules]
        if len(self.master.rules) > _MOST_RULES:
            reasons.append(f"it has more than {_MOST_RULES} rules (RRULE)")
        return [f"{reason}; only its first instance counts" for reason in reasons if reason]

    def originals(self, spans: Iterable[Span]) -> dict[str, Moment]:
        """The instances within ``spans``, and all RDATEs, by key."""
        ruled = (each for span in spans for each in self._ruled(span))
        return {each.key: each for each in (*ruled, *self.rdates) if not self.excludes(each)}

    @property
    def _rules(self) -> tuple[Rule, ...]:
        return self.master.rules if len(self.master.rules) <= _MOST_RULES else ()

    def _ruled(self, span: Span) -> Iterator[Moment]:
        rules = [rule for rule in self._rules if not self._refusal(rule, span)]
        if not rules and span.low <= self.first.wall <= span.high:
            yield self.first
        for rule in rules:
            yield from self._instances(rule, span)

    def _instances(self, rule: Rule, span: Span) -> Iterator[Moment]:
        until = self._until(rule)
        high = span.high if until is None else min(span.high, until.wall + _DAY)
        for wall in walls(self._fitting(rule), self.first.wall, span.low, high):
            moment = replace(self.first, wall=wall)
            # By instants, as a wall time that comes twice is before and after UNTIL.
            if until is None or moment.instant <= until.instant:
                yield moment

    def _refusal(self, rule: Rule, span: Span) -> str:
        if self.first.is_date and rule.frequency == "HOURLY":
            return "it repeats every hour, but its start (DTSTART) is a date"
        return refusal(rule, self.first.wall, span.high)

    def _fitting(self, rule: Rule) -> Rule:
        """The rule of a series of dates, where parts that mean a time of day are ignored (3.3.10)."""
        return rule.without_clock() if self.first.is_date else rule

    def _until(self, rule: Rule) -> Moment | None:
        """UNTIL by the clocks of the series; a date means that whole day, on a timed series too.

        Some programs write the end of the year 9999 for none.
        """
        if rule.until is None or rule.until.wall > _NEWEST:
            return None
        if rule.until.is_date or self.first.is_date:
            return replace(self.first, wall=datetime.combine(rule.until.wall, time.max))
        if rule.until.tzid == "UTC":
            return self.zones.moment(rule.until).at(self.first.zone)
        return replace(self.first, wall=rule.until.wall)


def _moved(wall: datetime, shift: timedelta) -> datetime:
    """A wall time moved, not beyond what a datetime can hold."""
    return wall + min(max(shift, _OLDEST - wall), _NEWEST - wall)


def read_series(master: Event, zones: ZoneTable) -> Series:
    """:raises UnknownZone: of DTSTART, or of an RDATE or EXDATE."""
    first = zones.moment(master.starts)
    exdates = [(written, series_moment(written, first, zones)) for written in master.exdates]
    return Series(
        master=master,
        first=first,
        rdates=tuple(series_moment(written, first, zones) for written in master.rdates),
        excluded_keys=frozenset(moment.key for written, moment in exdates if not written.is_date),
        excluded_days=frozenset(written.wall.date() for written, _ in exdates if written.is_date),
        zones=zones,
    )


def series_moment(written: WrittenTime, first: Moment, zones: ZoneTable) -> Moment:
    """An RDATE, EXDATE or RECURRENCE-ID as the series that starts at ``first`` would write it.

    Programs mix the kinds: a date on a timed series means that day's instance, a time on a series of
    dates its date, and a time without a zone one in the zone of the series.
    """
    if first.is_date:
        day = zones.moment(written).at(first.zone).wall if written.tzid == "UTC" else written.wall
        return replace(first, wall=datetime.combine(day, time()))
    if written.is_date:
        return replace(first, wall=datetime.combine(written.wall, first.wall.time()))
    if not written.tzid:
        return replace(first, wall=written.wall)
    return zones.moment(written).at(first.zone)
