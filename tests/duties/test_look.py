"""What `plan` and `why` tell of an appointment is what the daemon does with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scheduler.calendars.contact import Contacts
from scheduler.calls.call import Outcome, State
from scheduler.calls.change import ALREADY_PAST, CALLED_ALREADY
from scheduler.database import Connection
from scheduler.duties.look import View, look
from scheduler.duties.synced import SyncedCalendar
from scheduler.ledger import open_ledger
from scheduler.ledger.attempts import close_attempt, insert_attempts
from scheduler.ledger.calls import Claim, claim_due, end_call, request_calls
from scheduler.ledger.collections import record_fetched
from tests.clocks import NOON
from tests.duties.support import BARRING
from tests.duties.test_calling_hours import Unasked
from tests.duties.test_replan import HOUR, World, rules

MINUTE = timedelta(minutes=1)
LEAD = "5 min"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with closing(open_ledger(tmp_path / "ledger.db")) as ledger:
        ledger.write(record_fetched, "sales", "a", "", NOON, news=True)
        yield World(ledger)


def seen(world: World, now: datetime) -> View:
    world.ledger.write(record_fetched, "sales", "a", "", now, news=False)
    return look(
        world.ledger,
        [SyncedCalendar(source=Unasked(), every=MINUTE, settings="a")],
        rules("sales"),
        Contacts(),
        BARRING,
        now,
        start=now - HOUR,
        end=now + 24 * HOUR,
    )


def told(world: World, now: datetime) -> list[tuple[str, str, int | None]]:
    """State, reason and call of each entry."""
    return [(one.state, one.reason, one.call.id if one.call else None) for one in seen(world, now).entries]


def answer(world: World, at: datetime) -> None:
    """What is due at ``at`` is called, and answered."""
    for claim in world.ledger.write(claim_due, at, 10, "token"):
        world.ledger.write(_answer, claim, at)


def _answer(connection: Connection, claim: Claim, at: datetime) -> None:
    assert request_calls(connection, [claim])
    (attempt_id,) = insert_attempts(connection, {claim.call.id: "reference"}, at).values()
    close_attempt(connection, attempt_id, at)
    end_call(connection, claim.call.id, Outcome.ANSWERED, "a minute", at, leaving=[State.REQUESTED])


def plans(world: World, now: datetime) -> set[datetime]:
    """When what the daemon has planned is due."""
    world.replan(now, read_before=now)
    return {call.due_at for call in world.calls() if call.state is State.PLANNED}


def test_what_was_called_with_a_lead_is_not_told_as_planned_once_the_lead_is_gone(world: World) -> None:
    at = NOON + HOUR
    world.write("one", at, description=f"Call-Lead: {LEAD}")
    world.replan()
    answer(world, at - 5 * MINUTE)
    world.write("one", at)
    now = at - 4 * MINUTE
    assert told(world, now) == [("not_ringing", CALLED_ALREADY, None)]
    assert plans(world, now) == set()


def test_what_rang_under_another_uid_is_told_as_that_call_at_once(world: World) -> None:
    at = NOON + HOUR
    world.write("one", at)
    world.replan()
    answer(world, at)
    world.delete("one")
    world.write("two", at)
    before = told(world, at + MINUTE)
    assert [(state, call) for state, _, call in before] == [("ended", 1)]
    world.replan(at + MINUTE, read_before=at + MINUTE)
    assert told(world, at + MINUTE) == before


def test_what_came_back_after_it_was_called_off_is_told_as_planned(world: World) -> None:
    at = NOON + HOUR
    world.write("one", at)
    world.replan()
    world.delete("one")
    world.replan(NOON + MINUTE)
    world.write("one", at)
    assert told(world, NOON + MINUTE) == [("planned", "", None)]
    assert plans(world, NOON + MINUTE) == {at}


def test_what_nobody_saw_in_time_is_told_as_planned_while_its_grace_lasts(world: World) -> None:
    at = NOON + HOUR
    world.replan(read_before=NOON)
    world.write("one", at)
    now = at + MINUTE
    world.ledger.write(record_fetched, "sales", "a", "", now, news=True)
    assert [state for state, _, _ in told(world, now)] == ["planned"]


def test_what_appears_in_the_past_is_told_as_past(world: World) -> None:
    world.write("one", NOON - MINUTE)
    world.replan(read_before=NOON)
    assert told(world, NOON) == [("not_ringing", ALREADY_PAST, None)]
