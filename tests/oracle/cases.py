"""Recurring events for the comparison: one calendar for us, and as good as the same for ical.js.

They differ only where ical.js can't read what the RFC allows: it finds an instance by the text of its
RECURRENCE-ID, so it gets that in the zone of the series or in UTC, and it can't put PERIODs in order, so it
gets their starts (RFC 5545, 3.8.5.2: the start is what counts).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from hypothesis import assume
from hypothesis import strategies as st

from scheduler.calendars.recurrence import walls
from scheduler.calendars.rule import refusal
from tests.calendars.rules import parts_of, rule, rules
from tests.oracle.known import in_order, is_known
from tests.oracle.vtimezone import vtimezone

ZONES = (
    *("Europe/Brussels", "America/New_York", "Pacific/Auckland", "Australia/Lord_Howe", "Europe/Dublin"),
    *("Africa/Casablanca", "Asia/Kolkata", "America/Havana", "Pacific/Chatham"),
)
KOLKATA = ZoneInfo("Asia/Kolkata")
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_TIMES = st.sampled_from(
    [time(0), time(1, 30), time(2), time(2, 30), time(3), time(9), time(14, 45), time(23, 30)]
)
# Around the changes of many zones as often as anywhere.
_DATES = st.one_of(
    st.dates(date(2025, 1, 1), date(2026, 12, 31)),
    st.dates(date(2026, 3, 5), date(2026, 4, 6)),
    st.dates(date(2026, 9, 24), date(2026, 11, 3)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One recurring event."""

    ours: str
    theirs: str
    start: datetime  # of the window to look at
    end: datetime
    zones: Mapping[str, ZoneInfo]  # by TZID
    zone: ZoneInfo  # of the series

    def __repr__(self) -> str:
        return self.ours.replace("\r", "").rpartition("END:VTIMEZONE\n")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """How the times of a series are written."""

    kind: str  # zone, utc, floating or date
    zone: ZoneInfo
    tzid: str
    winter_is_daylight: bool = False

    @property
    def zones(self) -> dict[str, ZoneInfo]:
        """The zones that the calendar defines."""
        return {KOLKATA.key: KOLKATA} | ({self.tzid: self.zone} if self.kind == "zone" else {})

    def written(self, name: str, wall: datetime) -> str:
        if self.kind == "date":
            return f"{name};VALUE=DATE:{wall:%Y%m%d}"
        zone = f";TZID={self.tzid}" if self.kind == "zone" else ""
        return f"{name}{zone}:{wall:%Y%m%dT%H%M%S}{'Z' if self.kind == 'utc' else ''}"

    def utc(self, wall: datetime) -> datetime:
        return wall.replace(tzinfo=UTC if self.kind == "utc" else self.zone).astimezone(UTC)

    def is_plain(self, wall: datetime) -> bool:
        """Whether the wall time comes exactly once."""
        return self.kind == "utc" or is_plain(wall, self.zone)


def is_plain(wall: datetime, zone: ZoneInfo) -> bool:
    """Whether a wall time is neither left out nor repeated where clocks are changed."""
    return wall.replace(tzinfo=zone, fold=0).utcoffset() == wall.replace(tzinfo=zone, fold=1).utcoffset()


@st.composite
def cases(draw: st.DrawFn) -> Case:
    clock = draw(_clocks())
    text, unlimited = draw(_series(clock))
    limit, instances = draw(_limits(clock, unlimited))
    lines = [clock.written("DTSTART", instances[0])]
    changed, excluded = draw(_chosen(instances)), draw(_chosen(instances))
    lines += [draw(_exdates(clock, wall)) for wall in excluded]
    # ical.js excludes one of two equal dates only (3.8.5.1: duplicates are one instance).
    added = draw(st.lists(_rdates(clock, instances[0], excluded), max_size=2))
    overrides = [draw(_overrides(clock, wall)) for wall in changed]
    start = (instances[0] + draw(st.sampled_from([-7, 0, 2])) * _DAY).replace(tzinfo=UTC)
    return Case(
        start=start,
        end=start + (10 if "HOURLY" in text else 400) * _DAY,
        zones=clock.zones,
        zone=clock.zone,
        ours=_calendar(
            clock, [*lines, f"RRULE:{text}{limit}", *(ours for ours, _ in added)], [ours for ours, _ in overrides]
        ),
        theirs=_calendar(
            clock,
            [*lines, f"RRULE:{in_order(text)}{limit}", *(theirs for _, theirs in added)],
            [theirs for _, theirs in overrides],
        ),
    )


@st.composite
def _clocks(draw: st.DrawFn) -> Clock:
    kind = draw(st.sampled_from(["zone", "zone", "zone", "utc", "floating", "date"]))
    if kind != "zone":
        return Clock(kind=kind, zone=ZoneInfo("Europe/Brussels"), tzid="")
    name = draw(st.sampled_from(ZONES))
    # Under its own name a zone is today's; under another one it is what the file says.
    return Clock(
        kind=kind,
        zone=ZoneInfo(name),
        tzid=draw(st.sampled_from([name, "Customized Time Zone"])),
        winter_is_daylight=draw(st.booleans()),
    )


