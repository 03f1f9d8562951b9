"""Events with something wrong in them: what can be read of them is believed, as a move or a cancellation."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from scheduler.calls.call import Outcome, State
from scheduler.ledger.collections import StoredObject, upsert_objects
from tests.clocks import NOON
from tests.duties.support import DESTINATION
from tests.duties.test_replan import HOUR, World
from tests.duties.test_replan import world as world

DAY = timedelta(days=1)
LINES = {
    "end": "DTEND:whenever",
    "duration": "DURATION:long",
    "exdate": "EXDATE:whenever",
    "sequence": "SEQUENCE:first",
    "last-modified": "LAST-MODIFIED:lately",
    "guest": 'ATTENDEE;CN="Anna "Ann" Maes":mailto:anna@example.org',
}
faulty = pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())


def write(world: World, start: datetime, *lines: str, location: str = str(DESTINATION)) -> None:
    text = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:one", f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
        "SUMMARY:Call", f"LOCATION:{location}", *lines, "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip
    data = "\r\n".join(text).encode()
    world.ledger.write(upsert_objects, "sales", [StoredObject(href="one.ics", etag="e", data=data)])
    world.replan()


def due(world: World) -> list[datetime]:
    return sorted(call.due_at for call in world.calls() if call.state is State.PLANNED)


@faulty
def test_a_move_is_followed(world: World, line: str) -> None:
    write(world, NOON + HOUR, line)
    write(world, NOON + 2 * HOUR, line)
    assert due(world) == [NOON + 2 * HOUR]


@faulty
def test_a_series_that_was_moved_rings_at_its_new_time_alone(world: World, line: str) -> None:
    rule = "RRULE:FREQ=DAILY;COUNT=2"
    write(world, NOON + HOUR, rule, line)
    write(world, NOON + 2 * HOUR, rule, line)
    assert due(world) == [NOON + 2 * HOUR, NOON + 2 * HOUR + DAY]


@faulty
def test_an_instance_that_was_deleted_does_not_ring(world: World, line: str) -> None:
    rule = "RRULE:FREQ=DAILY;COUNT=2"
    write(world, NOON + HOUR, rule, line)
    write(world, NOON + HOUR, rule, line, f"EXDATE:{NOON + HOUR:%Y%m%dT%H%M%SZ}")
    assert due(world) == [NOON + HOUR + DAY]


@faulty
def test_a_cancellation_is_believed(world: World, line: str) -> None:
    write(world, NOON + HOUR, line)
    write(world, NOON + HOUR, line, "STATUS:CANCELLED")
    assert [call.outcome for call in world.calls()] == [Outcome.CANCELLED]


def test_of_two_events_with_one_uid_the_newest_is_followed(world: World) -> None:
    older = (
        "END:VEVENT", "BEGIN:VEVENT", "UID:one", f"DTSTART:{NOON + HOUR:%Y%m%dT%H%M%SZ}", "SUMMARY:Call",
        f"LOCATION:{DESTINATION}",
    )  # fmt: skip
    write(world, NOON + 3 * HOUR, "SEQUENCE:1", *older)
    write(world, NOON + 4 * HOUR, "SEQUENCE:2", *older)
    assert due(world) == [NOON + 4 * HOUR]


@pytest.mark.parametrize("name", ["SUMMARY", "LOCATION"])
def test_what_a_garbled_line_may_have_said_calls_nothing_off(world: World, name: str) -> None:
    write(world, NOON + HOUR)
    lines = [one for one in ("SUMMARY:Call", f"LOCATION:{DESTINATION}") if not one.startswith(name)]
    start = f"DTSTART:{NOON + HOUR:%Y%m%dT%H%M%SZ}"
    text = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:one", start, *lines, f'{name};CN="a"b"c":d',
        "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip
    data = "\r\n".join(text).encode()
    world.ledger.write(upsert_objects, "sales", [StoredObject(href="one.ics", etag="e", data=data)])
    world.replan()
    assert due(world) == [NOON + HOUR]
