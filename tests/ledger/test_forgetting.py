"""A call is deleted with all that hangs on it, or stays whole."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.calls.call import Outcome, State
from scheduler.database import Connection, ConstraintFailed, Database
from scheduler.ledger.calls import end_call
from scheduler.ledger.events import append_event
from scheduler.ledger.forgetting import forget_calls
from tests.calls.builders import want
from tests.clocks import NOON
from tests.ledger.desk import Desk

TABLES = ("call", "attempt", "cdr", "appointment", "event", "vanished", "forgetting")


def counts(ledger: Database) -> dict[str, int]:
    def count(connection: Connection) -> dict[str, int]:
        return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}

    return {table: count for table, count in ledger.read(count).items() if count}


def keep_record(connection: Connection, attempt_id: int) -> None:
    connection.execute(
        "INSERT INTO cdr (attempt_id, source, received_at, raw) VALUES (?, 'callback', 'now', '{}')", (attempt_id,)
    )


def test_a_forgotten_call_takes_its_attempts_records_and_history_along(desk: Desk, ledger: Database) -> None:
    desk.plan()
    attempt_id = desk.placed()
    ledger.write(keep_record, attempt_id)
    desk.settle(attempt_id)
    assert counts(ledger).keys() >= {"call", "attempt", "cdr", "event"}
    ledger.write(forget_calls, [1])
    assert counts(ledger) == {}


def test_other_calls_keep_all_of_theirs(desk: Desk, ledger: Database) -> None:
    desk.plan()
    desk.settle(desk.placed())
    before = counts(ledger)
    later = NOON + timedelta(hours=1)
    second = desk.plan(want(at=later))
    desk.settle(desk.placed(later), now=later)
    ledger.write(forget_calls, [second])
    assert counts(ledger) == before
    assert desk.history(1)


def test_a_call_that_is_rung_again_by_one_that_stays_stays_too(desk: Desk, ledger: Database) -> None:
    desk.plan()
    unsent = [State.PLANNED]
    ledger.write(end_call, 1, Outcome.UNKNOWN, "", NOON, leaving=unsent)
    desk.plan(want(at=NOON + timedelta(hours=1)), again_of=1)
    with pytest.raises(ConstraintFailed):
        ledger.write(forget_calls, [1])
    assert counts(ledger)["call"] == 2
    ledger.write(forget_calls, [1, 2])
    assert counts(ledger) == {}


@pytest.mark.parametrize("call_id", [1, None], ids=["of a call", "of none"])
def test_history_alone_is_never_deleted(desk: Desk, ledger: Database, call_id: int | None) -> None:
    desk.plan()
    ledger.write(append_event, NOON, "planned", call_id=call_id)
    with pytest.raises(ConstraintFailed, match="history is never rewritten"):
        ledger.write(lambda connection: connection.execute("DELETE FROM event").close())