@st.composite
def _series(draw: st.DrawFn, clock: Clock) -> tuple[str, list[datetime]]:
    """A rule and its first instances, the first in step with it as 3.8.5.3 asks.

    Out of step ical.js also gives what doesn't match, so that is compared with dateutil alone.
    """
    text = draw(rules())
    if clock.kind == "date":
        assume(parts_of(text).keys().isdisjoint({"BYHOUR", "BYMINUTE", "BYSECOND"}) and "HOURLY" not in text)
    start = datetime.combine(draw(_DATES), time() if clock.kind == "date" else draw(_TIMES))
    assume(not refusal(rule(text), start, start))
    instances = list(islice(walls(rule(text), start, start, start + 800 * _DAY), 1, 40))
    assume(len(instances) > 1 and not is_known(text, instances[0]))
    return text, instances


@st.composite
def _limits(draw: st.DrawFn, clock: Clock, instances: list[datetime]) -> tuple[str, list[datetime]]:
    """COUNT or UNTIL or neither, and which instances are left."""
    number = draw(st.integers(1, len(instances)))
    last, left = instances[number - 1], instances[:number]
    kind = draw(st.sampled_from(["none", "none", "count", "until"]))
    if kind == "count":
        return f";COUNT={number}", left
    if kind == "none" or not clock.is_plain(last):
        return "", instances
    if clock.kind == "date":
        return f";UNTIL={last:%Y%m%d}", left
    if clock.kind == "floating":
        return f";UNTIL={last:%Y%m%dT%H%M%S}", left
    until = clock.utc(last) + draw(st.sampled_from([timedelta(0), timedelta(minutes=1)]))
    return f";UNTIL={until:%Y%m%dT%H%M%SZ}", left


def _chosen(instances: list[datetime]) -> st.SearchStrategy[list[datetime]]:
    return st.lists(st.sampled_from(instances), max_size=3, unique=True).map(sorted)


@st.composite
def _exdates(draw: st.DrawFn, clock: Clock, wall: datetime) -> str:
    kind = draw(st.sampled_from(["same", "same", "utc"]))
    if kind == "utc" and clock.kind == "zone" and clock.is_plain(wall):
        return f"EXDATE:{clock.utc(wall):%Y%m%dT%H%M%SZ}"
    return clock.written("EXDATE", wall)


@st.composite
def _rdates(draw: st.DrawFn, clock: Clock, first: datetime, excluded: list[datetime]) -> tuple[str, str]:
    """An RDATE after the start, for us and for ical.js; its minutes are never those of the rule."""
    wall = first.replace(minute=7) + draw(st.integers(1, 300)) * _DAY
    wall = datetime.combine(wall, time()) if clock.kind == "date" else wall
    assume(wall not in excluded)
    theirs = clock.written("RDATE", wall)
    if clock.kind == "date" or draw(st.booleans()):
        return theirs, theirs
    return theirs.replace("RDATE", "RDATE;VALUE=PERIOD") + "/PT1H", theirs


@st.composite
def _overrides(draw: st.DrawFn, clock: Clock, wall: datetime) -> tuple[list[str], list[str]]:
    """A moved instance, for us and for ical.js."""
    start = wall + draw(st.sampled_from([timedelta(0), _HOUR, -3 * _HOUR, _DAY, -2 * _DAY, 3 * _DAY]))
    if clock.kind == "date":
        start = datetime.combine(start, time())
    reach = draw(st.sampled_from(["", "", ";RANGE=THISANDFUTURE"]))
    identity = clock.written(f"RECURRENCE-ID{reach}", wall)
    if reach or clock.kind in ("date", "floating") or not clock.is_plain(wall):
        return [identity, clock.written("DTSTART", start)], [identity, clock.written("DTSTART", start)]
    other = draw(_other_clocks(clock))
    # The same instant, as the other zone's clocks show it.
    shown = clock.utc(wall).astimezone(UTC if other.kind == "utc" else other.zone).replace(tzinfo=None)
    ours = other.written("RECURRENCE-ID", shown) if other.is_plain(shown) else identity
    moved = other.written("DTSTART", start)
    return [ours, moved], [f"RECURRENCE-ID:{clock.utc(wall):%Y%m%dT%H%M%SZ}", moved]


def _other_clocks(clock: Clock) -> st.SearchStrategy[Clock]:
    elsewhere = replace(clock, kind="zone", zone=KOLKATA, tzid=KOLKATA.key)
    return st.sampled_from([clock, replace(clock, kind="utc"), elsewhere])


def _calendar(clock: Clock, series: list[str], overrides: list[list[str]]) -> str:
    definitions = [
        line
        for tzid, zone in clock.zones.items()
        for line in vtimezone(zone.key, tzid, winter_is_daylight=clock.winter_is_daylight)
    ]
    events = [line for lines in [series, *overrides] for line in _event(lines)]
    return "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", *definitions, *events, "END:VCALENDAR", ""))


def _event(lines: list[str]) -> tuple[str, ...]:
    return ("BEGIN:VEVENT", "UID:one@example.com", *lines, "SUMMARY:Call", "END:VEVENT")
