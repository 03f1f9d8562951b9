"""A call of several attempts in a real ledger: what follows each, and what stops the next (rule 7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from scheduler.calls.call import Answer, Outcome, State
from scheduler.calls.change import Cancel, TooLate
from scheduler.ledger.attempts import select_attempt
from scheduler.ledger.changes import apply_change
from scheduler.ledger.life import lose_answer, refuse, unplaced, withdraw
from scheduler.ledger.settling import prove
from tests.calls.builders import GRACE, MINUTE, OTHER_CUSTOMER, want
from tests.clocks import NOON
from tests.ledger.desk import NOBODY, POLICY, TALKED, Desk, accept, request

SECOND = timedelta(seconds=1)


def unanswered(desk: Desk) -> int:
    """A call whose first attempt rang at nobody; returns that attempt's id."""
    desk.plan()
    attempt_id = desk.placed()
    assert desk.settle(attempt_id, NOBODY, NOON + 30 * SECOND)
    return attempt_id


def test_a_manager_who_does_not_answer_is_rung_again_by_an_attempt_of_its_own(desk: Desk) -> None:
    first = unanswered(desk)
    assert desk.state() == (State.PLANNED, None)
    assert desk.call().reason == "nobody there; again at 12:01:30, attempt 2 of 3"
    assert desk.claim(NOON + 89 * SECOND) == []
    second = desk.placed(NOON + 90 * SECOND, "another session")
    assert desk.settle(second, TALKED, NOON + 3 * MINUTE)
    assert desk.state() == (State.ENDED, Outcome.ANSWERED)
    attempts = desk.attempts()
    assert [(one.id, one.number, one.open) for one in attempts] == [(first, 1, False), (second, 2, False)]
    assert [one.outcome for one in attempts] == [Outcome.ORIGIN_NO_ANSWER, Outcome.ANSWERED]
    assert desk.history() == ["requested", "accepted", "origin_no_answer", "requested", "accepted", "answered"]


def test_after_the_last_attempt_the_call_ends_as_that_one_did(desk: Desk) -> None:
    unanswered(desk)
    for _ in range(2):
        at = desk.call().wake_at
        desk.settle(desk.placed(at), NOBODY, at + 20 * SECOND)
    assert desk.state() == (State.ENDED, Outcome.ORIGIN_NO_ANSWER)
    assert desk.call().reason == "nobody there; attempt 3 of 3"
    assert desk.claim(NOON + GRACE) == []


def test_a_record_that_came_before_the_answer_plans_the_next_attempt_as_well(desk: Desk) -> None:
    desk.plan()
    attempt_id = desk.requested()
    assert desk.settle(attempt_id, NOBODY)
    assert desk.state() == (State.PLANNED, None)
    second = desk.requested(NOON + MINUTE)
    desk.ledger.write(accept, attempt_id, "session", NOON + MINUTE)
    assert desk.state() == (State.REQUESTED, None), "the first attempt's answer says nothing of the second"
    desk.ledger.write(accept, second, "session", NOON + MINUTE)
    assert desk.state() == (State.PLACED, None)


LATE_ANSWERS: list[Callable[[Desk, int], None]] = [
    lambda desk, attempt_id: desk.unplaced(attempt_id, NOON + MINUTE),
    lambda desk, attempt_id: desk.ledger.write(refuse, attempt_id, "no", NOON + MINUTE),
    lambda desk, attempt_id: desk.ledger.write(lose_answer, attempt_id, "reset", NOON + MINUTE),
]


@pytest.mark.parametrize("late", LATE_ANSWERS)
def test_a_late_answer_of_an_attempt_that_is_over_leaves_the_next_one_alone(
    desk: Desk, late: Callable[[Desk, int], None]
) -> None:
    desk.plan()
    first = desk.requested()
    desk.settle(first, NOBODY)
    late(desk, first)
    assert desk.state() == (State.PLANNED, None)
    desk.requested(NOON + MINUTE)
    late(desk, first)
    assert desk.state() == (State.REQUESTED, None)


def test_the_same_record_again_leaves_the_next_attempt_alone(desk: Desk) -> None:
    first = unanswered(desk)
    for _ in range(2):
        assert not desk.settle(first, NOBODY, NOON + MINUTE)
    assert desk.state() == (State.PLANNED, None)
    desk.placed(NOON + 90 * SECOND)
    assert not desk.settle(first, NOBODY, NOON + 2 * MINUTE)
    assert desk.state() == (State.PLACED, None)
    assert "contradicted" not in desk.history()


def test_a_callback_of_an_attempt_whose_end_is_known_leaves_the_next_one_alone(desk: Desk) -> None:
    first = unanswered(desk)
    desk.ledger.write(prove, desk.ledger.read(select_attempt, first), "session", NOON + MINUTE)
    assert desk.state() == (State.PLANNED, None)


def test_a_later_record_that_contradicts_stops_the_next_attempt(desk: Desk) -> None:
    first = unanswered(desk)
    assert not desk.settle(first, TALKED, NOON + MINUTE)
    assert desk.state() == (State.ENDED, Outcome.ORIGIN_NO_ANSWER)
    assert desk.call().reason == "nobody there; not tried again: a later record says answered"
    assert desk.history()[-2:] == ["contradicted", "origin_no_answer"]


