"""Pauses on the way to the wire: what is paused isn't requested, waits inside its grace, and is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.calls.call import Outcome, State
from scheduler.calls.pause import PauseScope
from scheduler.database import Connection
from scheduler.ledger.pauses import begin_pause, end_pause, select_pauses
from scheduler.phone import PhoneNumber
from tests.clocks import NOON
from tests.duties.support import ORIGIN, POLICY, Bench

EVERYTHING = PauseScope()
MINUTE = timedelta(minutes=1)
OTHER = PhoneNumber("+442079460001")


def pause(
    duties: Bench, scope: PauseScope = EVERYTHING, *, lasts: timedelta | None = None, reason: str = ""
) -> None:
    now = duties.clock.now()
    duties.ledger.write(begin_pause, scope, now + lasts if lasts else None, reason, now)


def resume(duties: Bench, scope: PauseScope = EVERYTHING) -> bool:
    return duties.ledger.write(end_pause, scope, duties.clock.now())


def test_a_paused_call_is_not_requested_and_says_why(duties: Bench) -> None:
    call_id = duties.add()
    pause(duties, reason="the line is being moved")
    duties.place_due()
    assert (duties.provider.requests, duties.attempts(call_id)) == ([], ())
    assert duties.call(call_id).reason == "paused: “the line is being moved”"


def test_a_pause_that_comes_after_the_claim_still_counts(duties: Bench) -> None:
    call_id = duties.add()
    claim = duties.claim()
    pause(duties)
    duties.placing.place(claim)
    assert duties.provider.requests == []
    assert duties.call(call_id).state is State.PLANNED


def test_a_paused_call_isnt_looked_at_again_before_its_deadline_and_is_then_missed_with_the_reason(
    duties: Bench,
) -> None:
    call_id = duties.add()
    pause(duties, reason="strike")
    looks = 0
    for _ in range(400):
        looks += duties.place_due()
        duties.clock.advance(timedelta(seconds=1))
    call = duties.call(call_id)
    assert (looks, call.outcome, duties.provider.requests) == (2, Outcome.MISSED, [])
    assert "paused: “strike”" in call.reason


def test_a_resumed_call_rings_at_once_while_its_grace_lasts(duties: Bench) -> None:
    duties.add()
    pause(duties)
    duties.place_due()
    duties.clock.advance(2 * MINUTE)
    assert resume(duties)
    duties.place_due()
    assert len(duties.provider.requests) == 1


def test_a_call_is_missed_where_the_pause_was_longer_than_its_grace(duties: Bench) -> None:
    call_id = duties.add()
    pause(duties)
    duties.place_due()
    duties.clock.advance(POLICY.grace + MINUTE)
    resume(duties)
    duties.place_due()
    assert (duties.call(call_id).outcome, duties.provider.requests) == (Outcome.MISSED, [])


def test_a_pause_ends_by_itself(duties: Bench) -> None:
    duties.add()
    pause(duties, lasts=MINUTE)
    duties.place_due()
    duties.clock.advance(MINUTE)
    duties.place_due()
    assert len(duties.provider.requests) == 1
    assert duties.ledger.read(select_pauses, duties.clock.now()) == ()


@pytest.mark.parametrize("scope", [PauseScope(origin=ORIGIN), PauseScope(calendar="sales")], ids=str)
def test_a_pause_of_a_phone_or_a_calendar_leaves_the_others_alone(duties: Bench, scope: PauseScope) -> None:
    paused, free = duties.add(), duties.add(origin=OTHER)
    for call_id, calendar in ((paused, "sales"), (free, "service")):
        duties.ledger.write(_point, calendar, call_id)
    pause(duties, scope)
    duties.place_due()
    assert (duties.call(paused).state, duties.call(free).state) == (State.PLANNED, State.PLACED)


def _point(connection: Connection, calendar: str, call_id: int) -> None:
    connection.execute(
        "INSERT INTO appointment (collection, uid, recurrence_id, asked_at, call_id) "
        "VALUES (?, 'uid', '', '2026-11-23T12:00:00.000000Z', ?)",
        (calendar, call_id),
    )


def test_resuming_one_phone_leaves_the_pause_of_everything(duties: Bench) -> None:
    duties.add()
    pause(duties)
    pause(duties, PauseScope(origin=ORIGIN))
    assert resume(duties, PauseScope(origin=ORIGIN))
    assert not resume(duties, PauseScope(origin=ORIGIN))
    duties.place_due()
    assert duties.provider.requests == []


def test_a_second_pause_takes_the_place_of_the_first(duties: Bench) -> None:
    pause(duties, lasts=MINUTE)
    pause(duties, reason="longer")
    assert [one.reason for one in duties.ledger.read(select_pauses, NOON + MINUTE)] == ["longer"]


def test_a_wait_that_the_provider_asked_for_isnt_cut_by_a_resume(duties: Bench) -> None:
    call_id = duties.add()
    duties.provider.obstacle = "no token"
    duties.place_due()
    pause(duties)
    duties.clock.advance(timedelta(seconds=1))
    resume(duties)
    assert duties.call(call_id).wake_at == NOON + POLICY.unsent_retry


def test_the_history_tells_of_pauses_by_their_ids_alone(duties: Bench) -> None:
    pause(duties, PauseScope(origin=ORIGIN), reason="Ann is ill")
    resume(duties, PauseScope(origin=ORIGIN))
    rows = duties.ledger.read(lambda c: c.execute("SELECT kind, detail FROM event ORDER BY id").fetchall())
    assert [tuple(row) for row in rows] == [("paused", "pause 1"), ("resumed", "pause 1")]


def test_a_resume_looks_at_the_calls_that_wait_and_at_no_others(duties: Bench) -> None:
    plan = duties.ledger.read(
        lambda c: c.execute(
            """EXPLAIN QUERY PLAN UPDATE call SET wake_at = max(due_at, '') WHERE state = 'planned'
               AND wake_at > due_at AND wake_at > '' AND (reason = '' OR reason LIKE '')"""
        ).fetchall()
    )
    assert "call_waiting" in plan[0]["detail"]
