"""Events with something wrong in them: what can be read of them is believed, as a move or a cancellation."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from scheduler.calls.call import Outcome, State
from scheduler.calls.change import HELD_BACK
from scheduler.duties.held import with_kept_calls
from scheduler.ledger.collections import StoredObject, upsert_objects
from tests.clocks import NOON
from tests.duties.support import DESTINATION
from tests.duties.test_look import seen
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


def store(world: World, *lines: str) -> None:
    text = ("BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", "")
    world.ledger.write(
        upsert_objects, "sales", [StoredObject(href="one.ics", etag="e", data="\r\n".join(text).encode())]
    )
    world.replan()


def event(start: datetime, *lines: str) -> tuple[str, ...]:
    return (
        "BEGIN:VEVENT", "UID:one", f"DTSTART:{start:%Y%m%dT%H%M%SZ}", "SUMMARY:Call", f"LOCATION:{DESTINATION}",
        *lines, "END:VEVENT",
    )  # fmt: skip


def override(original: str, start: str) -> tuple[str, ...]:
    return (
        "BEGIN:VEVENT", "UID:one", original, start, "SUMMARY:Call", f"LOCATION:{DESTINATION}", "END:VEVENT",
    )  # fmt: skip


def written(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"


UNREADABLE = {
    "which instance": override("RECURRENCE-ID:whenever", f"DTSTART:{written(NOON)}"),
    "which instance, for its zone": override(
        "RECURRENCE-ID;TZID=Nowhere/Known:20261124T120000", f"DTSTART:{written(NOON)}"
    ),
    "an instance that there was": override(
        f"RECURRENCE-ID:{written(NOON + HOUR)}", "DTSTART;TZID=Nowhere/Known:20261124T120000"
    ),
}


@pytest.mark.parametrize("broken", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_series_with_an_override_that_nobody_can_read_rings_once_a_day_after_it_was_moved(
    world: World, broken: tuple[str, ...]
) -> None:
    rule = "RRULE:FREQ=DAILY;COUNT=3"
    store(world, *event(NOON + HOUR, rule))
    for hours in (1, 2):
        store(world, *event(NOON + hours * HOUR, rule), *broken)
    assert due(world) == [NOON + 2 * HOUR + day * DAY for day in range(3)]


def test_an_instance_that_became_unreadable_rings_as_it_was_and_the_others_follow_their_rule(world: World) -> None:
    lost = override(f"RECURRENCE-ID:{written(NOON + HOUR)}", "DTSTART;TZID=Nowhere/Known:20261124T120000")
    store(world, *event(NOON + HOUR, "RRULE:FREQ=DAILY;COUNT=2"))
    store(world, *event(NOON + HOUR, "RRULE:FREQ=DAILY;COUNT=3", f"EXDATE:{written(NOON + HOUR + DAY)}"), *lost)
    assert due(world) == [NOON + HOUR, NOON + HOUR + 2 * DAY]


def test_a_series_whose_rule_was_broken_as_it_was_moved_rings_as_planned_and_nothing_beside(world: World) -> None:
    store(world, *event(NOON + HOUR, "RRULE:FREQ=DAILY;COUNT=2"))
    store(world, *event(NOON + 2 * HOUR, "RRULE:FREQ=SOMETIMES"))
    assert due(world) == [NOON + HOUR, NOON + HOUR + DAY]
    store(world, *event(NOON + 2 * HOUR, "RRULE:FREQ=DAILY;COUNT=2"))
    assert due(world) == [NOON + 2 * HOUR, NOON + 2 * HOUR + DAY]


def test_an_instance_that_was_the_only_one_somebody_was_invited_to_rings_on_when_unreadable(world: World) -> None:
    store(world, *override(f"RECURRENCE-ID:{written(NOON)}", f"DTSTART:{written(NOON + HOUR)}"))
    store(world, *override("RECURRENCE-ID:whenever", f"DTSTART:{written(NOON + 2 * HOUR)}"))
    assert due(world) == [NOON + HOUR]


def test_a_call_that_stands_for_a_broken_event_is_shown_and_the_other_time_says_why_it_waits(world: World) -> None:
    store(world, *event(NOON + HOUR, "RRULE:FREQ=DAILY;COUNT=1"))
    store(world, *event(NOON + 2 * HOUR, "RRULE:FREQ=SOMETIMES"))
    found = seen(world, NOON)
    told = [(one.due_at, one.state, one.reason) for one in with_kept_calls(found.entries, found.kept)]
    assert [(at, state) for at, state, _ in told] == [(NOON + HOUR, "planned"), (NOON + 2 * HOUR, "not_ringing")]
    assert told[0][2].startswith("kept as it was planned: its event can't be read just now")
    assert told[1][2] == HELD_BACK
