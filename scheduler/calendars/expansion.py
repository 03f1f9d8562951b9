"""Expansion: a component's occurrences within a window (RFC 5545, 3.8.4.4 and 3.8.5).

Each instance is known by the key of its *original* start, made from the master's DTSTART, RRULE and RDATE
alone; EXDATEs and overrides meet it by that key. Ends and durations never move a start.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import partial
from types import MappingProxyType
from typing import TypeVar
from zoneinfo import ZoneInfo

from scheduler.calendars.component import Component, Fault
from scheduler.calendars.occurrence import Occurrence
from scheduler.calendars.series import Series, read_series
from scheduler.calendars.vevent import Event
from scheduler.calendars.zone import Moment, UnknownZone, ZoneTable

_DAY = timedelta(days=1)
_NO_NAMES: Mapping[str, str] = MappingProxyType({})
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Override:
    """An override with its times in their zones."""

    event: Event
    original: Moment
    starts: Moment

    @property
    def shift(self) -> timedelta:
        """How far the override moves its instance, by the clocks of its zone."""
        return self.starts.wall - self.original.at(self.starts.zone).wall

    def moved(self, original: Moment) -> Moment:
        """A later instance, moved as far (RANGE=THISANDFUTURE)."""
        return replace(self.starts, wall=original.at(self.starts.zone).wall + self.shift)


def expand(
    component: Component,
    start: datetime,
    end: datetime,
    *,
    floating_zone: ZoneInfo,
    zone_names: Mapping[str, str] = _NO_NAMES,
) -> tuple[tuple[Occurrence, ...], tuple[Fault, ...]]:
    """The occurrences that start within [start, end), in order: cancelled ones too, excluded ones not.

    ``zone_names`` says which IANA name a TZID means. An override of an instance that the series doesn't
    have is an occurrence, as calendar programs show it. Never raises: what can't be expanded is a fault.
    """
    zones = ZoneTable(
        definitions=component.zone_definitions,
        calendar_zone=component.calendar_zone,
        floating_zone=floating_zone,
        zone_names=zone_names,
    )
    reasons: list[str] = []
    expanded = _tried(reasons, partial(_expanded, component, zones, start, end, reasons)) or ()
    faults = [Fault(href=component.href, uid=component.uid, reason=why) for why in dict.fromkeys(reasons)]
    return expanded, tuple(faults)


def _expanded(
    component: Component, zones: ZoneTable, start: datetime, end: datetime, reasons: list[str]
) -> tuple[Occurrence, ...]:
    series = None
    if component.master is not None:
        series = _tried(reasons, partial(read_series, component.master, zones))
    overrides = _overrides(component.overrides, series, zones, reasons)
    starts = {key: (each.event, each.starts) for key, each in overrides.items() if not _is_excluded(each, series)}
    if series is not None:
        spans = series.spans(start, end, [each.shift for each in overrides.values() if each.event.this_and_future])
        reasons += series.refusals(spans)
        silenced = _unreadable_instances(component.overrides, series, zones)
        unchanged = _unchanged(series, overrides, series.originals(spans))
        starts |= {key: each for key, each in unchanged.items() if key not in silenced}
    recurs = series is None or series.recurs or bool(component.overrides)
    occurrences = (
        _occurrence(component.uid, key if recurs else "", event, moment, zones)
        for key, (event, moment) in starts.items()
        if start <= moment.instant < end
    )
    return tuple(sorted(occurrences, key=lambda each: (each.starts_at, each.recurrence_id)))


def _tried(reasons: list[str], step: Callable[[], _T]) -> _T | None:
    """What ``step`` returns; None where it fails, whatever in a stranger's text made it."""
    try:
        return step()
    except UnknownZone as error:
        reasons.append(str(error))
    except Exception as error:
        reasons.append(f"it can't be expanded ({type(error).__name__}: {error})")
    return None


def _overrides(
    events: Iterable[Event], series: Series | None, zones: ZoneTable, reasons: list[str]
) -> dict[str, _Override]:
    """The overrides by the key of the instance that they change, the newest of each."""
    tried = [_tried(reasons, partial(_override, event, series, zones)) for event in events]
    placed = sorted((each for each in tried if each), key=lambda each: each.event.version)
    return {each.original.key: each for each in placed}


def _is_excluded(override: _Override, series: Series | None) -> bool:
    """Whether an EXDATE removes the instance that was changed.

    That one alone: its RANGE goes on for all that follow (3.2.13), as an EXDATE excludes what it names
    and nothing else (3.8.5.1).
    """
    return series is not None and series.excludes(override.original)


def _unreadable_instances(events: Iterable[Event], series: Series, zones: ZoneTable) -> set[str]:
    """The instances that were changed into something unreadable: they are no longer as the series says."""
    silenced: set[str] = set()
    for event in events:
        if event.recurrence_id is not None and _tried([], partial(_override, event, series, zones)) is None:
            original = _tried([], partial(series.moment, event.recurrence_id))
            silenced |= {original.key} if original else set()
    return silenced


def _override(event: Event, series: Series | None, zones: ZoneTable) -> _Override:
    written = event.recurrence_id or event.starts
    original = zones.moment(written) if series is None else series.moment(written)
    return _Override(event=event, original=original, starts=zones.moment(event.starts))


def _unchanged(
    series: Series, overrides: Mapping[str, _Override], originals: Mapping[str, Moment]
) -> dict[str, tuple[Event, Moment]]:
    """The instances without an override of their own, moved where an earlier one moves all that follow."""
    firsts = sorted(key for key, each in overrides.items() if each.event.this_and_future)
    unchanged = {}
    for key in originals.keys() - overrides.keys():
        place = bisect(firsts, key)
        ruling = overrides[firsts[place - 1]] if place else None
        moment = originals[key]
        unchanged[key] = (ruling.event, ruling.moved(moment)) if ruling else (series.master, moment)
    return unchanged


def _occurrence(uid: str, recurrence_id: str, event: Event, moment: Moment, zones: ZoneTable) -> Occurrence:
    return Occurrence(
        uid=uid,
        recurrence_id=recurrence_id,
        starts_at=moment.instant,
        zone=moment.zone.name,
        all_day=moment.is_date or event.whole_days or _is_whole_days(event, zones),
        summary=event.summary,
        description=event.description,
        location=event.location,
        url=event.url,
        categories=event.categories,
        status=event.status,
        transparent=event.transparent,
        busy_status=event.busy_status,
        kind=event.kind,
        organizer=event.organizer,
        attendees=event.attendees,
        sequence=event.sequence,
        last_modified=event.last_modified,
    )


def _is_whole_days(event: Event, zones: ZoneTable) -> bool:
    """Whether a timed event goes from midnight to midnight: an all-day event in disguise.

    Some programs write every time in UTC; those are looked at in the calendar's zone too.
    """
    starts = zones.moment(event.starts)
    seen_in = [starts.zone, zones.floating] if starts.zone.name == "UTC" else [starts.zone]
    return any(_goes_midnight_to_midnight(event, starts.at(zone), zones) for zone in seen_in)


def _goes_midnight_to_midnight(event: Event, starts: Moment, zones: ZoneTable) -> bool:
    if starts.wall.time() != time():
        return False
    if event.duration is not None:
        return event.duration > timedelta(0) and event.duration % _DAY == timedelta(0)
    if event.ends is None:
        return False
    try:
        ends = zones.moment(event.ends).at(starts.zone)
    except UnknownZone:
        return False
    return ends.wall > starts.wall and ends.wall.time() == time()
