"""What holds for every calendar, whatever stands in it."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.calendars.feed import split
from tests.calendars.ics import SAMPLES, START, calendar, expanded, sample

NAMES = sorted(path.stem for path in SAMPLES.glob("*.ics"))
WORDS = [
    *(b"BEGIN:VEVENT\r\n", b"END:VEVENT\r\n", b"BEGIN:VTIMEZONE\r\n", b"END:VTIMEZONE\r\n", b"BEGIN:VALARM\r\n"),
    *(
        b"RRULE:FREQ=",
        b"YEARLY",
        b"MONTHLY",
        b"WEEKLY",
        b"DAILY",
        b"HOURLY",
        b"-1MO",
        b"53SU",
        b"0",
        b"-1",
        b"99999",
    ),
    *(
        b";INTERVAL=",
        b";COUNT=",
        b";UNTIL=",
        b";BYDAY=",
        b";BYMONTH=",
        b";BYMONTHDAY=",
        b";BYSETPOS=",
        b";BYHOUR=",
    ),
    *(b"DTSTART", b"DTEND", b"DURATION:", b"EXDATE", b"RDATE", b"RECURRENCE-ID", b";RANGE=THISANDFUTURE"),
    *(b";VALUE=DATE", b";VALUE=PERIOD", b";TZID=", b"Europe/Brussels", b"UTC", b'"', b":", b";", b",", b"=", b"/"),
    *(b"20270115", b"T100000", b"Z", b"PT1H", b"00010101T000000", b"99991231T235959", b"+9999", b"\r\n", b"\r\n "),
    *(
        b"\x00",
        b"\xff",
        b"\\",
        b"\xe2\x80\xa8",
        b"UID:",
        b"UID:one@example.com\r\n",
        b"SEQUENCE:99999999999999\r\n",
    ),
]

_DAYS = st.integers(0, 120).map(lambda days: f"{datetime(2026, 12, 1, tzinfo=UTC) + timedelta(days):%Y%m%d}")
_TIMES = st.sampled_from(["000000", "023000", "100000", "233000"])
_ZONES = st.sampled_from([";TZID=Europe/Brussels", ";TZID=America/New_York", ";TZID=Pacific/Auckland", ""])


@st.composite
def _times(draw: st.DrawFn) -> str:
    """``;TZID=Europe/Brussels:20270115T100000``, one of the kinds of time."""
    kind = draw(st.sampled_from(["zone", "zone", "zone", "utc", "date"]))
    if kind == "date":
        return f";VALUE=DATE:{draw(_DAYS)}"
    if kind == "utc":
        return f":{draw(_DAYS)}T{draw(_TIMES)}Z"
    return f"{draw(_ZONES)}:{draw(_DAYS)}T{draw(_TIMES)}"


@st.composite
def _rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "WEEKLY;BYDAY=MO,FR", "MONTHLY", "MONTHLY;BYDAY=-1FR"]))
    limit = draw(st.sampled_from(["", ";COUNT=5", ";UNTIL=20270215", ";UNTIL=20270215T090000Z"]))
    return f"RRULE:FREQ={frequency};INTERVAL={draw(st.integers(1, 3))}{limit}"


@st.composite
def series(draw: st.DrawFn) -> bytes:
    lines = [f"DTSTART{draw(_times())}", draw(_rules())]
    lines += [
        f"{draw(st.sampled_from(['EXDATE', 'RDATE']))}{draw(_times())}" for _ in range(draw(st.integers(0, 3)))
    ]
    for _ in range(draw(st.integers(0, 3))):
        reach = draw(st.sampled_from(["", ";RANGE=THISANDFUTURE"]))
        lines += ["END:VEVENT", "BEGIN:VEVENT", "UID:one@example.com"]
        lines += [f"RECURRENCE-ID{reach}{draw(_times())}", f"DTSTART{draw(_times())}"]
    return calendar(*lines)


@st.composite
def mangled_calendars(draw: st.DrawFn) -> bytes:
    data = sample(draw(st.sampled_from(NAMES)))
    for _ in range(draw(st.integers(1, 6))):
        first = draw(st.integers(0, len(data)))
        last = min(len(data), first + draw(st.integers(0, 12)))
        data = data[:first] + draw(st.sampled_from(WORDS) | st.binary(max_size=4)) + data[last:]
    return data


@pytest.mark.parametrize("name", NAMES)
def test_two_windows_side_by_side_say_what_one_says(name: str) -> None:
    _assert_window_divides(sample(name), START + timedelta(days=107, hours=9))


@settings(max_examples=150, deadline=None)
@given(data=series(), days=st.integers(1, 200))
def test_two_windows_of_any_series_say_what_one_says(data: bytes, days: int) -> None:
    _assert_window_divides(data, START + timedelta(days))


def _assert_window_divides(data: bytes, middle: datetime) -> None:
    end = START + timedelta(days=210)
    whole, _ = expanded(data, START, end)
    before, _ = expanded(data, START, middle)
    after, _ = expanded(data, middle, end)
    assert sorted(map(repr, whole)) == sorted(map(repr, before + after))


@settings(max_examples=150, deadline=None)
@given(data=series())
def test_an_occurrence_has_an_identity_of_its_own_and_lies_in_the_window(data: bytes) -> None:
    occurrences, _ = expanded(data)
    assert len({(each.uid, each.recurrence_id) for each in occurrences}) == len(occurrences)
    assert all(each.starts_at.tzinfo is UTC for each in occurrences)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=mangled_calendars())
def test_no_mangled_calendar_raises(data: bytes) -> None:
    expanded(data)
    with suppress(ValueError):
        split(data)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200) | st.lists(st.sampled_from(WORDS), max_size=40).map(b"".join))
def test_no_bytes_raise(data: bytes) -> None:
    expanded(data)
    expanded(b"BEGIN:VCALENDAR\r\n" + data)
    with suppress(ValueError):
        split(b"BEGIN:VCALENDAR\r\n" + data + b"\r\nEND:VCALENDAR\r\n")
