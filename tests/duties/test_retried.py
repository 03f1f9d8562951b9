"""Another attempt beside the other gates: what the records say, calling hours, pauses and the clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler.callout.answer import RefusedForNow
from scheduler.calls.call import Outcome, State
from scheduler.calls.calling_hours import CallingHours
from scheduler.calls.pause import PauseScope
from scheduler.calls.policy import Limits
from scheduler.calls.week import Span, Week
from scheduler.clock import Sync
from scheduler.ledger.alerts import select_alerts
from scheduler.ledger.pauses import begin_pause, end_pause
from scheduler.phone import PhoneNumber
from tests.clocks import NOON
from tests.duties.support import POLICY, Bench, cdr

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
NOBODY_THERE = cdr(NOON, duration=0, release="Leg1-480-TemporarilyUnavailable received")


def rang_at_nobody(duties: Bench) -> int:
    """A call that is to be tried again in a minute."""
    call_id = duties.add()
    duties.place_due()
    duties.provider.records = [NOBODY_THERE]
    assert duties.collect() == 1
    assert duties.call(call_id).wake_at == NOON + MINUTE
    return call_id


def test_a_later_record_that_differs_stops_the_next_attempt_and_is_told(duties: Bench) -> None:
    call_id = rang_at_nobody(duties)
    duties.add(origin=PhoneNumber("+442079460001"))  # another one goes on: the list is asked again
    duties.place_due()
    duties.provider.records.append(cdr(NOON))
    duties.collect()
    call = duties.call(call_id)
    assert (call.state, call.outcome) == (State.ENDED, Outcome.ORIGIN_NO_ANSWER)
    assert call.reason.endswith("not tried again: a later record says answered")
    (alert,) = duties.ledger.read(select_alerts, NOON)
    assert "says answered (1 min), where origin no answer was recorded before" in alert.text


def test_the_next_attempt_is_not_made_once_calling_hours_are_over(duties: Bench) -> None:
    call_id = rang_at_nobody(duties)
    week = Week(days=((Span(opens=timedelta(), closes=12 * HOUR + MINUTE),),) * 7)
    duties.placing.policy = replace(POLICY, hours=CallingHours(week=week))
    duties.clock.advance(MINUTE)
    duties.place_due()
    assert len(duties.provider.requests) == 1
    assert "outside calling hours" in duties.call(call_id).reason
    duties.clock.advance(POLICY.grace)
    duties.place_due()
    assert duties.call(call_id).outcome is Outcome.ORIGIN_NO_ANSWER


def test_the_next_attempt_waits_for_a_pause_and_is_made_inside_the_deadline(duties: Bench) -> None:
    call_id = rang_at_nobody(duties)
    duties.ledger.write(begin_pause, PauseScope(), None, "", NOON)
    duties.clock.advance(2 * MINUTE)
    duties.place_due()
    assert len(duties.provider.requests) == 1
    duties.ledger.write(end_pause, PauseScope(), duties.clock.now())
    duties.place_due()
    assert duties.call(call_id).state is State.PLACED
    assert len(duties.provider.requests) == 2


def test_what_a_limit_keeps_back_is_not_judged_too_late_by_a_clock_in_doubt(duties: Bench) -> None:
    duties.placing.policy = duties.placing.limiter.policy = replace(POLICY, limits=Limits(calls_at_once=1))
    duties.add()
    duties.place_due()
    waits = duties.add(origin=PhoneNumber("+442079460001"), destination=PhoneNumber("+32468373902"))
    duties.clock.step(HOUR)
    for _ in range(3):
        duties.place_due()
        duties.clock.advance(2 * SECOND)
    assert duties.call(waits).outcome is None
    duties.clock.step(-HOUR)
    duties.clock.synchronised = Sync.SYNCHRONISED
    duties.provider.records = [cdr(NOON)]
    duties.collect()
    duties.place_due()
    assert duties.call(waits).state is State.PLACED


def test_a_call_that_rang_before_is_never_told_as_missed_in_the_log(
    duties: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    call_id = rang_at_nobody(duties)
    duties.clock.advance(POLICY.grace + SECOND)
    duties.place_due()
    assert f"call {call_id} ends as origin_no_answer" in caplog.text
    assert "missed" not in caplog.text


def test_a_next_attempt_that_is_refused_for_too_long_is_never_told_as_missed_in_the_log(
    duties: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    call_id = rang_at_nobody(duties)
    duties.provider.answers = [RefusedForNow(reason="429", retry_after=POLICY.grace)]
    duties.clock.advance(MINUTE)
    duties.place_due()
    assert duties.call(call_id).outcome is Outcome.ORIGIN_NO_ANSWER
    assert f"call {call_id} ends as origin_no_answer" in caplog.text
    assert "missed" not in caplog.text