@pytest.mark.parametrize("answer", [None, Answer.REFUSED_FOR_NOW], ids=["rings", "refused-for-now"])
def test_a_record_that_contradicts_while_the_next_attempt_is_on_its_way_stops_the_one_after_it(
    desk: Desk, answer: Answer | None
) -> None:
    first = unanswered(desk)
    second = desk.requested(NOON + 90 * SECOND)
    desk.settle(first, TALKED, NOON + 91 * SECOND)
    if answer is None:
        assert desk.settle(second, NOBODY, NOON + 92 * SECOND)
    else:
        desk.ledger.write(unplaced, second, answer, "429", NOON + 92 * SECOND, POLICY)
    assert desk.state() == (State.ENDED, Outcome.ORIGIN_NO_ANSWER)
    assert desk.call().reason == "nobody there; not tried again: the provider's records contradict each other"


def test_a_cancelled_appointment_stops_the_next_attempt_and_keeps_the_outcome(desk: Desk) -> None:
    unanswered(desk)
    desk.ledger.write(apply_change, Cancel(call=desk.call(), reason="gone"), NOON + MINUTE)
    assert desk.state() == (State.ENDED, Outcome.ORIGIN_NO_ANSWER)
    assert desk.call().reason == "nobody there; not tried again: gone"


def test_an_appointment_that_goes_while_it_rings_gets_no_further_attempt(desk: Desk) -> None:
    desk.plan()
    attempt_id = desk.placed()
    desk.ledger.write(apply_change, TooLate(call=desk.call(), reason="gone too late"), NOON)
    desk.settle(attempt_id, NOBODY)
    assert desk.state() == (State.ENDED, Outcome.ORIGIN_NO_ANSWER)
    assert desk.call().reason.endswith("not tried again: its appointment went or was changed meanwhile")


def test_who_asked_by_hand_can_give_up_the_next_attempt(desk: Desk) -> None:
    unanswered(desk)
    assert desk.ledger.write(withdraw, 1, "given up", NOON + MINUTE)
    assert desk.state() == (State.ENDED, Outcome.ORIGIN_NO_ANSWER)


def test_a_next_attempt_that_is_barred_by_then_leaves_the_outcome(desk: Desk) -> None:
    unanswered(desk)
    (claim,) = desk.claim(NOON + 90 * SECOND)
    desk.ledger.write(request, claim, "reference", NOON + 90 * SECOND, POLICY, barred="on the list")
    assert desk.state() == (State.ENDED, Outcome.ORIGIN_NO_ANSWER)
    assert desk.call().reason == "nobody there; not tried again: on the list"


def test_a_next_attempt_that_could_not_leave_in_time_is_not_a_missed_call(desk: Desk) -> None:
    unanswered(desk)
    (claim,) = desk.claim(NOON + GRACE + SECOND)
    desk.ledger.write(request, claim, "reference", NOON + GRACE + SECOND, POLICY)
    assert desk.state() == (State.ENDED, Outcome.ORIGIN_NO_ANSWER)


def test_a_next_attempt_that_is_refused_for_now_waits_and_then_leaves_the_outcome(desk: Desk) -> None:
    unanswered(desk)
    second = desk.requested(NOON + 90 * SECOND)
    desk.ledger.write(unplaced, second, Answer.REFUSED_FOR_NOW, "429", NOON + 91 * SECOND, POLICY, delay=MINUTE)
    assert desk.state() == (State.PLANNED, None)
    assert desk.call().wake_at == NOON + 151 * SECOND
    third = desk.requested(NOON + 151 * SECOND)
    desk.ledger.write(unplaced, third, Answer.REFUSED_FOR_NOW, "429", NOON + 152 * SECOND, POLICY, delay=GRACE)
    assert desk.state() == (State.ENDED, Outcome.ORIGIN_NO_ANSWER)
    assert [one.outcome for one in desk.attempts()] == [Outcome.ORIGIN_NO_ANSWER, None, None]


def test_a_next_attempt_that_the_provider_refuses_leaves_the_outcome(desk: Desk) -> None:
    unanswered(desk)
    second = desk.requested(NOON + 90 * SECOND)
    desk.ledger.write(refuse, second, "unknown origin", NOON + 91 * SECOND)
    assert desk.state() == (State.ENDED, Outcome.ORIGIN_NO_ANSWER)
    assert desk.call().reason == "nobody there; not tried again: the provider refused it: unknown origin"


def test_between_two_attempts_the_origin_is_free_for_another_call(desk: Desk) -> None:
    unanswered(desk)
    desk.plan(want(destination=OTHER_CUSTOMER))
    desk.requested(NOON + 31 * SECOND)


def test_nothing_follows_where_an_attempt_before_rang_after_all(desk: Desk) -> None:
    desk.plan()
    first = desk.requested()
    desk.unplaced(first)
    second = desk.placed(desk.call().wake_at)
    desk.ledger.write(prove, desk.ledger.read(select_attempt, first), "", NOON + MINUTE)
    desk.settle(second, NOBODY, NOON + MINUTE)
    assert desk.state() == (State.ENDED, Outcome.ORIGIN_NO_ANSWER)
    assert "rang as well" in desk.call().reason
