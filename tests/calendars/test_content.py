"""Two exports of one event are told to be one, and an object that broke is told from one that changed."""

from __future__ import annotations

import pytest

from scheduler.calendars.content import content_key, damage
from scheduler.calendars.feed import split
from tests.calendars.ics import calendar, sample

WHOLE = calendar("DTSTART:20270115T100000Z", "SUMMARY:Call")


def keys(name: str) -> list[str]:
    return [content_key(one.data) for one in split(sample(name)).objects]


def test_an_event_with_another_uid_and_other_stamps_says_the_same() -> None:
    first, second = keys("uids-anew-at-each-fetch-first"), keys("uids-anew-at-each-fetch-second")
    assert first == second
    assert len(set(first)) == 3


@pytest.mark.parametrize("line", [b"SUMMARY:Call Bob", b"SUMMARY:Call\r\nRRULE:FREQ=DAILY"])
def test_an_event_that_says_something_else_is_another(line: bytes) -> None:
    assert content_key(WHOLE.replace(b"SUMMARY:Call", line)) != content_key(WHOLE)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it isn't a calendar object"),
        (b"<html>login</html>", "it isn't a calendar object"),
        (WHOLE.replace(b"END:VCALENDAR", b""), "it breaks off"),
        (WHOLE.replace(b"END:VEVENT\r\n", b""), "its event breaks off, or has no UID"),
        (WHOLE.replace(b"UID:one@example.com\r\n", b""), "its event breaks off, or has no UID"),
    ],
)
def test_what_can_be_no_calendar_object_is_told(data: bytes, reason: str) -> None:
    assert damage(data).startswith(reason)


@pytest.mark.parametrize("data", [WHOLE, b"BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"])
def test_a_changed_event_and_a_task_are_no_damage(data: bytes) -> None:
    assert damage(data) == ""
