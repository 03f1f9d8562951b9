"""A glance leaves nothing unread that might ring."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from scheduler.calendars.agenda import Zones, read_agenda
from scheduler.calendars.contact import Contacts
from scheduler.calendars.glance import glance
from scheduler.calendars.settings import Asks, CalendarRules, Company
from scheduler.phone import PhoneNumber
from tests.calendars.ics import BRUSSELS, END, SAMPLES, START, calendar, expanded, sample
from tests.calendars.test_any_calendar import mangled_calendars, series

RULES = CalendarRules(collection="sales", origin=PhoneNumber("+3228160258"))
COMPANY = Company(region="BE")
AT = "DTSTART:20270115T100000Z"


def may_ask(*lines: str, rules: CalendarRules = RULES) -> bool:
    return glance(calendar(AT, *lines)).may_ask(rules, COMPANY)


@pytest.mark.parametrize(
    "line",
    [
        "SUMMARY:Call Anna",
        "summary;LANGUAGE=nl:Bellen met Anna",
        "SUMMARY: - (Call) Anna",
        "SUMMARY:Te\u0301le\u0301phoner a\u0300 Anna",
        "SUMMARY:\\nCall Anna",
        "SUMMARY;ENCODING=QUOTED-PRINTABLE:=43all Anna",
        "CATEGORIES:Work,PHONE CALL",
        "LOCATION:+32 468 37 39 01",
        "URL;VALUE=URI:tel:+32468373901",
        "LOCATION:0468 37 39 01\\n",
    ],
)
def test_what_may_ask_for_a_call_is_seen(line: str) -> None:
    assert may_ask(line)


@pytest.mark.parametrize(
    "line",
    [
        "SUMMARY:Callisto",
        "SUMMARY:Lunch",
        "LOCATION:Room 12",
        "CATEGORIES:Holiday",
        "DESCRIPTION:Call-Number: 112",
    ],
)
def test_what_asks_for_none_is_passed_over(line: str) -> None:
    assert not may_ask(line)


def test_every_event_of_a_calendar_that_asks_for_all_may_ask() -> None:
    assert may_ask("SUMMARY:Lunch", rules=CalendarRules(collection="sales", asks=Asks.ALL))


def test_a_folded_title_is_read_whole() -> None:
    assert may_ask("SUMMARY:Ca\r\n ll Anna")


@pytest.mark.parametrize(
    ("lines", "start", "end"),
    [
        ((AT,), "2027-01-14", "2027-01-17"),
        (("DTSTART;VALUE=DATE:20270115",), "2027-01-14", "2027-01-17"),
        ((AT, "RRULE:FREQ=DAILY;UNTIL=20270220T100000Z"), "2027-01-14", "2027-02-22"),
        ((AT, "RRULE:FREQ=DAILY"), "2027-01-14", None),
        ((AT, "RRULE:FREQ=DAILY;COUNT=3"), "2027-01-14", None),
    ],
)
def test_a_span_is_a_day_wider_than_what_is_written(lines: tuple[str, ...], start: str, end: str | None) -> None:
    span = glance(calendar(*lines)).span
    assert span is not None
    assert (f"{span.start:%Y-%m-%d}", span.end and f"{span.end:%Y-%m-%d}") == (start, end)


@pytest.mark.parametrize(
    "lines",
    [
        ("DTSTART:never",),
        (AT, "DTSTART;TZID=Nowhere:soon"),
        (AT, "RDATE:20280101T100000Z"),
        ("DTSTART:20270230T100000Z",),
        ("DTSTART:00010101T100000Z",),
        (),
    ],
)
def test_where_the_bytes_alone_dont_tell_there_is_no_span(lines: tuple[str, ...]) -> None:
    assert glance(calendar(*lines)).span is None


@settings(max_examples=200, deadline=None)
@given(data=series())
def test_nothing_of_any_series_starts_outside_of_its_span(data: bytes) -> None:
    _assert_within_span(data)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=mangled_calendars())
def test_no_mangled_calendar_asks_or_starts_where_a_glance_says_that_it_doesnt(data: bytes) -> None:
    _assert_within_span(data)
    agenda = read_agenda(
        [("one", data)], RULES, COMPANY, Contacts(), Zones(floating=BRUSSELS), start=START, end=END
    )
    assert glance(data).may_ask(RULES, COMPANY) or not any(one.asks for one in agenda.derivations)


@pytest.mark.parametrize("name", sorted(path.stem for path in SAMPLES.glob("*.ics")))
def test_no_sample_starts_outside_of_its_span(name: str) -> None:
    _assert_within_span(sample(name))


def _assert_within_span(data: bytes) -> None:
    span = glance(data).span
    if span is not None:
        far = datetime(2028, 1, 1, tzinfo=UTC)
        found, _ = expanded(data, START - timedelta(days=400), far)
        assert all(span.meets(one.starts_at, one.starts_at + timedelta(seconds=1)) for one in found)
