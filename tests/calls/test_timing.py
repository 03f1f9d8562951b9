from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.calls.call import Answer, Outcome
from scheduler.calls.policy import Policy
from scheduler.calls.shift import shift_into_hours
from scheduler.calls.timing import (
    ORIGIN_HELD,
    End,
    Place,
    Wait,
    after_silence,
    after_unplaced,
    due,
    silent_until,
)
from tests.calls.builders import GRACE, a_call, an_attempt, want
from tests.calls.weeks import POLICIES, TIMES
from tests.clocks import NOON

POLICY = Policy()
SECOND = timedelta(seconds=1)
DEADLINE = NOON + GRACE


def test_a_call_before_its_time_waits_for_it() -> None:
    assert due(a_call(), NOON - SECOND, POLICY) == Wait(until=NOON, reason="not due yet")


@pytest.mark.parametrize("now", [NOON, NOON + SECOND, DEADLINE])
def test_a_call_is_placed_from_its_time_to_its_deadline(now: datetime) -> None:
    assert due(a_call(), now, POLICY) == Place()


def test_a_call_past_its_deadline_is_missed_and_says_by_how_much() -> None:
    assert due(a_call(), DEADLINE + SECOND, POLICY) == End(
        outcome=Outcome.MISSED, reason="5 min 1 s late, past its grace of 5 min: it could not be placed in time"
    )


def test_a_missed_call_says_what_it_waited_for() -> None:
    decision = due(a_call(reason=ORIGIN_HELD), DEADLINE + SECOND, POLICY)
    assert isinstance(decision, End)
    assert decision.reason.endswith(ORIGIN_HELD)


def test_a_barred_call_ends_as_barred_even_when_it_is_late() -> None:
    for now in (NOON, DEADLINE + SECOND):
        decision = due(a_call(), now, POLICY, barred="premium numbers are barred", obstacle="no token")
        assert decision == End(outcome=Outcome.BARRED, reason="premium numbers are barred")


def test_a_barred_call_ends_only_when_it_is_due() -> None:
    assert isinstance(due(a_call(), NOON - SECOND, POLICY, barred="x"), Wait)


def test_an_obstacle_makes_every_call_wait_a_little() -> None:
    assert due(a_call(), NOON, POLICY, obstacle="no token") == Wait(
        until=NOON + POLICY.unsent_retry, reason="no token"
    )


def test_a_call_waits_while_its_origin_talks() -> None:
    assert due(a_call(), NOON, POLICY, origin_held=True) == Wait(
        until=NOON + POLICY.origin_retry, reason=ORIGIN_HELD
    )


def test_a_call_whose_origin_still_talks_is_tried_just_before_its_deadline() -> None:
    last_try = DEADLINE - POLICY.origin_retry
    just_before = due(a_call(), last_try - SECOND, POLICY, origin_held=True)
    assert just_before == Wait(until=last_try, reason=ORIGIN_HELD)
    assert due(a_call(), last_try, POLICY, origin_held=True) == Place()


@given(
    late=st.timedeltas(min_value=-timedelta(hours=1), max_value=timedelta(hours=1)),
    grace=st.timedeltas(min_value=timedelta(), max_value=timedelta(minutes=30)),
    held=st.booleans(),
    obstacle=st.sampled_from(["", "no token"]),
)
def test_nothing_is_placed_outside_its_window_and_every_wait_moves_on(
    late: timedelta, grace: timedelta, held: bool, obstacle: str
) -> None:
    call, now = a_call(want(grace=grace)), NOON + late
    match due(call, now, POLICY, obstacle=obstacle, origin_held=held):
        case Place():
            assert call.due_at <= now <= call.deadline_at
        case Wait(until=until):
            assert until > now
        case End():
            assert now > call.deadline_at


def test_nothing_is_placed_while_calling_hours_are_closed() -> None:
    """As after a change of the configuration: its new times, or its deadline, come first."""
    assert due(a_call(), NOON, POLICY, closed="closed") == Wait(until=DEADLINE, reason="closed")


