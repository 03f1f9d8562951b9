"""Placing by a clock that steps, sleeps and is set again (rule 13)."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.calls.call import Answer, Outcome, State
from scheduler.clock import Sync
from scheduler.duties.guarded_clock import ClockDuty, GuardedClock, clock_problems
from scheduler.ledger.alerts import select_alerts
from scheduler.phone import PhoneNumber
from tests.clocks import NOON, SetClock
from tests.duties.support import POLICY, Bench, bench

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def synchronise(clock: SetClock) -> None:
    clock.step(clock.true_now() - clock.now())
    clock.synchronised = Sync.SYNCHRONISED


def test_after_a_step_ahead_nothing_rings_early_and_the_call_says_what_it_waits_for(duties: Bench) -> None:
    call_id = duties.add(due_at=NOON + HOUR / 2)
    duties.clock.step(HOUR)
    duties.place_due()
    duties.clock.advance(HOUR / 2)
    duties.place_due()
    assert duties.provider.requests == []
    assert duties.call(call_id).reason == "the clock jumped ahead by 1 h: waiting until it is synchronised"


def test_calls_that_seem_overdue_after_a_step_wait_and_ring_at_their_true_time(duties: Bench) -> None:
    call_id = duties.add(due_at=NOON + HOUR / 2)
    duties.clock.step(HOUR)
    duties.place_due()
    assert duties.call(call_id).state is State.PLANNED
    synchronise(duties.clock)
    duties.clock.advance(HOUR / 2)
    duties.place_due()
    assert duties.call(call_id).state is State.PLACED


def test_a_call_whose_grace_passes_in_doubt_is_missed_once_the_clock_is_believed_and_says_why(
    duties: Bench,
) -> None:
    call_id = duties.add()
    duties.clock.step(-HOUR)
    for _ in range(100):
        duties.place_due()
        duties.clock.advance(POLICY.unsent_retry)
    assert duties.call(call_id).state is State.PLANNED
    synchronise(duties.clock)
    duties.place_due()
    call = duties.call(call_id)
    assert (call.outcome, duties.provider.requests) == (Outcome.MISSED, [])
    assert "the clock jumped back by 1 h" in call.reason


def test_a_clock_that_a_time_server_corrects_is_believed_at_once(duties: Bench) -> None:
    duties.add(due_at=NOON + HOUR)
    duties.clock.step(HOUR)
    duties.clock.synchronised = Sync.SYNCHRONISED
    assert duties.place_due() == 1
    assert len(duties.provider.requests) == 1


def test_after_a_step_back_nothing_rings_twice(duties: Bench) -> None:
    duties.add()
    duties.place_due()
    duties.clock.step(-HOUR)
    duties.clock.synchronised = Sync.SYNCHRONISED
    for _ in range(70):
        duties.clock.advance(timedelta(minutes=1))
        duties.place_due()
    assert len(duties.provider.requests) == 1


def test_a_step_between_the_intention_and_the_request_sends_nothing(duties: Bench) -> None:
    call_id = duties.add()
    due = duties.store.claim_due(NOON, 1)
    real = duties.ledger.write

    def steps(work: object, *args: object, **kwargs: object) -> object:
        result = real(work, *args, **kwargs)  # type: ignore[arg-type]
        duties.clock.step(HOUR)
        return result

    if duties.provider.has_token:
        duties.clock.step(HOUR)
    else:
        duties.ledger.write = steps  # type: ignore[method-assign,assignment]
    duties.placing.place(due[0])
    duties.ledger.write = real  # type: ignore[method-assign]
    duties.ledger.write(lambda _connection: None)
    (attempt,) = duties.attempts(call_id)
    assert (attempt.answer, duties.provider.requests) == (Answer.NOT_SENT, [])


def test_a_suspend_delays_and_is_no_step(duties: Bench) -> None:
    duties.add()
    duties.clock.suspend(timedelta(minutes=2))
    duties.place_due()
    assert len(duties.provider.requests) == 1


def test_a_suspend_past_the_grace_misses_the_call(duties: Bench) -> None:
    call_id = duties.add()
    duties.clock.suspend(HOUR)
    duties.place_due()
    assert (duties.call(call_id).outcome, duties.provider.requests) == (Outcome.MISSED, [])


@pytest.mark.parametrize("sync", [Sync.UNSYNCHRONISED, Sync.UNKNOWN])
def test_a_clock_that_is_waited_for_is_doubted_until_it_is_synchronised(sync: Sync) -> None:
    machine = SetClock()
    machine.synchronised = sync
    clock = GuardedClock(machine, wait_for_sync=True)
    assert "isn't synchronised" in clock.doubt()
    machine.step(HOUR)
    machine.synchronised = Sync.SYNCHRONISED
    assert clock.doubt() == ""
    assert clock.now() == NOON + HOUR


def test_without_waiting_an_unsynchronised_clock_is_told_and_believed(caplog: pytest.LogCaptureFixture) -> None:
    assert GuardedClock(SetClock()).doubt() == ""
    assert "the clock is not synchronised" in caplog.text


def test_what_happens_to_the_clock_stands_in_the_history_once(duties: Bench) -> None:
    duty = ClockDuty(duties.ledger, duties.guard)
    duties.clock.suspend(HOUR)
    duties.guard.now()
    duties.clock.step(HOUR)
    assert [duty.run_once(), duty.run_once()] == [2, 0]
    (problem,) = duties.ledger.read(clock_problems)
    assert "the clock jumped ahead by 1 h" in str(problem)
    assert "no call is placed since 2026-11-23 13:00:00 UTC" in str(problem)
    synchronise(duties.clock)
    duty.run_once()
    assert duties.ledger.read(clock_problems) == ()


def test_a_doubt_that_lasts_is_one_alert_that_names_the_remedy(duties: Bench) -> None:
    duty = ClockDuty(duties.ledger, duties.guard)
    duties.clock.step(HOUR)
    told = []
    for _ in range(14):
        duty.run_once()
        told.append(len(duties.ledger.read(select_alerts, NOON)))
        duties.clock.advance(SECOND)
    assert told == [0] * 10 + [1] * 4
    (alert,) = duties.ledger.read(select_alerts, NOON)
    assert alert.text.startswith("no call is placed: the clock jumped ahead by 1 h")
    assert "chrony" in alert.text


def test_a_doubt_that_a_time_server_soon_ends_is_no_alert(duties: Bench) -> None:
    duty = ClockDuty(duties.ledger, duties.guard)
    duties.clock.step(HOUR)
    duty.run_once()
    duties.clock.advance(5 * SECOND)
    synchronise(duties.clock)
    for _ in range(10):
        duty.run_once()
        duties.clock.advance(2 * SECOND)
    assert duties.ledger.read(select_alerts, NOON) == ()


SECONDS = st.integers(0, 900).map(lambda seconds: timedelta(seconds=seconds))
STEPS = st.integers(-5_400, 5_400).map(lambda seconds: timedelta(seconds=seconds))
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("advance"), SECONDS),
        st.tuples(st.just("suspend"), SECONDS),
        st.tuples(st.just("step"), STEPS),
        st.tuples(st.just("synchronise"), st.just(timedelta())),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(actions=ACTIONS, dues=st.lists(SECONDS, min_size=1, max_size=4, unique=True))
def test_whatever_the_clock_does_nothing_rings_before_its_time_or_after_its_deadline_and_once_at_most(
    actions: list[tuple[str, timedelta]], dues: list[timedelta]
) -> None:
    with tempfile.TemporaryDirectory() as folder, bench(Path(folder)) as duties:
        sent: dict[str, datetime] = {}
        calls = {}
        for number, offset in enumerate(dues):
            origin, destination = PhoneNumber(f"+44207946000{number}"), PhoneNumber(f"+3246837390{number}")
            calls[destination.e164] = duties.call(
                duties.add(due_at=NOON + offset, origin=origin, destination=destination)
            )

        def note() -> None:
            request = duties.provider.requests[-1]
            assert request.destination not in sent
            sent[request.destination] = duties.clock.true_now()

        duties.provider.before_answer = note
        for action, length in actions:
            match action:
                case "advance":
                    duties.clock.advance(length)
                case "suspend":
                    duties.clock.suspend(length)
                case "step":
                    duties.clock.step(length)
                    duties.clock.synchronised = Sync.UNSYNCHRONISED
                case _:
                    synchronise(duties.clock)
            duties.place_due()
        synchronise(duties.clock)
        believed_at = duties.clock.true_now()
        while duties.clock.true_now() < max(believed_at, NOON + timedelta(minutes=15)) + 2 * POLICY.grace:
            duties.clock.advance(POLICY.unsent_retry)
            duties.place_due()
        slack = timedelta(seconds=2)
        for destination, at in sent.items():
            assert calls[destination].due_at - slack <= at <= calls[destination].deadline_at + slack
        for destination, call in calls.items():
            ended = duties.call(call.id)
            assert ended.outcome is Outcome.MISSED or destination in sent
            if call.due_at > believed_at:
                assert sent[destination] - call.due_at <= 2 * POLICY.unsent_retry
