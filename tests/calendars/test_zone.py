"""Which zone a TZID means, and where its rules come from."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version

import pytest

from scheduler.calendars.zone import Zone, iana_name, use_packaged_tzdata


@pytest.fixture
def own_tzpath() -> Iterator[None]:
    before = zoneinfo.TZPATH
    yield
    zoneinfo.reset_tzpath(to=before)
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.usefixtures("own_tzpath")
def test_zones_come_from_the_package_and_not_from_the_machine() -> None:
    assert use_packaged_tzdata() == version("tzdata")
    assert zoneinfo.TZPATH == ()
    assert datetime(2027, 1, 15, 9, tzinfo=UTC).astimezone(zoneinfo.ZoneInfo("Europe/Brussels")).hour == 10


@pytest.mark.parametrize(
    ("tzid", "name"),
    [
        ("Europe/Brussels", "Europe/Brussels"),
        ("EUROPE/BRUSSELS", "Europe/Brussels"),
        ("America/New_york", "America/New_York"),
        ("/freeassociation.sourceforge.net/Europe/Brussels", "Europe/Brussels"),
        ("/example.com/20260101_1/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("tzone://Microsoft/Utc", "UTC"),
        ("Romance Standard Time", "Europe/Paris"),
        ("romance standard time", "Europe/Paris"),
        ("Customized Time Zone", ""),
        ("tzone://Microsoft/Custom", ""),
        ("Head Office/Europe/Brussels", ""),
        ("", ""),
        ("../../etc/passwd", ""),
    ],
)
def test_a_tzid_stands_for_a_name_of_the_tz_database_or_for_none(tzid: str, name: str) -> None:
    assert iana_name(tzid) == name


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        ("2027-03-28T01:59", "2027-03-28T00:59"),
        ("2027-03-28T02:00", "2027-03-28T01:00"),
        ("2027-03-28T02:59", "2027-03-28T01:59"),
        ("2027-03-28T03:00", "2027-03-28T01:00"),
        ("2027-03-28T03:30", "2027-03-28T01:30"),
        ("2027-03-28T04:00", "2027-03-28T02:00"),
        ("2026-10-25T02:00", "2026-10-25T00:00"),
        ("2026-10-25T03:00", "2026-10-25T02:00"),
    ],
)
def test_a_wall_time_around_a_change_of_clocks_is_this_instant(wall: str, instant: str) -> None:
    brussels = Zone(name="Europe/Brussels", rules=zoneinfo.ZoneInfo("Europe/Brussels"))
    assert brussels.instant(datetime.fromisoformat(wall)) == datetime.fromisoformat(instant).replace(tzinfo=UTC)
