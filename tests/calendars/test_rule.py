"""Which recurrence rules are refused, and why."""

from __future__ import annotations

from datetime import datetime

import pytest

from scheduler.calendars.rule import read_rule, refusal
from tests.calendars.ics import calendar, expanded
from tests.calendars.rules import rule

FIRST = datetime.fromisoformat("2027-01-04T09:00")
LAST = datetime.fromisoformat("2027-06-01T00:00")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("FREQ=SECONDLY", "it repeats SECONDLY: HOURLY is the most often allowed"),
        ("FREQ=MINUTELY;INTERVAL=1440", "it repeats MINUTELY: HOURLY is the most often allowed"),
        ("COUNT=3", "it repeats without saying how often: HOURLY is the most often allowed"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0 isn't between 1 and 99999"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL=-1 isn't between 1 and 99999"),
        ("FREQ=DAILY;INTERVAL=100000", "INTERVAL=100000 isn't between 1 and 99999"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0 isn't at least 1"),
        ("FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=1,2,3,4,5", "it repeats more than 24 times a day"),
        ("FREQ=HOURLY;BYMINUTE=1,2,3,4,5;BYSECOND=1,2,3,4,5", "it repeats more than 24 times a day"),
        ("FREQ=YEARLY;BYMONTH=2,4;BYMONTHDAY=31", "it repeats on a day that no month has"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=-30", "it repeats on a day that no month has"),
        ("FREQ=MONTHLY;BYYEARDAY=60", "BYYEARDAY and BYWEEKNO go with FREQ=YEARLY only"),
        ("FREQ=WEEKLY;BYWEEKNO=7", "BYYEARDAY and BYWEEKNO go with FREQ=YEARLY only"),
        ("FREQ=DAILY;BYSETPOS=5", "BYSETPOS doesn't go with FREQ=DAILY"),
        ("FREQ=HOURLY;BYMINUTE=0,30;BYSETPOS=1", "BYSETPOS doesn't go with FREQ=HOURLY"),
    ],
)
def test_a_rule_that_means_nothing_or_too_much_is_refused(text: str, why: str) -> None:
    assert refusal(rule(text), FIRST, LAST) == why


@pytest.mark.parametrize(
    ("text", "first", "why"),
    [
        ("FREQ=YEARLY", "1899-12-31", "it starts before 1900"),
        ("FREQ=HOURLY", "2016-12-31", "it has repeated every hour for more than 10 years: give it a later start"),
        (
            "FREQ=DAILY;BYHOUR=9,12,15;COUNT=99999",
            "1930-01-01",
            "its COUNT may have to be counted over more than 100000 times: give it a later start",
        ),
    ],
)
def test_a_rule_that_is_too_old_is_refused(text: str, first: str, why: str) -> None:
    assert refusal(rule(text), datetime.fromisoformat(first), LAST) == why


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("FREQ=HOURLY", "2017-01-01"),
        ("FREQ=YEARLY", "1900-01-01"),
        ("FREQ=DAILY;INTERVAL=99999", "2027-01-01"),
        ("FREQ=DAILY;BYHOUR=0,4,8,12,16,20;BYMINUTE=0,15,30,45", "2027-01-01"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "2027-01-01"),
        ("FREQ=DAILY;COUNT=99999", "1900-01-01"),
    ],
)
def test_a_rule_just_within_the_limits_is_not_refused(text: str, first: str) -> None:
    assert refusal(rule(text), datetime.fromisoformat(first), LAST) == ""


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ("BYMONTH=13", "BYMONTH=13 isn't possible"),
        ("BYMONTHDAY=0", "BYMONTHDAY=0 isn't possible"),
        ("BYMONTHDAY=32", "BYMONTHDAY=32 isn't possible"),
        ("BYYEARDAY=-367", "BYYEARDAY=-367 isn't possible"),
        ("BYWEEKNO=54", "BYWEEKNO=54 isn't possible"),
        ("BYSETPOS=0", "BYSETPOS=0 isn't possible"),
        ("BYHOUR=24", "BYHOUR=24 isn't possible"),
        ("BYMINUTE=-1", "BYMINUTE=-1 isn't possible"),
        ("BYSECOND=60", "BYSECOND=60 isn't possible"),
        ("BYDAY=54MO", "BYDAY=54MO isn't possible"),
        ("BYEASTER=0", "it repeats by BYEASTER, which isn't part of the standard"),
        ("RSCALE=HEBREW", "it repeats by another calendar than the Gregorian, or skips days (RSCALE, SKIP)"),
    ],
)
def test_a_part_that_is_not_possible_is_told(part: str, why: str) -> None:
    [fault] = expanded(calendar("DTSTART:20270115T100000Z", f"RRULE:FREQ=YEARLY;{part}"))[1]
    assert fault.reason == f"{why}; only its first instance counts"


@pytest.mark.parametrize(
    ("recur", "why"),
    [
        ({"FREQ": ["DAILY"], "COUNT": [1, 2]}, "COUNT isn't one number"),
        ({"FREQ": ["DAILY"], "WKST": ["XX"]}, "WKST=XX isn't a day of the week"),
        ({"FREQ": ["WEEKLY"], "BYDAY": ["1"]}, "BYDAY=1 isn't possible"),
    ],
)
def test_what_the_parser_lets_through_is_told_too(recur: dict[str, list[object]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_rule(recur)  # type: ignore[arg-type]
