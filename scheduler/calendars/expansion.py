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
from scheduler.calendars.label import Label, label_of
from scheduler.calendars.occurrence import Occurrence
from scheduler.calendars.series import Series, read_series
from scheduler.calendars.vevent import Event, Flaw, Hides
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
    flaws: list[Flaw] = []
    expanded = _tried(flaws, partial(_expanded, component, zones, start, end, flaws)) or ()
    return expanded, tuple(_fault(component, flaw) for flaw in dict.fromkeys(flaws))


def _fault(component: Component, flaw: Flaw) -> Fault:
    return Fault(
        href=component.href,
        uid=component.uid,
        reason=flaw.reason,
        hides=flaw.hides,
        instances=flaw.instances,
        label=next((label_of(event) for event in (component.master, *component.overrides) if event), Label()),
    )


def _expanded(
    component: Component, zones: ZoneTable, start: datetime, end: datetime, flaws: list[Flaw]
) -> tuple[Occurrence, ...]:
    series = None
    if component.master is not None:
        series = _tried(flaws, partial(read_series, component.master, zones))
    overrides, lost = _overrides(component.overrides, series, zones)
    flaws += lost
    starts = {key: (each.event, each.starts) for key, each in overrides.items() if not _is_excluded(each, series)}
    if series is not None:
        spans = series.spans(start, end, [each.shift for each in overrides.values() if each.event.this_and_future])
        flaws += [Flaw(reason=reason) for reason in series.refusals(spans)]
        # They were changed into something unreadable: they are no longer as the series says.
        silenced = {key for flaw in lost for key in flaw.instances}
        unchanged = _unchanged(series, overrides, series.originals(spans))
        starts |= {key: each for key, each in unchanged.items() if key not in silenced}
    recurs = series is None or series.recurs or bool(component.overrides)
    occurrences = (
        _occurrence(component.uid, key if recurs else "", event, moment, zones)
        for key, (event, moment) in starts.items()
        if start <= moment.instant < end
    )
    return tuple(sorted(occurrences, key=lambda each: (each.starts_at, each.recurrence_id)))


def _tried(flaws: list[Flaw], step: Callable[[], _T]) -> _T | None:
    """What ``step`` returns; None where it fails, whatever in a stranger's text made it."""
    try:
        return step()
    except UnknownZone as error:
        flaws.append(Flaw(reason=str(error)))
    except Exception as error:
        flaws.append(Flaw(reason=f"it can't be expanded ({type(error).__name__}: {error})"))
    return None


def _overrides(
    events: Iterable[Event], series: Series | None, zones: ZoneTable
) -> tuple[dict[str, _Override], list[Flaw]]:
    """The overrides by the key of the instance that they change, the newest of each; and what of them is lost."""
    placed, lost = [], []
    for event in events:
        flaws: list[Flaw] = []
        override = _tried(flaws, partial(_override, event, series, zones))
        placed += [override] if override else []
        lost += [_lost(flaw, event, series, zones) for flaw in flaws]
    placed.sort(key=lambda each: each.event.version)
    return {each.original.key: each for each in placed}, lost


def _lost(flaw: Flaw, event: Event, series: Series | None, zones: ZoneTable) -> Flaw:
    """What an override hides that has no time: the instance that it changes, where it is known which that is.

    Where the series doesn't have that instance, as after it was moved, nothing: no call is wanted of it.
    """
    original = _tried([], partial(_original, event, series, zones))
    if event.this_and_future or (series is None and original is None):
        hides = Hides.TIMES
    elif series is None or original is None or series.has(original):
        hides = Hides.INSTANCES
    else:
        hides = Hides.NOTHING
    return replace(flaw, hides=hides, instances=frozenset({original.key} if original else ()))


def _is_excluded(override: _Override, series: Series | None) -> bool:
    """Whether an EXDATE removes the instance that was changed.

    That one alone: its RANGE goes on for all that follow (3.2.13), as an EXDATE excludes what it names
    and nothing else (3.8.5.1).
    """
    return series is not None and series.excludes(override.original)


def _override(event: Event, series: Series | None, zones: ZoneTable) -> _Override:
    return _Override(event=event, original=_original(event, series, zones), starts=zones.moment(event.starts))


def _original(event: Event, series: Series | None, zones: ZoneTable) -> Moment:
    written = event.recurrence_id or event.starts
    return zones.moment(written) if series is None else series.moment(written)


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
        own_offset=moment.zone.own_offset(moment.instant),
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
