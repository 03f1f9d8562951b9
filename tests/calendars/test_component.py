"""Reading a calendar object."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scheduler.calendars.component import read
from scheduler.calendars.occurrence import Person
from tests.calendars.ics import calendar, expanded, sample


def test_an_occurrence_says_what_people_wrote() -> None:
    [occurrence], faults = expanded(sample("what-people-write"))
    assert not faults
    assert occurrence.summary == "Call Ada Peeters, about the offer"
    assert occurrence.description == "First line\nSecond line"
    assert (occurrence.location, occurrence.url) == ("+32468373901", "tel:+3228160257")
    assert occurrence.categories == ("Call", "Sales, north", "Important")
    assert (occurrence.status, occurrence.transparent, occurrence.busy_status) == ("CONFIRMED", True, "OOF")
    assert occurrence.sequence == 3
    assert occurrence.last_modified == datetime(2026, 10, 1, 8, tzinfo=UTC)


def test_people_are_known_by_their_e_mail_address_in_lower_case() -> None:
    [occurrence], _ = expanded(sample("what-people-write"))
    assert occurrence.organizer == Person(email="ada@example.com", name="Peeters, Ada")
    assert occurrence.attendees == (
        Person(email="bob@example.com", partstat="ACCEPTED"),
        Person(email="", name="Room"),
    )


def test_overrides_belong_to_their_series() -> None:
    [component], faults = read("/a.ics", sample("moved-instance"))
    assert not faults
    assert component.master is not None
    assert (component.uid, component.href) == ("moved@example.com", "/a.ics")
    assert [override.summary for override in component.overrides] == ["Call, moved"]


def test_of_two_events_with_one_uid_and_sequence_the_last_modified_counts() -> None:
    data = calendar(
        "DTSTART:20270115T100000Z",
        "LAST-MODIFIED:20261001T080000Z",
        "END:VEVENT",
        "BEGIN:VEVENT",
        "UID:one@example.com",
        "DTSTART:20270116T100000Z",
        "LAST-MODIFIED:20261002T080000Z",
    )
    [occurrence], _ = expanded(data)
    assert occurrence.starts_at.day == 16


def test_the_same_event_twice_is_no_fault() -> None:
    event = "DTSTART:20270115T100000Z"
    data = calendar("DTSTAMP:20261001T080000Z", event, "END:VEVENT", "BEGIN:VEVENT", "UID:one@example.com", event)
    occurrences, faults = expanded(data)
    assert (len(occurrences), faults) == (1, [])


def test_tasks_and_journals_are_passed_over() -> None:
    data = b"BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:t\r\nDTSTART:20270115T100000Z\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"
    assert read("/t.ics", data) == ((), ())


def test_what_is_no_calendar_at_all_is_told() -> None:
    components, [fault] = read("/login.ics", b"<html>Please log in</html>")
    assert not components
    assert "isn't a calendar object" in fault.reason


def test_the_texts_of_an_alarm_are_not_those_of_its_event() -> None:
    [occurrence], _ = expanded(
        calendar(
            "BEGIN:VALARM", "UID:alarm", "SUMMARY:Alarm", "END:VALARM", "DTSTART:20270115T100000Z", "SUMMARY:Call"
        )
    )
    assert (occurrence.uid, occurrence.summary) == ("one@example.com", "Call")


def test_a_date_with_a_time_behind_it_is_a_date() -> None:
    [occurrence], _ = expanded(calendar("DTSTART;VALUE=DATE:20270115T000000"))
    assert occurrence.all_day


def test_texts_of_old_windows_programs_are_read() -> None:
    data = calendar("DTSTART:20270115T100000Z", "SUMMARY:Call Zoë").decode().encode("cp1252")
    [occurrence], _ = expanded(data)
    assert occurrence.summary == "Call Zoë"


def test_a_fold_within_a_character_is_mended() -> None:
    data = calendar("DTSTART:20270115T100000Z", "SUMMARY:Call Zoë").replace(b"\xc3\xab", b"\xc3\r\n \xab")
    [occurrence], _ = expanded(data)
    assert occurrence.summary == "Call Zoë"


@pytest.mark.parametrize(
    "line", ["DTEND:PT1H", "EXDATE:100000", "RDATE:P1D", "LAST-MODIFIED:P1D", "DURATION:100000"]
)
def test_a_time_of_another_kind_costs_itself(line: str) -> None:
    occurrences, _ = expanded(calendar("DTSTART:20270115T100000Z", line))
    assert len(occurrences) == 1


def test_empty_properties_are_no_fault() -> None:
    occurrences, faults = expanded(calendar("DTSTART:20270115T100000Z", "EXDATE:", "RRULE:", "DTEND:"))
    assert (len(occurrences), faults) == (1, [])
