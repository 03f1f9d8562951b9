"""A call's life in a real ledger, step by step (rules 1, 3, 4 and 12)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from scheduler.calls.call import Answer, Outcome, State
from scheduler.calls.change import Cancel, Change, Move, TooLate
from scheduler.calls.timing import ORIGIN_HELD, End, Wait
from scheduler.database import Database
from scheduler.ledger.attempts import select_attempt, select_open_attempts
from scheduler.ledger.calls import Claim, claim_one, release_claim
from scheduler.ledger.changes import apply_change
from scheduler.ledger.events import select_events
from scheduler.ledger.life import lose_answer, recover, refuse, unplaced
from scheduler.ledger.settling import fall_silent, prove
from tests.calls.builders import GRACE, HOUR, MINUTE, OTHER_CUSTOMER, SECOND_ORIGIN, want
from tests.clocks import NOON
from tests.ledger.desk import BUSY, POLICY, TALKED, Desk, accept, request

SECOND = timedelta(seconds=1)


def ask(desk: Desk, claim: Claim, now: datetime = NOON, *, barred: str = "", obstacle: str = "") -> object:
    return desk.ledger.write(request, claim, "a reference", now, POLICY, barred=barred, obstacle=obstacle)


def move(desk: Desk, call_id: int, **changes: object) -> None:
    wanted = replace(want(), **changes)  # type: ignore[arg-type]
    desk.ledger.write(apply_change, Move(call=desk.call(call_id), wanted=wanted), NOON)


def cancel(desk: Desk, call_id: int) -> None:
    desk.ledger.write(apply_change, Cancel(call=desk.call(call_id), reason="gone"), NOON)


def test_a_call_that_is_answered_goes_through_every_state(desk: Desk) -> None:
    desk.plan()
    assert desk.state() == (State.PLANNED, None)
    (claim,) = desk.claim()
    assert desk.state() == (State.CLAIMED, None)
    attempt_id = desk.request(claim)
    assert desk.state() == (State.REQUESTED, None)
    desk.ledger.write(accept, attempt_id, "session", NOON + SECOND)
    assert desk.state() == (State.PLACED, None)
    assert desk.settle(attempt_id, TALKED, NOON + 2 * MINUTE)
    assert desk.state() == (State.ENDED, Outcome.ANSWERED)
    (attempt,) = desk.attempts()
    assert (attempt.answer, attempt.session_id, attempt.duration) == (Answer.ACCEPTED, "session", TALKED.duration)
    assert attempt.closed_at == NOON + 2 * MINUTE
    assert desk.call().ended_at == NOON + 2 * MINUTE
    assert desk.history() == ["requested", "accepted", "answered"]


def test_a_call_is_claimed_once_and_only_when_it_is_due(desk: Desk) -> None:
    desk.plan()
    assert desk.claim(NOON - SECOND) == []
    assert len(desk.claim()) == 1
    assert desk.claim() == []


def test_a_claim_of_an_earlier_revision_is_void_even_if_its_token_fits(desk: Desk) -> None:
    desk.plan()
    (claim,) = desk.claim()
    outdated = replace(claim, call=replace(claim.call, revision=claim.call.revision - 1))
    assert ask(desk, outdated) is None
    assert desk.state() == (State.CLAIMED, None)


def test_due_calls_are_claimed_in_the_order_of_their_times_up_to_the_limit(desk: Desk) -> None:
    for minutes in (3, 1, 2):
        desk.plan(want(at=NOON - minutes * MINUTE))
    first = desk.claim(limit=2)
    assert [claim.call.due_at for claim in first] == [NOON - 3 * MINUTE, NOON - 2 * MINUTE]
    assert [claim.call.due_at for claim in desk.claim()] == [NOON - MINUTE]


def test_one_call_can_be_claimed_by_name_when_its_time_has_come(desk: Desk) -> None:
    call_id = desk.plan()
    assert desk.ledger.write(claim_one, call_id, NOON - SECOND, "token") is None
    assert desk.ledger.write(claim_one, call_id, NOON, "token") is not None
    assert desk.ledger.write(claim_one, call_id, NOON, "token") is None


VOIDING: list[Callable[[Desk, int], None]] = [
    lambda desk, call_id: move(desk, call_id, destination=OTHER_CUSTOMER),
    lambda desk, call_id: move(desk, call_id, summary="Call Ben back"),
    cancel,
]


@pytest.mark.parametrize("void", VOIDING)
def test_a_move_or_a_cancellation_makes_a_claim_void(desk: Desk, void: Callable[[Desk, int], None]) -> None:
    call_id = desk.plan()
    (claim,) = desk.claim()
    void(desk, call_id)
    history = desk.history()
    assert ask(desk, claim) is None
    assert ask(desk, claim, barred="premium numbers are barred") is None
    assert ask(desk, claim, obstacle="no token") is None
    assert not desk.ledger.write(release_claim, claim, NOON)
    assert desk.attempts() == ()
    assert desk.history() == history


def test_a_claim_of_another_token_is_void(desk: Desk) -> None:
    desk.plan()
    (claim,) = desk.claim()
    assert ask(desk, replace(claim, token="stolen")) is None
    desk.ledger.write(recover, NOON)
    (again,) = desk.claim()
    assert ask(desk, claim) is None
    desk.request(again)


def test_a_claim_is_good_for_one_request(desk: Desk) -> None:
    desk.plan()
    (claim,) = desk.claim()
    desk.request(claim)
    assert ask(desk, claim) is None
    assert len(desk.attempts()) == 1


def test_a_call_claimed_too_early_goes_back_until_it_is_due(desk: Desk) -> None:
    desk.plan()
    (claim,) = desk.claim()
    assert ask(desk, claim, NOON - SECOND) == Wait(until=NOON, reason="not due yet")
    assert desk.call().wake_at == NOON
    assert desk.state() == (State.PLANNED, None)


def test_a_call_claimed_after_its_deadline_is_missed(desk: Desk) -> None:
    desk.plan()
    (claim,) = desk.claim()
    assert isinstance(ask(desk, claim, NOON + GRACE + SECOND), End)
    assert desk.state() == (State.ENDED, Outcome.MISSED)
    assert desk.call().reason.startswith("5 min 1 s late")
    assert desk.history() == ["missed"]


def test_a_barred_call_ends_before_any_request(desk: Desk) -> None:
    desk.plan()
    (claim,) = desk.claim()
    ask(desk, claim, barred="premium numbers are barred")
    assert desk.state() == (State.ENDED, Outcome.BARRED)
    assert desk.attempts() == ()


def test_an_obstacle_is_written_down_once_however_often_it_is_met(desk: Desk) -> None:
    desk.plan()
    for turn in range(3):
        now = NOON + turn * POLICY.unsent_retry
        (claim,) = desk.claim(now)
        assert ask(desk, claim, now, obstacle="no token") == Wait(
            until=now + POLICY.unsent_retry, reason="no token"
        )
    assert desk.history() == ["waits"]
    assert desk.call().reason == "no token"


def test_an_origin_talks_with_one_at_a_time(desk: Desk) -> None:
    desk.plan()
    desk.plan(want(destination=OTHER_CUSTOMER))
    first, second = desk.claim()
    attempt_id = desk.request(first)
    assert ask(desk, second) == Wait(until=NOON + POLICY.origin_retry, reason=ORIGIN_HELD)
    desk.settle(attempt_id, now=NOON + SECOND)
    assert desk.call(2).wake_at == NOON + SECOND
    desk.requested(NOON + SECOND)


def test_another_origin_is_not_held(desk: Desk) -> None:
    desk.plan()
    desk.plan(want(origin=SECOND_ORIGIN, destination=OTHER_CUSTOMER))
    first, second = desk.claim()
    desk.request(first)
    desk.request(second)


def test_an_origin_without_evidence_is_held_for_a_while_only(desk: Desk) -> None:
    desk.plan()
    desk.placed()
    later = NOON + POLICY.origin_hold
    desk.plan(want(destination=OTHER_CUSTOMER, at=later - SECOND))
    (claim,) = desk.claim(later - SECOND)
    assert isinstance(ask(desk, claim, later - SECOND), Wait)
    (claim,) = desk.claim(later + HOUR)
    desk.request(claim, later)


def test_a_held_call_is_tried_just_before_its_deadline(desk: Desk) -> None:
    desk.plan()
    desk.placed()
    desk.plan(want(destination=OTHER_CUSTOMER))
    last = NOON + GRACE - POLICY.origin_retry
    (claim,) = desk.claim(last)
    desk.request(claim, last)


def test_only_calls_that_wait_for_the_origin_are_woken_when_it_is_free(desk: Desk) -> None:
    desk.plan()
    attempt_id = desk.placed()
    desk.plan(want(destination=OTHER_CUSTOMER))
    (claim,) = desk.claim()
    ask(desk, claim, obstacle="no token")
    desk.settle(attempt_id, now=NOON + SECOND)
    assert desk.call(2).wake_at == NOON + POLICY.unsent_retry


@pytest.mark.parametrize("answer", [Answer.NOT_SENT, Answer.REFUSED_FOR_NOW, Answer.UNAUTHORIZED])
def test_a_request_that_certainly_placed_nothing_is_made_again_with_an_attempt_of_its_own(
    desk: Desk, answer: Answer
) -> None:
    desk.plan()
    first = desk.requested()
    desk.unplaced(first, NOON + SECOND, answer)
    assert desk.state() == (State.PLANNED, None)
    wake_at = desk.call().wake_at
    second = desk.requested(wake_at)
    attempts = desk.attempts()
    assert [one.id for one in attempts] == [first, second]
    assert [one.number for one in attempts] == [1, 2]
    assert [one.answer for one in attempts] == [answer, None]
    assert [one.open for one in attempts] == [False, True]
    assert len({one.reference for one in attempts}) == 2
    assert desk.history() == ["requested", answer, "requested"]


def test_a_request_that_can_not_be_made_again_in_time_is_missed(desk: Desk) -> None:
    desk.plan()
    attempt_id = desk.requested()
    desk.ledger.write(unplaced, attempt_id, Answer.REFUSED_FOR_NOW, "429", NOON, POLICY, delay=HOUR)
    assert desk.state() == (State.ENDED, Outcome.MISSED)
    assert not desk.attempts()[0].open
    assert desk.history() == ["requested", "refused_for_now", "missed"]


def test_a_request_that_was_not_taken_frees_its_origin(desk: Desk) -> None:
    desk.plan()
    desk.plan(want(destination=OTHER_CUSTOMER))
    first, second = desk.claim()
    attempt_id = desk.request(first)
    assert isinstance(ask(desk, second), Wait)
    desk.unplaced(attempt_id, NOON + SECOND)
    assert desk.call(2).wake_at == NOON + SECOND


def test_a_refusal_for_good_ends_the_call(desk: Desk) -> None:
    desk.plan()
    attempt_id = desk.requested()
    desk.ledger.write(refuse, attempt_id, "unknown origin", NOON + SECOND)
    assert desk.state() == (State.ENDED, Outcome.FAILED)
    assert desk.call().reason == "the provider refused it: unknown origin"
    assert not desk.attempts()[0].open


def test_a_lost_answer_leaves_the_call_requested_and_it_is_not_sent_again(desk: Desk) -> None:
    desk.plan()
    attempt_id = desk.requested()
    desk.ledger.write(lose_answer, attempt_id, "no answer", NOON + SECOND)
    assert desk.state() == (State.REQUESTED, None)
    assert desk.claim(NOON + HOUR) == []
    (attempt,) = desk.ledger.read(select_open_attempts)
    assert attempt.answer is Answer.PERHAPS_SENT


def test_a_callback_before_the_answer_proves_that_the_call_is_placed(desk: Desk) -> None:
    desk.plan()
    attempt_id = desk.requested()
    prove_it(desk, attempt_id, "from the callback")
    assert desk.state() == (State.PLACED, None)
    assert desk.attempts()[0].answer is Answer.ACCEPTED
    desk.ledger.write(accept, attempt_id, "", NOON + SECOND)
    assert desk.attempts()[0].session_id == "from the callback"
    assert desk.state() == (State.PLACED, None)


@pytest.mark.parametrize("answer", [Answer.NOT_SENT, Answer.REFUSED_FOR_NOW, Answer.UNAUTHORIZED])
def test_what_a_callback_has_proved_no_later_answer_takes_back(desk: Desk, answer: Answer) -> None:
    desk.plan()
    attempt_id = desk.requested()
    prove_it(desk, attempt_id, "from the callback")
    desk.unplaced(attempt_id, NOON + SECOND, answer)
    desk.ledger.write(lose_answer, attempt_id, "reset", NOON + SECOND)
    desk.ledger.write(refuse, attempt_id, "no", NOON + SECOND)
    assert desk.state() == (State.PLACED, None)
    (attempt,) = desk.attempts()
    assert (attempt.answer, attempt.session_id, attempt.open) == (Answer.ACCEPTED, "from the callback", True)


def test_a_callback_of_an_attempt_that_seemed_refused_stops_the_next_one(desk: Desk) -> None:
    desk.plan()
    first = desk.requested()
    desk.unplaced(first, NOON + SECOND, Answer.REFUSED_FOR_NOW)
    prove_it(desk, first)
    assert desk.state() == (State.ENDED, Outcome.UNKNOWN)
    assert desk.claim(NOON + HOUR) == []
    assert desk.history()[-2:] == ["unknown", "alert"]


def test_a_callback_of_an_attempt_that_seemed_refused_voids_the_claim_after_it(desk: Desk) -> None:
    desk.plan()
    first = desk.requested()
    desk.unplaced(first, NOON, Answer.REFUSED_FOR_NOW)
    (claim,) = desk.claim(desk.call().wake_at)
    prove_it(desk, first)
    assert ask(desk, claim, NOON + MINUTE) is None
    assert len(desk.attempts()) == 1


def test_a_callback_of_an_earlier_attempt_proves_nothing_of_the_one_on_the_wire(desk: Desk) -> None:
    desk.plan()
    first = desk.requested()
    desk.unplaced(first)
    desk.requested(desk.call().wake_at)
    prove_it(desk, first)
    assert desk.state() == (State.REQUESTED, None)
    assert [one.answer for one in desk.attempts()] == [Answer.ACCEPTED, None]


@pytest.mark.parametrize("evidence", ["callback", "record"])
@pytest.mark.parametrize("answer", [Answer.NOT_SENT, Answer.REFUSED_FOR_NOW, Answer.REFUSED])
def test_after_evidence_of_an_earlier_attempt_the_call_is_not_tried_a_third_time(
    desk: Desk, evidence: str, answer: Answer
) -> None:
    desk.plan()
    first = desk.requested()
    desk.unplaced(first)
    second = desk.requested(desk.call().wake_at)
    if evidence == "callback":
        prove_it(desk, first)
    else:
        assert not desk.settle(first, TALKED)
    if answer is Answer.REFUSED:
        desk.ledger.write(refuse, second, "no", NOON + MINUTE)
    else:
        desk.unplaced(second, NOON + MINUTE, answer)
    assert desk.state() == (State.ENDED, Outcome.UNKNOWN)
    assert desk.history().count("alert") == 1
    assert desk.claim(NOON + HOUR) == []
    assert desk.settle(first, TALKED)
    assert desk.state() == (State.ENDED, Outcome.ANSWERED)


def prove_it(desk: Desk, attempt_id: int, session_id: str = "session") -> None:
    attempt = desk.ledger.read(select_attempt, attempt_id)
    desk.ledger.write(prove, attempt, session_id, NOON + SECOND)


def test_a_record_settles_a_call_whose_answer_was_lost(desk: Desk) -> None:
    desk.plan()
    attempt_id = desk.requested()
    assert desk.settle(attempt_id, BUSY)
    assert desk.state() == (State.ENDED, Outcome.BUSY)
    desk.ledger.write(accept, attempt_id, "session", NOON + SECOND)
    assert desk.state() == (State.ENDED, Outcome.BUSY)
    assert desk.attempts()[0].answer is Answer.ACCEPTED


def test_the_same_record_twice_is_no_news(desk: Desk) -> None:
    desk.plan()
    attempt_id = desk.placed()
    assert desk.settle(attempt_id)
    history = desk.history()
    assert not desk.settle(attempt_id)
    assert desk.history() == history


def test_a_record_that_contradicts_is_noted_and_changes_nothing(desk: Desk) -> None:
    desk.plan()
    attempt_id = desk.placed()
    desk.settle(attempt_id, TALKED)
    assert not desk.settle(attempt_id, BUSY)
    assert not desk.settle(attempt_id, BUSY)
    assert desk.state() == (State.ENDED, Outcome.ANSWERED)
    assert desk.history()[-2:] == ["answered", "contradicted"]
    assert desk.attempts()[0].duration == TALKED.duration


def test_a_record_of_an_attempt_thought_unsent_ends_the_call_planned_after_it(desk: Desk) -> None:
    desk.plan()
    first = desk.requested()
    desk.unplaced(first)
    assert desk.settle(first)
    assert desk.state() == (State.ENDED, Outcome.ANSWERED)
    assert desk.claim(NOON + HOUR) == []


def test_a_record_of_an_earlier_attempt_leaves_the_one_on_the_wire_to_its_own(desk: Desk) -> None:
    desk.plan()
    first = desk.requested()
    desk.unplaced(first)
    second = desk.placed(desk.call().wake_at)
    assert not desk.settle(first, TALKED)
    assert desk.state() == (State.PLACED, None)
    assert desk.settle(second, BUSY)
    assert desk.state() == (State.ENDED, Outcome.BUSY)


@pytest.mark.parametrize("accepted", [True, False])
def test_a_call_of_which_nobody_heard_ends_as_unknown(desk: Desk, accepted: bool) -> None:
    desk.plan()
    attempt_id = desk.placed() if accepted else desk.requested()
    assert fall(desk, attempt_id)
    assert desk.state() == (State.ENDED, Outcome.UNKNOWN)
    assert desk.call().reason.startswith("accepted" if accepted else "perhaps accepted")
    assert desk.ledger.read(select_open_attempts) == ()


def test_a_late_record_amends_an_unknown_outcome(desk: Desk) -> None:
    desk.plan()
    attempt_id = desk.requested()
    fall(desk, attempt_id)
    assert desk.settle(attempt_id, TALKED, NOON + 6 * HOUR)
    assert desk.state() == (State.ENDED, Outcome.ANSWERED)
    assert desk.attempts()[0].duration == TALKED.duration
    assert desk.history()[-2:] == ["unknown", "answered"]


def test_silence_takes_nothing_back(desk: Desk) -> None:
    desk.plan()
    attempt_id = desk.placed()
    desk.settle(attempt_id)
    assert not fall(desk, attempt_id)
    assert desk.state() == (State.ENDED, Outcome.ANSWERED)


def fall(desk: Desk, attempt_id: int) -> bool:
    attempt = desk.ledger.read(select_attempt, attempt_id)
    return desk.ledger.write(fall_silent, attempt, NOON + 5 * HOUR)


def test_after_a_crash_claims_are_given_back_and_requests_stay(desk: Desk) -> None:
    desk.plan()
    desk.plan(want(origin=SECOND_ORIGIN))
    requested, _claimed = desk.claim()
    attempt_id = desk.request(requested)
    assert desk.ledger.write(recover, NOON + SECOND) == 1
    assert desk.state(1) == (State.REQUESTED, None)
    assert desk.state(2) == (State.PLANNED, None)
    assert [claim.call.id for claim in desk.claim(NOON + SECOND)] == [2]
    assert desk.attempts(1)[0].id == attempt_id


def test_nothing_to_recover_leaves_no_trace(desk: Desk) -> None:
    assert desk.ledger.write(recover, NOON) == 0
    assert desk.ledger.read(lambda c: c.execute("SELECT count(*) FROM event").fetchone()[0]) == 0


def test_a_released_claim_waits_with_its_reason(desk: Desk) -> None:
    desk.plan()
    (claim,) = desk.claim()
    assert desk.ledger.write(release_claim, claim, NOON + MINUTE, "shutting down")
    assert (desk.call().wake_at, desk.call().reason) == (NOON + MINUTE, "shutting down")


def test_a_moved_call_forgets_what_it_waited_for(desk: Desk) -> None:
    call_id = desk.plan()
    (claim,) = desk.claim()
    ask(desk, claim, obstacle="no token")
    move(desk, call_id, asked_at=NOON + HOUR, due_at=NOON + HOUR, deadline_at=NOON + 2 * HOUR)
    assert (desk.call().wake_at, desk.call().reason) == (NOON + HOUR, "")


def test_a_call_that_stays_due_goes_on_waiting_as_long_as_it_must(desk: Desk) -> None:
    call_id = desk.plan()
    attempt_id = desk.requested()
    desk.ledger.write(unplaced, attempt_id, Answer.REFUSED_FOR_NOW, "429", NOON, POLICY, delay=MINUTE)
    move(desk, call_id, summary="Call Ben back")
    assert (desk.call().wake_at, desk.call().reason) == (NOON + MINUTE, "the provider refused it for now")


@pytest.mark.parametrize("answer", [Answer.NOT_SENT, Answer.REFUSED_FOR_NOW, Answer.UNAUTHORIZED])
def test_an_appointment_that_went_while_its_call_was_requested_rings_no_more_where_nothing_was_placed(
    desk: Desk, ledger: Database, answer: Answer
) -> None:
    desk.plan(want("one"))
    before = desk.call()
    attempt_id = desk.requested()
    ledger.write(apply_change, Cancel(call=before, reason="the event was deleted"), NOON)
    ledger.write(unplaced, attempt_id, answer, "nothing was placed", NOON, POLICY, delay=MINUTE)
    assert desk.state() == (State.ENDED, Outcome.CANCELLED)
    assert desk.call().reason == "its appointment went while it was being requested"


@pytest.mark.parametrize("late", ["move", "cancel", "noted"])
def test_a_change_that_the_request_overtook_is_noted_once(desk: Desk, ledger: Database, late: str) -> None:
    desk.plan(want("one"))
    before = desk.call()
    attempt_id = desk.requested()
    changes: dict[str, Change] = {
        "move": Move(call=before, wanted=want("one", at=NOON + HOUR)),
        "cancel": Cancel(call=before, reason="Anna Maes has no number"),
        "noted": TooLate(call=before, reason="too late"),
    }
    change = changes[late]
    for _ in range(2):
        ledger.write(apply_change, change, NOON)
    assert desk.history() == ["requested", "too_late"]
    assert desk.state() == (State.REQUESTED, None)
    assert "Anna" not in str(ledger.read(select_events, 1))
    desk.settle(attempt_id)
    ledger.write(apply_change, change, NOON)
    assert desk.history() == ["requested", "too_late", "answered"]
