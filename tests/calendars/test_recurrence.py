"""Which wall times a rule means."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice, takewhile
from unittest.mock import patch

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from scheduler.calendars import recurrence
from scheduler.calendars.recurrence import walls
from scheduler.calendars.rule import refusal
from tests.calendars.rules import any_rule_texts, parts_of, rule, rules

FIRST = datetime.fromisoformat("2027-01-04T09:00")  # a Monday
MONTH = timedelta(days=35)
FIRSTS = st.datetimes(datetime.fromisoformat("2024-01-01"), datetime.fromisoformat("2028-01-01")).map(
    lambda wall: wall.replace(minute=wall.minute // 15 * 15, second=0, microsecond=0)
)


def days(text: str, first: datetime = FIRST, years: int = 3) -> list[str]:
    high = first + timedelta(days=365 * years)
    return [f"{wall:%Y-%m-%d}" for wall in walls(rule(text), first, first, high)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FREQ=DAILY;INTERVAL=10;COUNT=3", ["2027-01-04", "2027-01-14", "2027-01-24"]),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=3", ["2027-01-04", "2027-01-18", "2027-02-01"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=MO;COUNT=3", ["2027-01-04", "2027-01-10", "2027-01-24"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=SU;COUNT=3", ["2027-01-04", "2027-01-17", "2027-01-31"]),
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", ["2027-01-04", "2027-01-29", "2027-02-26"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=3", ["2027-01-04", "2027-01-29", "2027-02-26"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3", ["2027-01-04", "2027-01-31", "2027-02-28"]),
        ("FREQ=YEARLY;COUNT=3", ["2027-01-04", "2028-01-04", "2029-01-04"]),
        ("FREQ=YEARLY;BYMONTH=6;COUNT=3", ["2027-01-04", "2027-06-04", "2028-06-04"]),
        ("FREQ=YEARLY;BYYEARDAY=-1;COUNT=3", ["2027-01-04", "2027-12-31", "2028-12-31"]),
        ("FREQ=YEARLY;BYDAY=20MO;COUNT=3", ["2027-01-04", "2027-05-17", "2028-05-15"]),
    ],
)
def test_a_rule_means_these_days(text: str, expected: list[str]) -> None:
    assert days(text) == expected


def test_a_month_without_that_day_is_left_out() -> None:
    first = datetime.fromisoformat("2027-01-31T09:00")
    assert days("FREQ=MONTHLY;COUNT=3", first) == ["2027-01-31", "2027-03-31", "2027-05-31"]


def test_29_february_comes_every_fourth_year() -> None:
    first = datetime.fromisoformat("2024-02-29T09:00")
    assert days("FREQ=YEARLY", first, years=9) == ["2024-02-29", "2028-02-29", "2032-02-29"]


def test_days_with_and_without_a_number_stand_side_by_side() -> None:
    found = days("FREQ=MONTHLY;BYDAY=MO,3SA", years=0) + days("FREQ=MONTHLY;BYDAY=MO,3SA;COUNT=6")[1:]
    assert found == ["2027-01-04", "2027-01-11", "2027-01-16", "2027-01-18", "2027-01-25", "2027-02-01"]


def test_a_week_of_the_year_alone_means_the_weekday_of_the_start() -> None:
    """RFC 5545, 3.3.10: what the rule doesn't say is taken from DTSTART; dateutil takes all seven days."""
    assert days("FREQ=YEARLY;BYWEEKNO=20") == ["2027-01-04", "2027-05-17", "2028-05-15", "2029-05-14"]


def test_week_1_may_begin_in_the_year_before() -> None:
    first = datetime.fromisoformat("2024-01-01T09:00")
    found = days("FREQ=YEARLY;BYWEEKNO=1;INTERVAL=2", first, years=5)
    assert found == ["2024-01-01", "2025-12-29", "2028-01-03"]


def test_the_times_of_a_day_are_in_order_and_once_each() -> None:
    text = "FREQ=DAILY;BYHOUR=14,9,14;BYMINUTE=30,0;COUNT=4"
    assert [f"{wall:%d %H:%M}" for wall in walls(rule(text), FIRST, FIRST, FIRST + MONTH)] == [
        "04 09:00",
        "04 09:30",
        "04 14:00",
        "04 14:30",
    ]


@settings(max_examples=100, deadline=None)
@given(text=rules(), first=FIRSTS)
def test_a_rule_means_what_dateutil_makes_of_it(text: str, first: datetime) -> None:
    assume(not refusal(rule(text), first, first) and not _is_beyond_dateutil(text))
    high = first + timedelta(days=800)
    try:
        theirs = takewhile(lambda wall: wall <= high, rrulestr(text, dtstart=first))
        others = [wall for wall in islice(theirs, 40) if wall != first]
    except ValueError:  # it finds out beforehand that some rules match nothing
        others = []
    assert list(islice(walls(rule(text), first, first, high), len(others) + 1)) == [first, *others]


def _is_beyond_dateutil(text: str) -> bool:
    parts = parts_of(text)
    numbered = {any(letter.isdigit() for letter in day) for day in parts.get("BYDAY", "").split(",")}
    return (
        # It takes all seven days of the week: see above.
        ("BYWEEKNO" in parts and parts.keys().isdisjoint({"BYDAY", "BYMONTHDAY", "BYYEARDAY"}))
        # It lets week 1 belong to the year that its day lies in, which matters where years are left out.
        or ("BYWEEKNO" in parts and ("INTERVAL" in parts or "BYSETPOS" in parts))
        # A day must be both a Monday and a third Saturday.
        or len(numbered) == 2
        # The first week begins at DTSTART, so that BYSETPOS counts from there.
        or (parts["FREQ"] == "WEEKLY" and "BYSETPOS" in parts)
    )


@settings(max_examples=80, deadline=None)
@given(text=rules(), first=FIRSTS, later=st.integers(0, 1000), count=st.none() | st.integers(1, 50))
def test_a_window_shows_a_part_of_the_whole(text: str, first: datetime, later: int, count: int | None) -> None:
    asked = rule(text if count is None else f"{text};COUNT={count}")
    assume(not refusal(asked, first, first))
    low = first + timedelta(days=later)
    whole = walls(asked, first, first, low + MONTH)
    assert list(walls(asked, first, low, low + MONTH)) == [wall for wall in whole if wall >= low]


@settings(max_examples=150, deadline=None)
@given(text=any_rule_texts(), first=st.datetimes(datetime.fromisoformat("0001-01-01"), FIRST))
@example(text="FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=20", first=FIRST)
@example(text="FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", first=FIRST)
@example(text="FREQ=HOURLY;INTERVAL=24;BYHOUR=3;BYDAY=SU", first=FIRST - timedelta(days=3600))
@example(text="FREQ=HOURLY;COUNT=99999999", first=FIRST - timedelta(days=3600))
@example(text="FREQ=DAILY;COUNT=99999999", first=FIRST.replace(year=1900))
def test_any_rule_is_refused_or_costs_little_in_a_window(text: str, first: datetime) -> None:
    low = FIRST
    try:
        asked = rule(text)
    except ValueError:
        return
    if refusal(asked, first, low + MONTH):
        return
    with patch.object(recurrence, "_matches", wraps=recurrence._matches) as looked_at:
        instances = list(walls(asked, first, low, low + MONTH))
    assert looked_at.call_count <= 100_000
    assert len(instances) <= 24 * (MONTH.days + 1)
