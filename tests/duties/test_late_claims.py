"""What there is no room for and is too late is judged, but never by a clock in doubt nor before its deadline."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.calls.call import Outcome, State
from scheduler.calls.pause import PauseScope
from scheduler.calls.policy import Limits, Policy
from scheduler.ledger.pauses import begin_pause
from scheduler.phone import PhoneNumber
from tests.clocks import NOON
from tests.duties.support import POLICY, SECOND_ORIGIN, Bench

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
OTHER = PhoneNumber("+32468373902")


@pytest.fixture
def waiting(duties: Bench) -> int:
    """A call for which there is no line: the only one is taken."""
    policy = Policy(limits=Limits(calls_at_once=1))
    duties.placing.policy = duties.placing.limiter.policy = policy
    duties.add()
    duties.place_due()
    call_id = duties.add(origin=SECOND_ORIGIN, destination=OTHER)
    assert duties.place_due() == 0
    return call_id


@pytest.mark.parametrize("has_token", [True, False])
def test_nothing_is_missed_for_want_of_a_line_by_a_clock_that_was_set(
    duties: Bench, waiting: int, has_token: bool
) -> None:
    duties.provider.has_token = has_token
    duties.clock.step(timedelta(hours=1))
    for _ in range(20):
        duties.place_due()
        duties.clock.advance(SECOND)
    assert duties.call(waiting).state is State.PLANNED
    duties.clock.step(-timedelta(hours=1))
    duties.clock.advance(POLICY.origin_hold + SECOND)
    duties.place_due()
    assert duties.call(waiting).outcome is Outcome.MISSED


def test_a_call_whose_grace_passes_in_doubt_is_left_until_the_clock_is_believed(
    duties: Bench, waiting: int
) -> None:
    duties.clock.step(-timedelta(hours=1))
    duties.clock.advance(POLICY.grace + MINUTE)
    for _ in range(5):
        duties.place_due()
        duties.clock.advance(POLICY.unsent_retry)
    assert duties.call(waiting).state is State.PLANNED


def test_a_timed_pause_that_ends_inside_the_grace_leaves_the_rest_of_it(duties: Bench, waiting: int) -> None:
    duties.ledger.write(begin_pause, PauseScope(origin=SECOND_ORIGIN), NOON + MINUTE, "lunch", NOON)
    while duties.clock.now() < NOON + POLICY.grace:
        duties.clock.advance(20 * SECOND)
        duties.place_due()
        assert duties.call(waiting).state is State.PLANNED
    duties.placing.limiter.policy = POLICY  # a line is free, in the last moment
    duties.place_due()
    assert duties.call(waiting).state is State.PLACED
