"""A series: the original starts of an event's instances, before any override (RFC 5545, 3.8.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from scheduler.calendars.rule import Rule, refusal, walls
from scheduler.calendars.vevent import Event
from scheduler.calendars.zone import Moment, WrittenTime, ZoneTable

_NEVER = datetime.combine(date.max, time.max)


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

    def refusals(self, end: datetime) -> list[str]:
        """Why rules are left out, in words."""
        reasons = (self._refusal(rule, end) for rule in self.master.rules)
        return [f"{reason}; only its first instance counts" for reason in reasons if reason]

    def originals(self, start: datetime, end: datetime, margin: timedelta) -> dict[str, Moment]:
        """The instances around a window, by key."""
        low, high = self.first.zone.wall(start) - margin, self.first.zone.wall(end) + margin
        usable = [rule for rule in self.master.rules if not self._refusal(rule, end)]
        moments = [replace(self.first, wall=wall) for wall in self._walls(usable, high)]
        inside = [each for each in (*moments, *self.rdates) if low <= each.wall <= high]
        return {each.key: each for each in inside if not self.excludes(each)}

    def _refusal(self, rule: Rule, end: datetime) -> str:
        return refusal(rule, self.first.wall, self.first.zone.wall(end))

    def _walls(self, rules: list[Rule], high: datetime) -> Iterator[datetime]:
        if not rules:
            yield self.first.wall
        for rule in rules:
            yield from walls(rule, self.first.wall, min(high, self._last_wall(rule)))

    def _last_wall(self, rule: Rule) -> datetime:
        """UNTIL by the clocks of the series; a date means that whole day, on a timed series too."""
        if rule.until is None:
            return _NEVER
        if rule.until.is_date or self.first.is_date:
            return datetime.combine(rule.until.wall, time.max)
        if rule.until.tzid == "UTC":
            return self.first.zone.wall(rule.until.wall.replace(tzinfo=UTC))
        return rule.until.wall


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
