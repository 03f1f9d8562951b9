"""Cutting a whole feed into an object for each UID."""

from __future__ import annotations

import pytest

from scheduler.calendars.feed import split
from tests.calendars.ics import calendar, expanded, sample, starts


def test_each_uid_becomes_an_object_with_its_overrides() -> None:
    feed = split(sample("broken-events-among-good-ones"))
    assert [each.href.removesuffix("@example.com") for each in feed.objects] == [
        "good",
        "no-start",
        "two-starts",
        "unreadable-start",
        "year-9999",
        "unreadable-recurrence-id",
        "not-closed",
        "also-good",
    ]
    [moved] = split(sample("moved-instance")).objects
    assert starts(moved.data) == starts(sample("moved-instance"))


@pytest.mark.parametrize(
    "name",
    [
        "x-wr-timezone-for-floating-times",
        "customized-time-zone-tokyo",
        "custom-zone-gap-and-overlap",
        "this-and-future",
        "iana-names-written-otherwise",
        "broken-events-among-good-ones",
        "broken-properties-in-good-events",
        "what-people-write",
    ],
)
def test_the_objects_say_what_the_feed_said(name: str) -> None:
    found = [expanded(each.data) for each in split(sample(name)).objects]
    whole, faults = expanded(sample(name))
    assert [each for occurrences, _ in found for each in occurrences] == whole
    assert {(fault.uid, fault.reason) for _, each in found for fault in each} == {
        (fault.uid, fault.reason) for fault in faults
    }


def test_the_zone_of_floating_times_may_be_the_calendars_own() -> None:
    data = sample("customized-time-zone-tokyo").replace(b"DTSTART;TZID=Customized Time Zone:", b"DTSTART:")
    data = data.replace(b"VERSION", b"X-WR-TIMEZONE:Customized Time Zone\r\nVERSION")
    [only] = split(data).objects
    assert starts(only.data) == ["custom 2027-01-15 01:00"]


def test_a_new_dtstamp_is_no_change() -> None:
    before, after = (
        split(calendar(f"DTSTAMP:{stamp}", "DTSTART:20270115T100000Z")).objects[0].digest
        for stamp in ("20261001T080000Z", "20261002T080000Z")
    )
    assert before == after


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"20270115T100000", b"20270115T110000"),
        (b"+0900", b"+0800"),
        (b"VERSION", b"X-WR-TIMEZONE:UTC\r\nVERSION"),
    ],
)
def test_a_change_of_event_or_zone_changes_the_digest(old: bytes, new: bytes) -> None:
    data = sample("customized-time-zone-tokyo")
    assert split(data).objects[0].digest != split(data.replace(old, new)).objects[0].digest


def test_a_new_event_beside_it_is_no_change_of_an_object() -> None:
    one, other = sample("broken-events-among-good-ones"), sample("broken-properties-in-good-events")
    both = one.replace(b"END:VCALENDAR\r\n", other[other.index(b"BEGIN:VEVENT") :])
    assert set(split(one).objects) <= set(split(both).objects)


@pytest.mark.parametrize("newline", [b"\r\n", b"\n", b"\r", b"\r\r\n"])
def test_any_line_ending_and_a_byte_order_mark_will_do(newline: bytes) -> None:
    data = b"\xef\xbb\xbf" + sample("moved-instance").replace(b"\r\n", newline)
    assert [each.href for each in split(data).objects] == ["moved@example.com"]
    assert starts(data) == starts(sample("moved-instance"))


def test_a_folded_uid_is_one_uid() -> None:
    data = sample("moved-instance").replace(b"UID:moved@", b"UID:mo\r\n ved@", 1)
    assert [each.href for each in split(data).objects] == ["moved@example.com"]


def test_the_uid_of_an_alarm_is_not_that_of_its_event() -> None:
    alarm = b"BEGIN:VALARM\r\nUID:alarm\r\nEND:VALARM\r\nUID:one@"
    [only] = split(calendar("DTSTART:20270115T100000Z").replace(b"UID:one@", alarm)).objects
    assert only.href == "one@example.com"


def test_an_event_without_a_uid_is_known_by_its_content() -> None:
    data = calendar("DTSTART:20270115T100000Z", "SUMMARY:Call").replace(b"UID:one@example.com\r\n", b"")
    [only] = split(data).objects
    [again] = split(data.replace(b"SUMMARY", b"DTSTAMP:20261001T080000Z\r\nSUMMARY")).objects
    [other] = split(data.replace(b"Call", b"Call Ada")).objects
    [occurrence], _ = expanded(only.data)
    assert only.href == again.href == occurrence.uid != other.href


def test_an_event_that_breaks_off_stays_an_object() -> None:
    data = calendar("DTSTART:20270115T100000Z").replace(b"END:VEVENT\r\n", b"")
    [only] = split(data).objects
    occurrences, [fault] = expanded(only.data)
    assert (only.href, occurrences, fault.uid) == ("one@example.com", [], "one@example.com")


def test_an_empty_calendar_has_no_objects() -> None:
    assert split(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n").objects == ()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b" \r\n", "it is empty"),
        (b"<!DOCTYPE html><html>Log in</html>", "a web page"),
        (b"503 Service Unavailable", "isn't a calendar"),
        (sample("moved-instance")[:-20], "truncated"),
        (sample("moved-instance") + sample("moved-instance")[:-20], "truncated"),
    ],
)
def test_what_is_not_a_whole_calendar_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        split(data)
