"""Time zones: what a TZID means, and which instant a wall time in it is (RFC 5545, 3.2.19, 3.3.5, 3.6.5).

A time stays as it is written until it is asked for: a naive wall time and the name of its zone. Naive
datetimes live here and in the modules that expand; everything that leaves is aware and UTC.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache, lru_cache
from importlib.metadata import version
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from scheduler.calendars.vtimezone import read_definition
from scheduler.calendars.written import WrittenTime

_WINDOWS_NAMES = {name.lower(): iana for name, iana in WINDOWS_TO_OLSON.items()}


class UnknownZone(ValueError):
    """A TZID that names no zone we know; the sentence is for people."""


def use_packaged_tzdata() -> str:
    """Make zoneinfo read the tzdata package and not the machine's files; return its version (``2026.6``
    is 2026f).

    Distributions freeze their own copy, and zoneinfo reads that one first. Call this before anything else
    holds a ``ZoneInfo``.
    """
    zoneinfo.reset_tzpath(to=())
    ZoneInfo.clear_cache()
    _iana_names.cache_clear()
    return version("tzdata")


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A time zone and the name that people know it by."""

    name: str  # IANA, "UTC", or "" for a calendar's own zone
    rules: tzinfo

    def instant(self, wall: datetime) -> datetime:
        """The UTC instant of a wall time: the first of two in an overlap, and in a gap the time as if
        the clock hadn't been moved (RFC 5545, 3.3.5).
        """
        offset = wall.replace(tzinfo=self.rules).utcoffset() or timedelta(0)
        return (wall - offset).replace(tzinfo=UTC)

    def wall(self, instant: datetime) -> datetime:
        """The naive wall time of an aware instant."""
        return instant.astimezone(self.rules).replace(tzinfo=None)

    def own_offset(self, instant: datetime) -> timedelta | None:
        """From UTC, in a calendar's own zone; None where the zone's name tells it."""
        return None if self.name else instant.astimezone(self.rules).utcoffset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A written time whose zone is known."""

    wall: datetime  # naive; midnight of a date
    zone: Zone
    is_date: bool

    @property
    def instant(self) -> datetime:
        return self.zone.instant(self.wall)

    @property
    def key(self) -> str:
        """``YYYYMMDD`` of a date, else ``YYYYMMDDTHHMMSSZ``: RFC 5545's RECURRENCE-ID, sortable."""
        if self.is_date:
            return self.wall.date().isoformat().replace("-", "")
        return self.instant.replace(tzinfo=None).isoformat(timespec="seconds").translate(_BASIC) + "Z"

    def at(self, zone: Zone) -> Moment:
        """The same moment as clocks in ``zone`` show it; a date has no clock and stays what it is.

        So does a time in its own zone, even one that no clock shows because it lies in a gap.
        """
        if self.is_date or zone == self.zone:
            return replace(self, zone=zone)
        return replace(self, zone=zone, wall=zone.wall(self.instant))


_BASIC = str.maketrans("", "", "-:")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneTable:
    """The zones that the times of one calendar object are written in."""

    definitions: Mapping[str, str]  # TZID → what stands in its VTIMEZONE
    calendar_zone: str  # X-WR-TIMEZONE, "" where there is none
    floating_zone: ZoneInfo  # of floating times, where X-WR-TIMEZONE says nothing
    zone_names: Mapping[str, str]  # TZID → IANA name, as the admin says

    def find(self, tzid: str) -> Zone:
        """The zone that a TZID means: the admin's word, the IANA name in it, its own definition.

        An IANA or Windows name beats the VTIMEZONE embedded under it: those are frozen, often partial.
        :raises UnknownZone: none of these; it isn't guessed.
        """
        name = self.zone_names.get(tzid) or iana_name(tzid)
        if name:
            return _named_zone(name)
        if tzid not in self.definitions:
            raise UnknownZone(
                f"time zone {tzid!r} isn't known: say in company.zone_names which zone it means,"
                " for example Europe/Brussels"
            )
        return Zone(name="", rules=_custom_zone(tzid, self.definitions[tzid]))

    @property
    def floating(self) -> Zone:
        """The zone of floating times and of dates."""
        try:
            return self.find(self.calendar_zone)
        except UnknownZone:
            return Zone(name=self.floating_zone.key, rules=self.floating_zone)

    def moment(self, written: WrittenTime) -> Moment:
        """:raises UnknownZone: the zone it is written in isn't known."""
        zone = self.find(written.tzid) if written.tzid else self.floating
        return Moment(wall=written.wall, zone=zone, is_date=written.is_date)


def iana_name(tzid: str) -> str:
    """The tz database's name that a TZID stands for; "" where it stands for none.

    Any case; within a vendor's prefix (``/example.com/2026/Europe/Brussels``, ``tzone://Microsoft/Utc``);
    Windows names (``Romance Standard Time``).
    """
    bare = tzid.strip().strip('"').lower()
    parts = bare.strip("/").split("/")
    prefixed = bare.startswith("/") or "://" in bare
    for first in range(len(parts) if prefixed else 1):
        name = _iana_names().get("/".join(parts[first:]))
        if name:
            return name
    return _WINDOWS_NAMES.get(bare, "")


@cache
def _iana_names() -> dict[str, str]:
    return {name.lower(): name for name in zoneinfo.available_timezones()}


def _named_zone(name: str) -> Zone:
    try:
        return Zone(name=name, rules=ZoneInfo(name))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise UnknownZone(f"{name!r} isn't a time zone of the tz database") from error


@lru_cache(maxsize=256)
def _custom_zone(tzid: str, definition: str) -> tzinfo:
    """The rules of a VTIMEZONE block. Kept by its whole text, never by its TZID alone: two calendars'
    "Customized Time Zone" are two zones.

    :raises UnknownZone: the block can't be used.
    """
    try:
        zone = read_definition(definition)
        datetime(2026, 1, 1, tzinfo=zone).utcoffset()
    except Exception as error:  # a stranger's text raises whatever comes up; the zone is lost either way
        raise UnknownZone(
            f"the calendar's own definition of time zone {tzid!r} can't be read:"
            " say in company.zone_names which zone it means, for example Europe/Brussels"
        ) from error
    return zone
