"""Another attempt where somebody didn't answer, and how a call ends whose next attempt is stopped."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.calls.call import Answer, Attempt, Outcome
from scheduler.calls.calling_hours import CallingHours, Clocks
from scheduler.calls.cdr import Ending
from scheduler.calls.policy import Policy, Retries
from scheduler.calls.retry import after_ending, rather_as_it_ended
from scheduler.calls.timing import End, Wait
from tests.calls.builders import GRACE, MINUTE, a_call, an_attempt
from tests.clocks import NOON

POLICY = Policy(
    retries=Retries(origin=2, destination=1, after=MINUTE),
    hours=CallingHours(clocks=Clocks(company=ZoneInfo("Europe/Brussels"))),
)
SECOND = timedelta(seconds=1)


def ending(outcome: Outcome = Outcome.ORIGIN_NO_ANSWER, reason: str = "nobody there") -> Ending:
    return Ending(outcome=outcome, reason=reason, duration=timedelta())


def tried(number: int, outcome: Outcome | None = Outcome.ORIGIN_NO_ANSWER) -> Attempt:
    answer = Answer.ACCEPTED if outcome else Answer.NOT_SENT
    return replace(an_attempt(id=number, answer=answer, closed_at=NOON), outcome=outcome, reason="nobody there")


@pytest.mark.parametrize("outcome", [Outcome.ORIGIN_NO_ANSWER, Outcome.ORIGIN_BUSY])
def test_a_manager_who_did_not_answer_is_rung_again_and_told_when(outcome: Outcome) -> None:
    assert after_ending(ending(outcome), a_call(), [], NOON, POLICY) == Wait(
        until=NOON + MINUTE, reason="nobody there; again at 13:01:00, attempt 2 of 3"
    )


def test_busy_and_no_answer_of_one_manager_share_a_budget() -> None:
    earlier = [tried(1, Outcome.ORIGIN_BUSY), tried(2, Outcome.ORIGIN_NO_ANSWER)]
    assert after_ending(ending(), a_call(), earlier, NOON, POLICY) == End(
        outcome=Outcome.ORIGIN_NO_ANSWER, reason="nobody there; attempt 3 of 3"
    )


def test_attempts_that_placed_nothing_are_not_counted() -> None:
    found = after_ending(ending(), a_call(), [tried(1, None), tried(2, None)], NOON, POLICY)
    assert found.reason.endswith("attempt 2 of 3")


def test_the_customer_has_a_budget_apart() -> None:
    earlier = [tried(1), tried(2)]
    assert isinstance(after_ending(ending(Outcome.BUSY), a_call(), earlier, NOON, POLICY), Wait)
    earlier.append(tried(3, Outcome.NO_ANSWER))
    assert isinstance(after_ending(ending(Outcome.BUSY), a_call(), earlier, NOON, POLICY), End)


@pytest.mark.parametrize("outcome", [Outcome.BUSY, Outcome.NO_ANSWER])
def test_a_customer_who_did_not_answer_is_not_rung_again_by_default(outcome: Outcome) -> None:
    assert after_ending(ending(outcome), a_call(), [], NOON, Policy()) == End(
        outcome=outcome, reason="nobody there"
    )


@pytest.mark.parametrize("outcome", [Outcome.ANSWERED, Outcome.FAILED])
def test_what_was_answered_or_failed_is_never_rung_again(outcome: Outcome) -> None:
    assert after_ending(ending(outcome), a_call(), [], NOON, POLICY) == End(outcome=outcome, reason="nobody there")


def test_nothing_is_planned_past_the_deadline_and_the_reason_says_so() -> None:
    last = NOON + GRACE - MINUTE
    assert isinstance(after_ending(ending(), a_call(), [], last, POLICY), Wait)
    assert after_ending(ending(), a_call(), [], last + SECOND, POLICY) == End(
        outcome=Outcome.ORIGIN_NO_ANSWER, reason="nobody there; not tried again: its deadline is 13:05:00"
    )


def test_what_stops_a_call_while_it_rings_stops_its_next_attempt() -> None:
    found = after_ending(ending(), a_call(), [], NOON, POLICY, stopped="its appointment went")
    assert found == End(
        outcome=Outcome.ORIGIN_NO_ANSWER, reason="nobody there; not tried again: its appointment went"
    )


@given(
    outcome=st.sampled_from([Outcome.ORIGIN_NO_ANSWER, Outcome.ORIGIN_BUSY, Outcome.BUSY, Outcome.ANSWERED]),
    late=st.timedeltas(min_value=timedelta(), max_value=timedelta(minutes=10)),
    before=st.lists(st.sampled_from([None, Outcome.ORIGIN_BUSY, Outcome.BUSY]), max_size=6),
    origin=st.integers(0, 5),
    after=st.timedeltas(min_value=timedelta(), max_value=timedelta(minutes=10)),
)
def test_an_attempt_more_is_inside_the_deadline_and_the_budget(
    outcome: Outcome, late: timedelta, before: list[Outcome | None], origin: int, after: timedelta
) -> None:
    policy = Policy(retries=Retries(origin=origin, after=after))
    earlier = [tried(number, one) for number, one in enumerate(before, 1)]
    call, now = a_call(), NOON + late
    found = after_ending(ending(outcome), call, earlier, now, policy)
    if isinstance(found, Wait):
        assert now <= found.until <= call.deadline_at
        assert outcome in (Outcome.ORIGIN_NO_ANSWER, Outcome.ORIGIN_BUSY)
        assert before.count(Outcome.ORIGIN_BUSY) < origin
    else:
        assert found.outcome is outcome


def test_a_call_that_never_rang_ends_as_what_stops_it_says() -> None:
    end = End(outcome=Outcome.CANCELLED, reason="gone")
    assert rather_as_it_ended(end, [tried(1, None)]) == end


def test_a_call_that_rang_ends_as_its_last_attempt_and_says_what_stopped_the_next() -> None:
    end = End(outcome=Outcome.CANCELLED, reason="gone")
    attempts = [tried(1, Outcome.ORIGIN_BUSY), tried(2), tried(3, None)]
    assert rather_as_it_ended(end, attempts) == End(
        outcome=Outcome.ORIGIN_NO_ANSWER, reason="nobody there; not tried again: gone"
    )


def test_a_next_attempt_that_came_too_late_is_no_missed_call() -> None:
    end = End(outcome=Outcome.MISSED, reason="5 min 1 s late")
    assert rather_as_it_ended(end, [tried(1)]) == End(
        outcome=Outcome.ORIGIN_NO_ANSWER, reason="nobody there; not tried again: its deadline passed first"
    )
