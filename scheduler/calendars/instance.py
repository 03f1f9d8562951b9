"""The VEVENT that says one appointment, among the lines of its object; made where only its series says it.

It is made of the master's own lines, so that whatever a program keeps in them the instance keeps too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scheduler.calendars.agenda import Zones
from scheduler.calendars.blocks import unfolded, value_of
from scheduler.calendars.component import Component, read
from scheduler.calendars.lines import EventLines, end_of, event_lines, folded, name_of
from scheduler.calendars.series import Series, read_series, series_moment
from scheduler.calendars.vevent import read_event
from scheduler.calendars.zone import Moment, UnknownZone, ZoneTable

_OF_SERIES = (b"RRULE", b"RDATE", b"EXDATE")
_BASIC = "%Y%m%dT%H%M%S"


class NotAnnotated(ValueError):
    """Nothing of ours may stand in this event, or it can't; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which event: rule 5's key without the calendar, and what times without a zone mean there."""

    uid: str
    recurrence_id: str
    zones: Zones


def own_event(lines: list[bytes], data: bytes, place: Place) -> EventLines | None:
    """The event that says this appointment alone; None for an instance that only its series says.

    :raises NotAnnotated: it isn't there, or there are several.
    """
    masters, overrides = _parted(lines, place.uid)
    if place.recurrence_id:
        found = [event for event in overrides if _key(event, data, place) == place.recurrence_id]
    else:
        found = [] if overrides or any(_recurs(lines, event) for event in masters) else masters
    if len(found) == 1:
        return found[0]
    if found or not (masters and place.recurrence_id):
        raise NotAnnotated("its calendar has several of it" if found else "its calendar has another event instead")
    return None


def with_own_event(lines: list[bytes], data: bytes, place: Place) -> tuple[list[bytes], EventLines]:
    """The object's lines with an override that says what the series says of this instance, and the override.

    :raises NotAnnotated: the series doesn't have it, or its times are written in a way that isn't copied.
    """
    masters, overrides = _parted(lines, place.uid)
    series = _series(data, place)
    original = _original(series, place)
    if len(masters) != 1:
        raise NotAnnotated("its calendar has several of it")
    copy = _instance(lines[masters[0].first : masters[0].last + 1], series.first, original)
    after = max(event.last for event in (*masters, *overrides)) + 1
    lines = [*lines[:after], *copy, *lines[after:]]
    return lines, next(event for event in event_lines(lines) if event.first == after)


def _parted(lines: list[bytes], uid: str) -> tuple[list[EventLines], list[EventLines]]:
    """Masters and overrides."""
    events = [event for event in event_lines(lines) if event.block.uid == uid]
    overrides = [event for event in events if event.own(lines, b"RECURRENCE-ID")]
    return [event for event in events if event not in overrides], overrides


def _recurs(lines: list[bytes], event: EventLines) -> bool:
    return any(event.own(lines, name) for name in _OF_SERIES)


def _key(override: EventLines, data: bytes, place: Place) -> str:
    """The recurrence id of the instance that it changes; "" where that can't be read."""
    event, _ = read_event(override.block)
    if event is None or event.recurrence_id is None:
        return ""
    component = _component(data, place.uid)
    zones = _zone_table(component, place.zones)
    try:
        if component.master is None:
            return zones.moment(event.recurrence_id).key
        return series_moment(event.recurrence_id, zones.moment(component.master.starts), zones).key
    except UnknownZone:
        return ""


def _component(data: bytes, uid: str) -> Component:
    for component in read("", data)[0]:
        if component.uid == uid:
            return component
    raise NotAnnotated("it can't be read any more")


def _zone_table(component: Component, zones: Zones) -> ZoneTable:
    return ZoneTable(
        definitions=component.zone_definitions,
        calendar_zone=component.calendar_zone,
        floating_zone=zones.floating,
        zone_names=zones.names,
    )


def _series(data: bytes, place: Place) -> Series:
    component = _component(data, place.uid)
    if component.master is None or any(event.this_and_future for event in component.overrides):
        raise NotAnnotated("its series changes from one of its instances on")
    try:
        return read_series(component.master, _zone_table(component, place.zones))
    except UnknownZone as error:
        raise NotAnnotated(str(error)) from None


def _original(series: Series, place: Place) -> Moment:
    try:
        instant = datetime.strptime(place.recurrence_id, f"{_BASIC}Z").replace(tzinfo=UTC)
    except ValueError:
        raise NotAnnotated("it has no time of day") from None
    found = series.originals(series.spans(instant, instant, ())).get(place.recurrence_id)
    if found is None:
        raise NotAnnotated("its series doesn't have that instance any more")
    return found


def _instance(master: list[bytes], first: Moment, original: Moment) -> list[bytes]:
    """The master's lines, at the time of one instance."""
    (event,) = event_lines(master)
    shift = original.wall - first.wall
    anew: dict[int, list[bytes]] = {number: [] for name in _OF_SERIES for number in event.own(master, name)}
    times = [*event.own(master, b"DTSTART"), *event.own(master, b"DTEND")]
    if len({_parameters(master[number]) for number in times}) != 1:
        raise NotAnnotated("its end is written in another time zone than its start")
    anew |= {number: [_moved(master[number], shift)] for number in times}
    anew[times[0]].append(_renamed(*anew[times[0]]))
    return [line for number, old in enumerate(master) for line in anew.get(number, [old])]


def _moved(line: bytes, shift: timedelta) -> bytes:
    """DTSTART or DTEND, later by the clocks of its zone."""
    text = _text(line)
    value = value_of(text)
    try:
        wall = datetime.strptime(value.rstrip("Zz"), _BASIC) + shift  # noqa: DTZ007 - as it is written
    except ValueError:
        raise NotAnnotated("its times are written in an unusual way") from None
    utc = "Z" if value[-1:] in "Zz" else ""
    return folded(f"{text.removesuffix(value)}{wall:{_BASIC}}{utc}", end_of(line))


def _renamed(starts: bytes) -> bytes:
    """The RECURRENCE-ID that a DTSTART makes."""
    return folded("RECURRENCE-ID" + _text(starts)[len("DTSTART") :], end_of(starts))


def _parameters(line: bytes) -> tuple[str, bool]:
    """How a time is written: its parameters, and whether in UTC."""
    text = _text(line)
    value = value_of(text)
    return text.removesuffix(value)[len(name_of(line)) :].upper(), value[-1:] in ("Z", "z")


def _text(line: bytes) -> str:
    return unfolded(line).decode("utf-8", "replace").strip()
