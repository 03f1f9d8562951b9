"""Cutting a whole feed into an object for each UID."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.calendars.feed import FeedObject, FeedTooLarge, split
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


def pieces_of(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_a_feed_may_come_in_pieces_of_any_size(size: int) -> None:
    for name in ("broken-events-among-good-ones", "this-and-future", "customized-time-zone-tokyo"):
        assert split(pieces_of(sample(name), size)).objects == split(sample(name)).objects


EVENTS = [
    b"UID:a\r\nDTSTART:20270101T100000Z\r\n",
    b"UID:a\r\nRECURRENCE-ID:20270102T100000Z\r\nDTSTART:20270102T110000Z\r\n",
    b"UID:b\r\nDTSTART;TZID=Ours:20270101T100000\r\n",
    b"UID:b\r\nDTSTART;TZID=Ours:20270101T110000\r\n",
    b"DTSTART:20270103T100000Z\r\nSUMMARY:no UID\r\n",
    b"DTSTAMP:20260101T000000Z\r\nUID:c\r\nDTSTART:20270101T100000Z\r\n",
    b"DTSTAMP:20260202T000000Z\r\nUID:c\r\nDTSTART:20270101T100000Z\r\n",
    b"UID:d\r\nSUMMARY:BEGIN:VEVENT is no event\r\nDTSTART:20270101T100000Z\r\n",
]
WRITTEN = [
    b"BEGIN:VEVENT\r\n%sEND:VEVENT\r\n",
    b"BEGIN:VEVENT\n%sEND:VEVENT\n",
    b"begin:vevent\r\n%send:vevent\r\n",
    b"BEGIN:VEVENT \r\n%sEND:VEVENT \r\n",
    b"BEGIN:VEVENT\r\n%s",  # breaks off
    b"BEGIN:VTODO\r\nUID:todo\r\nEND:VTODO\r\nBEGIN:VEVENT\r\n%sEND:VEVENT\r\n",
]
ZONE = b"BEGIN:VTIMEZONE\r\nTZID:%s\r\nBEGIN:STANDARD\r\nTZOFFSETTO:%s\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
HEADS = [b"", b"X-WR-TIMEZONE:Ours\r\n", ZONE % (b"Ours", b"+0100"), ZONE % (b"Ours", b"+0200")]
_events = st.tuples(st.sampled_from(WRITTEN), st.sampled_from(EVENTS)).map(lambda pair: pair[0] % pair[1])
_feeds = st.tuples(st.sampled_from(HEADS), st.lists(_events, max_size=7)).map(
    lambda pair: b"BEGIN:VCALENDAR\r\n" + pair[0] + b"".join(pair[1]) + b"END:VCALENDAR\r\n"
)


def digests(objects: tuple[FeedObject, ...]) -> dict[str, str]:
    return {each.href: each.digest for each in objects}


@settings(max_examples=400, deadline=None)
@given(feeds=st.lists(_feeds, min_size=2, max_size=4), size=st.sampled_from([5, 100_000]))
def test_what_differs_added_to_what_was_is_what_the_whole_feed_says(feeds: list[bytes], size: int) -> None:
    found = split(feeds[0])
    held = digests(found.objects)
    for feed in feeds[1:]:
        found = split(pieces_of(feed, size), found.seen)
        if found.whole:
            held = {}
        held = {href: digest for href, digest in held.items() if href not in found.gone}
        held |= digests(found.objects)
        assert held == digests(split(feed).objects)


def test_of_a_feed_that_is_known_only_the_events_that_differ_are_cut() -> None:
    events = [b"BEGIN:VEVENT\r\nUID:%d\r\nDTSTART:20270101T100000Z\r\nEND:VEVENT\r\n" % n for n in range(50)]
    before = b"BEGIN:VCALENDAR\r\n" + b"".join(events) + b"END:VCALENDAR\r\n"
    after = before.replace(b"UID:7\r\n", b"UID:7\r\nSUMMARY:new\r\n").replace(events[9], b"")
    found = split(after, split(before).seen)
    assert ([each.href for each in found.objects], found.gone) == (["7"], {"9"})


def test_a_definition_of_a_zone_that_everybody_knows_is_not_carried_along() -> None:
    [only] = split(sample("frozen-vtimezone-under-an-iana-name")).objects
    assert b"VTIMEZONE" not in only.data
    assert starts(only.data) == starts(sample("frozen-vtimezone-under-an-iana-name"))


def test_a_feed_of_more_events_than_allowed_is_refused() -> None:
    data = sample("broken-events-among-good-ones")
    split(data, most_events=8)
    with pytest.raises(FeedTooLarge, match="more than 7 events"):
        split(data, most_events=7)
