"""What is wrong with an event is told with its title and start, as people know no UIDs."""

from __future__ import annotations

import pytest

from scheduler.calendars.component import read
from tests.calendars.ics import calendar


def named(*lines: str) -> str:
    _, (fault, *_) = read("one.ics", calendar(*lines))
    return fault.name


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ("DTSTART:20270115T090000Z", "“Call Anna” of 2027-01-15 09:00 UTC (one@example.com)"),
        ("DTSTART;TZID=Europe/Brussels:20270115T090000", "“Call Anna” of 2027-01-15 09:00 (one@example.com)"),
        ("DTSTART;VALUE=DATE:20270115", "“Call Anna” of 2027-01-15 (one@example.com)"),
        ("DTSTART:20271345T090000Z", "“Call Anna” (one@example.com)"),
        ("DTSTART:whenever", "“Call Anna” (one@example.com)"),
    ],
)
def test_a_faulty_event_is_known_by_its_title_and_start(start: str, told: str) -> None:
    assert named(start, "SUMMARY:Call Anna", "RECURRENCE-ID:whenever") == told


def test_without_a_title_or_a_start_its_uid_has_to_do() -> None:
    assert named("DTSTART:whenever") == "one@example.com"


def test_a_title_is_unescaped_and_gives_the_terminal_no_orders() -> None:
    assert named("DTSTART:whenever", "SUMMARY:Call \\, now\\nAnna \x1b[31m").startswith("“Call , now Anna  [31m”")