def test_a_call_whose_deadline_is_the_closing_is_missed_then_and_says_why() -> None:
    assert due(a_call(), DEADLINE, POLICY, closed="outside calling hours") == End(
        outcome=Outcome.MISSED, reason="5 min late, past its grace of 5 min: outside calling hours"
    )


@settings(deadline=None)  # the first holiday takes a moment
@given(
    policy=POLICIES,
    asked_at=TIMES,
    late=st.timedeltas(min_value=-timedelta(hours=1), max_value=timedelta(days=4)),
    held=st.booleans(),
    obstacle=st.sampled_from(["", "no token"]),
    changed=st.booleans(),
)
def test_whatever_the_policy_nothing_is_placed_outside_calling_hours_and_every_wait_moves_on(
    policy: Policy, asked_at: datetime, late: timedelta, held: bool, obstacle: str, changed: bool
) -> None:
    """Also where the call has its times from other hours than are looked at now."""
    (wanted,) = shift_into_hours([want(at=asked_at)], Policy() if changed else policy)
    call, now = a_call(wanted), wanted.due_at + late
    closed = policy.hours.closed(call.origin, call.destination, now)
    decision = due(call, now, policy, closed=closed, obstacle=obstacle, origin_held=held)
    hours = policy.hours.of(call.origin, call.destination)
    if isinstance(decision, Place):
        assert call.due_at <= now <= call.deadline_at
        assert hours is None or hours.inside(now)
    elif isinstance(decision, Wait):
        assert decision.until > now
    else:
        assert now >= call.deadline_at


@pytest.mark.parametrize("answer", [Answer.NOT_SENT, Answer.REFUSED_FOR_NOW])
def test_a_request_that_was_not_taken_is_made_again_soon(answer: Answer) -> None:
    decision = after_unplaced(a_call(attempts=1), answer, NOON, POLICY, delay=None)
    assert isinstance(decision, Wait)
    assert decision.until == NOON + POLICY.unsent_retry


def test_the_first_refused_token_is_renewed_at_once_and_the_next_only_after_a_while() -> None:
    first = after_unplaced(a_call(attempts=1), Answer.UNAUTHORIZED, NOON, POLICY, delay=None)
    second = after_unplaced(a_call(attempts=2), Answer.UNAUTHORIZED, NOON, POLICY, delay=None)
    assert isinstance(first, Wait)
    assert isinstance(second, Wait)
    assert (first.until, second.until) == (NOON, NOON + POLICY.unauthorized_retry)


def test_the_provider_says_when_to_come_again() -> None:
    decision = after_unplaced(a_call(attempts=1), Answer.REFUSED_FOR_NOW, NOON, POLICY, delay=timedelta(minutes=2))
    assert decision == Wait(until=NOON + timedelta(minutes=2), reason="the provider refused it for now")


def test_a_call_that_could_only_be_made_again_after_its_deadline_is_missed() -> None:
    decision = after_unplaced(a_call(attempts=1), Answer.NOT_SENT, DEADLINE, POLICY, delay=None)
    assert decision == End(
        outcome=Outcome.MISSED,
        reason="could not be placed before 12:05:00 UTC: the provider could not be reached",
    )


def test_a_record_may_come_until_the_longest_call_and_the_lag_have_passed() -> None:
    assert silent_until(an_attempt(), POLICY) == NOON + POLICY.longest_call + POLICY.cdr_lag


def test_silence_after_an_accepted_request_and_after_a_lost_answer_are_told_apart() -> None:
    accepted = after_silence(an_attempt(answer=Answer.ACCEPTED))
    lost = after_silence(an_attempt(answer=Answer.PERHAPS_SENT))
    crashed = after_silence(an_attempt())
    assert {accepted.outcome, lost.outcome, crashed.outcome} == {Outcome.UNKNOWN}
    assert accepted.reason.startswith("accepted, but")
    assert lost.reason == crashed.reason
    assert lost.reason.startswith("perhaps accepted")
