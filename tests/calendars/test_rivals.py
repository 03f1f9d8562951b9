"""Two objects of one calendar with one UID: the newer one rings, and the other says why it doesn't."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.calendars.agenda import Agenda, Zones, read_agenda
from scheduler.calendars.contact import Contacts
from scheduler.calendars.settings import CalendarRules, Company
from tests.calendars.ics import calendar
from tests.clocks import NOON
from tests.duties.support import DESTINATION, ORIGIN

HOUR = timedelta(hours=1)


def meeting(hours: int, *lines: str) -> bytes:
    start = f"DTSTART:{NOON + hours * HOUR:%Y%m%dT%H%M%SZ}"
    return calendar(start, f"SUMMARY:Call {hours}", f"LOCATION:{DESTINATION}", *lines)


def agenda(*objects: tuple[str, bytes]) -> Agenda:
    return read_agenda(
        objects,
        CalendarRules(collection="sales", origin=ORIGIN),
        Company(region="BE"),
        Contacts(),
        Zones(floating=ZoneInfo("Europe/Brussels")),
        start=NOON,
        end=NOON + timedelta(days=14),
    )


@pytest.mark.parametrize("newer", ["SEQUENCE:1", "LAST-MODIFIED:20260101T000000Z"])
def test_the_newer_one_counts_and_both_are_named(newer: str) -> None:
    found = agenda(("one.ics", meeting(1, newer)), ("two.ics", meeting(2)))
    assert [one.summary for one in found.appointments] == ["Call 1"]
    (fault,) = found.faults
    assert "“two.ics” has the same UID as “Call 1” of 2026-11-23 13:00 UTC (“one.ics”)" in fault.reason
    assert [one.reason for one in found.derivations if one.appointment is None] == [fault.reason]


def test_of_two_that_are_as_new_the_later_one_counts_in_whatever_order_they_are_read() -> None:
    objects = [("one.ics", meeting(1)), ("two.ics", meeting(2))]
    for order in (objects, objects[::-1]):
        assert [one.summary for one in agenda(*order).appointments] == ["Call 2"]


def test_a_series_twice_is_told_once() -> None:
    rule = "RRULE:FREQ=DAILY;COUNT=3"
    other = meeting(1, rule).replace(str(DESTINATION).encode(), b"+442079460123")
    found = agenda(("one.ics", meeting(1, rule)), ("two.ics", other))
    assert len(found.appointments) == 3
    assert len(found.faults) == 1


def test_a_copy_that_asks_for_the_same_call_is_no_fault() -> None:
    found = agenda(("one.ics", meeting(1)), ("copy of one.ics", meeting(1)))
    assert found.faults == ()
