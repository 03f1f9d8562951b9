"""What is counted of the ledger for the metrics."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from scheduler.calls.call import Outcome
from scheduler.database import Database
from scheduler.ledger import open_ledger
from scheduler.ledger.alerts import append_alert
from scheduler.ledger.calls import amend_unknown
from scheduler.ledger.figures import Figures, select_figures
from scheduler.ledger.life import stop
from tests.calls.builders import MINUTE, want
from tests.clocks import NOON
from tests.ledger.desk import Desk
from tests.ledger.samples import SAMPLES, restore


def figures(ledger: Database) -> Figures:
    return ledger.read(select_figures, NOON)


def counted(ledger: Database) -> dict[Outcome, int]:
    return {outcome: count for outcome, count in figures(ledger).outcomes.items() if count}


def test_every_outcome_is_counted_as_it_comes(ledger: Database, desk: Desk) -> None:
    assert set(figures(ledger).outcomes) == set(Outcome)
    desk.plan()
    desk.settle(desk.placed())
    for hour in (1, 2):
        call_id = desk.plan(want(at=NOON + timedelta(hours=hour)))
        ledger.write(stop, call_id, Outcome.CANCELLED, "gone", NOON)
    assert counted(ledger) == {Outcome.ANSWERED: 1, Outcome.CANCELLED: 2}


def test_an_unknown_call_that_was_found_out_about_counts_as_both_so_that_no_count_shrinks(
    ledger: Database, desk: Desk
) -> None:
    call_id = desk.plan()
    ledger.write(stop, call_id, Outcome.UNKNOWN, "no record", NOON)
    assert figures(ledger).unknown == 1
    ledger.write(amend_unknown, call_id, Outcome.BUSY, "the customer was busy")
    assert counted(ledger) == {Outcome.UNKNOWN: 1, Outcome.BUSY: 1}
    assert figures(ledger).unknown == 0


def test_another_reason_for_the_same_outcome_is_no_other_call(ledger: Database, desk: Desk) -> None:
    call_id = desk.plan()
    ledger.write(stop, call_id, Outcome.UNKNOWN, "no record", NOON)
    ledger.write(amend_unknown, call_id, Outcome.UNKNOWN, "still no record")
    assert counted(ledger) == {Outcome.UNKNOWN: 1}


def test_what_had_ended_before_anybody_counted_is_counted(tmp_path: Path) -> None:
    restore(SAMPLES[0], tmp_path / "ledger.db")
    with closing(open_ledger(tmp_path / "ledger.db")) as ledger:
        rows = ledger.read(lambda c: c.execute("SELECT outcome FROM call WHERE outcome IS NOT NULL").fetchall())
        assert sum(counted(ledger).values()) == len(rows) > 0


def test_calls_whose_time_has_come_are_due_and_those_that_wait_for_something_wait(
    ledger: Database, desk: Desk
) -> None:
    assert figures(ledger).next_at is None
    desk.plan(want(at=NOON + MINUTE))
    assert (figures(ledger).due, figures(ledger).waiting) == (0, 0)
    assert figures(ledger).next_at == NOON + MINUTE
    desk.plan()
    assert (figures(ledger).due, figures(ledger).waiting) == (1, 0)
    desk.unplaced(desk.requested())
    assert (figures(ledger).due, figures(ledger).waiting) == (0, 1)


def test_requests_are_open_until_their_end_is_known(ledger: Database, desk: Desk) -> None:
    desk.plan()
    attempt_id = desk.placed()
    assert figures(ledger).open_attempts == 1
    desk.settle(attempt_id)
    assert figures(ledger).open_attempts == 0


def test_alerts_are_those_of_the_last_week(ledger: Database) -> None:
    for days in (0, 6, 8):
        ledger.write(append_alert, NOON - timedelta(days=days), "look")
    assert figures(ledger).alerts == 2
