"""One call a phone at a time, and the company's own limits, looked at as the intention is recorded."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.calls.call import Outcome, State
from scheduler.calls.policy import Limits, Policy, Retries
from scheduler.calls.timing import DESTINATION_HELD
from scheduler.phone import PhoneNumber
from tests.clocks import NOON
from tests.duties.support import DESTINATION, POLICY, Bench, cdr

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
OTHERS = [PhoneNumber(f"+3246837390{last}") for last in range(2, 9)]
ORIGINS = [PhoneNumber(f"+442079460{last}") for last in range(100, 120)]


def limit(duties: Bench, limits: Limits, retries: Retries = Retries()) -> None:  # noqa: B008
    policy = Policy(limits=limits, retries=retries)
    duties.placing.policy = duties.placing.limiter.policy = duties.collecting.policy = policy


def test_two_managers_never_ring_one_customer_at_once(duties: Bench) -> None:
    first, second = duties.add(), duties.add(origin=ORIGINS[0])
    duties.place_due()
    assert len(duties.provider.requests) == 1
    assert (duties.call(second).state, duties.call(second).reason) == (State.PLANNED, DESTINATION_HELD)
    duties.clock.advance(POLICY.grace)
    duties.place_due()
    assert duties.call(first).state is State.PLACED
    assert len(duties.provider.requests) == 1, "not even just before its deadline, as for an origin"
    duties.clock.advance(POLICY.origin_retry)
    duties.place_due()
    call = duties.call(second)
    assert call.outcome is Outcome.MISSED
    assert call.reason.endswith(DESTINATION_HELD)


def test_the_next_manager_rings_the_customer_as_soon_as_the_first_call_is_over(duties: Bench) -> None:
    duties.add()
    second = duties.add(origin=ORIGINS[0])
    duties.place_due()
    duties.provider.records = [cdr(NOON, duration=1)]
    duties.clock.advance(2 * SECOND)
    duties.collect()
    assert duties.call(second).wake_at == duties.clock.now()
    duties.place_due()
    assert duties.call(second).state is State.PLACED


def test_a_customer_is_rung_no_more_than_so_often_a_day(duties: Bench) -> None:
    limit(duties, Limits(rings_a_day=1))
    duties.add()
    duties.place_due()
    duties.provider.records = [cdr(NOON, duration=0, release="Leg2-486-BusyHere received")]
    duties.collect()
    duties.clock.advance(MINUTE)
    again, other = duties.add(due_at=NOON + MINUTE), duties.add(due_at=NOON + MINUTE, destination=OTHERS[0])
    duties.place_due()
    call = duties.call(again)
    assert (call.outcome, call.reason) == (
        Outcome.BARRED, "the customer was rung once today (calling.rings_a_day)",
    )  # fmt: skip
    assert duties.call(other).state is State.PLACED


def test_what_never_rang_at_the_customer_is_not_counted(duties: Bench) -> None:
    limit(duties, Limits(rings_a_day=1), Retries(origin=0))
    duties.add()
    duties.place_due()
    duties.provider.records = [cdr(NOON, duration=0, release="Leg1-486-BusyHere received")]
    duties.collect()
    duties.clock.advance(MINUTE)
    again = duties.add(due_at=NOON + MINUTE)
    duties.place_due()
    assert duties.call(again).state is State.PLACED


def test_the_next_day_begins_at_midnight_of_the_company(duties: Bench) -> None:
    limit(duties, Limits(rings_a_day=1))
    duties.add()
    duties.place_due()
    duties.provider.records = [cdr(NOON)]
    duties.collect()
    duties.clock.advance(timedelta(hours=12))
    again = duties.add(due_at=duties.clock.now())
    duties.place_due()
    assert duties.call(again).state is State.PLACED


def test_a_call_whose_end_nobody_knows_counts_as_a_ring(duties: Bench) -> None:
    limit(duties, Limits(rings_a_day=1))
    duties.add()
    duties.place_due()
    duties.clock.advance(POLICY.silence + SECOND)
    duties.collect()
    again = duties.add(due_at=duties.clock.now())
    duties.place_due()
    assert duties.call(again).outcome is Outcome.BARRED


def test_no_more_calls_go_on_than_the_company_has_lines(duties: Bench) -> None:
    limit(duties, Limits(calls_at_once=2))
    ids = [duties.add(origin=origin, destination=other) for origin, other in zip(ORIGINS, OTHERS, strict=False)]
    assert duties.place_due() == 2
    assert duties.place_due() == 0
    assert duties.store.next_wake_at() == NOON + SECOND, "the store doesn't spin"
    assert [duties.call(one).state for one in ids].count(State.PLACED) == 2
    assert {len(duties.attempts(one)) for one in ids[2:]} == {0}, "no intention for what may not leave"


def test_what_waits_for_a_line_says_so_and_is_missed_at_its_deadline(duties: Bench) -> None:
    limit(duties, Limits(calls_at_once=1))
    duties.add(origin=ORIGINS[0], destination=OTHERS[0])
    waits = duties.add(origin=ORIGINS[1], destination=OTHERS[1])
    duties.place_due()
    duties.clock.advance(2 * SECOND)
    duties.place_due()
    assert duties.call(waits).reason == "1 calls are going on, and no more may (calling.calls_at_once)"
    duties.clock.advance(POLICY.grace)
    duties.place_due()
    call = duties.call(waits)
    assert call.outcome is Outcome.MISSED
    assert "calling.calls_at_once" in call.reason


def test_a_line_without_evidence_is_counted_as_free_after_a_while(duties: Bench) -> None:
    limit(duties, Limits(calls_at_once=1))
    duties.add(origin=ORIGINS[0], destination=OTHERS[0])
    duties.place_due()
    duties.clock.advance(POLICY.origin_hold + SECOND)
    duties.add(origin=ORIGINS[1], destination=OTHERS[1], due_at=duties.clock.now())
    assert duties.place_due() == 1


@pytest.mark.parametrize("has_token", [True, False])
def test_requests_leave_at_the_pace_that_is_set(duties: Bench, has_token: bool) -> None:
    limit(duties, Limits(requests_per_second=2))
    duties.provider.has_token = has_token
    for origin, other in zip(ORIGINS[:5], OTHERS, strict=False):
        duties.add(origin=origin, destination=other)
    left = []
    for _ in range(9):
        duties.place_due()
        left.append(len(duties.provider.requests))
        duties.clock.advance(timedelta(seconds=0.25))
    assert left == [1, 1, 2, 2, 3, 3, 4, 4, 5]


def test_the_store_asks_to_be_woken_when_the_next_request_may_leave(duties: Bench) -> None:
    limit(duties, Limits(requests_per_second=4))
    for origin, other in zip(ORIGINS[:2], OTHERS, strict=False):
        duties.add(origin=origin, destination=other)
    duties.place_due()
    assert duties.store.next_wake_at() == NOON + timedelta(seconds=0.25)


def test_calls_that_are_too_late_are_judged_whatever_the_pace(duties: Bench) -> None:
    limit(duties, Limits(requests_per_second=1))
    late = [duties.add(origin=origin, destination=DESTINATION) for origin in ORIGINS]
    duties.clock.advance(POLICY.grace + SECOND)
    in_time = duties.add(due_at=duties.clock.now(), destination=OTHERS[0])
    duties.place_due()
    assert {duties.call(one).outcome for one in late} == {Outcome.MISSED}
    duties.place_due()
    assert duties.call(in_time).state is State.PLACED
