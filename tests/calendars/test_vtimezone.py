"""A calendar's own definition of a zone means what it says, whatever it calls its winter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.calendars.vtimezone import DefinedZone, read_definition
from tests.oracle.vtimezone import vtimezone

# Havana changes at midnight, Lord Howe by half an hour, Casablanca and Dublin to less in winter.
ZONES = (
    *("Europe/Brussels", "Europe/Dublin", "Africa/Casablanca", "America/Havana", "Australia/Lord_Howe"),
    *("Pacific/Auckland", "Asia/Kolkata", "America/New_York"),
)
_MARCH, _OCTOBER = "BYMONTH=3;BYDAY=-1SU", "BYMONTH=10;BYDAY=-1SU"
# Within what tests/oracle/vtimezone.py defines; Casablanca's changes move through the year.
_MINUTES = st.integers(0, 8 * 365 * 24 * 60).map(lambda number: datetime(2022, 1, 1) + timedelta(minutes=number))  # noqa: DTZ001
_NEAR_A_CHANGE = st.builds(
    lambda day, minutes: datetime.fromisoformat(day) + timedelta(minutes=minutes),
    st.sampled_from(["2027-03-28", "2026-10-25", "2027-02-07", "2027-03-14", "2026-11-01", "2027-04-04"]),
    st.integers(-12 * 60, 24 * 60),
)


def observance(kind: str, start: str, before: str, after: str, *lines: str) -> str:
    parts = (f"BEGIN:{kind}", f"DTSTART:{start}", f"TZOFFSETFROM:{before}", f"TZOFFSETTO:{after}", *lines)
    return "\n".join((*parts, f"END:{kind}"))


def defined(name: str, *, winter_is_daylight: bool) -> DefinedZone:
    return read_definition("\n".join(vtimezone(name, "own", winter_is_daylight=winter_is_daylight)[2:-1]))


def hours(zone: DefinedZone, at: str) -> float:
    offset = datetime.fromisoformat(at).replace(tzinfo=zone).utcoffset()
    assert offset is not None
    return offset / timedelta(hours=1)


@given(st.sampled_from(ZONES), st.booleans(), st.one_of(_MINUTES, _NEAR_A_CHANGE), st.sampled_from([0, 1]))
def test_the_definition_of_a_zone_means_what_the_tz_database_says(
    name: str, winter_is_daylight: bool, at: datetime, fold: int
) -> None:
    own, known = defined(name, winter_is_daylight=winter_is_daylight), ZoneInfo(name)
    assert at.replace(tzinfo=own, fold=fold).utcoffset() == at.replace(tzinfo=known, fold=fold).utcoffset()
    seen, expected = (at.replace(tzinfo=UTC).astimezone(zone) for zone in (own, known))
    assert (seen.replace(tzinfo=None), seen.fold) == (expected.replace(tzinfo=None), expected.fold)


def test_before_its_first_change_a_zone_is_as_far_from_utc_as_that_change_says() -> None:
    zone = read_definition(observance("DAYLIGHT", "20260329T020000", "+0100", "+0200"))
    assert (hours(zone, "2026-03-28T12:00"), hours(zone, "2026-03-29T12:00")) == (1, 2)


@pytest.mark.parametrize("limit", ["UNTIL=20241027T010000Z", "UNTIL=20241027T030000", "COUNT=5"])
def test_a_rule_that_has_ended_leaves_the_offset_of_its_last_change(limit: str) -> None:
    spring = observance("DAYLIGHT", "20200329T020000", "+0100", "+0200", f"RRULE:FREQ=YEARLY;{_MARCH};COUNT=5")
    autumn = observance("STANDARD", "20201025T030000", "+0200", "+0100", f"RRULE:FREQ=YEARLY;{_OCTOBER};{limit}")
    zone = read_definition(f"{spring}\n{autumn}")
    offsets = [hours(zone, at) for at in ("2024-07-01T12:00", "2024-10-27T12:00", "2026-07-01T12:00")]
    assert offsets == [2, 1, 1]


@pytest.mark.parametrize("start", ["00010101T000000", "16010101T000000", "19700101T000000Z", "19700101"])
@pytest.mark.parametrize("year", ["0001", "1900", "2026", "9999"])
def test_a_zone_that_never_changes_has_one_offset_wherever_it_is_said_to_begin(start: str, year: str) -> None:
    zone = read_definition(observance("STANDARD", start, "+0530", "+0530"))
    assert hours(zone, f"{year}-06-01T12:00") == 5.5


def test_changes_that_are_listed_one_by_one_are_changes() -> None:
    zone = read_definition(
        observance("STANDARD", "20250101T000000", "+0100", "+0200", "RDATE:20260101T000000,20270101T000000")
        + "\n"
        + observance("STANDARD", "20250601T000000", "+0200", "+0100", "RDATE;VALUE=PERIOD:20260601T000000/PT1H")
    )
    assert [hours(zone, f"{day}T12:00") for day in ("2026-05-31", "2026-06-01", "2027-01-01")] == [2, 1, 2]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "TZNAME:none",
        observance("STANDARD", "20250101T000000", "+0100", "later"),
        observance("STANDARD", "soon", "+0100", "+0200"),
        observance("STANDARD", "20250101T000000", "+0100", "+0200", "RRULE:FREQ=SECONDLY"),
        observance("STANDARD", "20250101T000000", "+0100", "+0200", "RRULE:FREQ=YEARLY;BYEASTER=1"),
        observance("STANDARD", "20250101T000000", "+0100", "+0200") + "\nBEGIN:DAYLIGHT\nDTSTART:20250601T000000",
    ],
    ids=["nothing", "no observance", "no offset", "no start", "every second", "an unknown rule", "half of one"],
)
def test_what_defines_no_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_definition(text)
