"""Placing: the order of intention and request, and what each answer makes of the call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.callout.answer import NotSent, PerhapsSent, PlaceAnswer, Refused, RefusedForNow, Unauthorized
from scheduler.calls.call import Answer, Outcome, State
from scheduler.calls.plan import PlannedCall
from scheduler.database import Connection
from scheduler.duties.place import Prepared
from scheduler.errors import DatabaseUnusable
from scheduler.ledger.calls import Claim, end_call, move_call
from scheduler.ledger.store import LedgerCallStore
from scheduler.phone import PhoneNumber
from tests.clocks import NOON
from tests.duties.support import BARRING, ORIGIN, POLICY, SECOND_ORIGIN, Bench, ScriptedProvider, bench
from tests.world import await_true


@pytest.fixture(params=["a token at hand", "a token to be asked for"])
def duties(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """Both ways to the wire: the intention recorded as the call is claimed, or by the worker with its token."""
    with bench(tmp_path) as found:
        found.provider.has_token = request.param == "a token at hand"
        yield found


def test_the_intention_is_on_the_disk_before_the_request_leaves(duties: Bench) -> None:
    call_id = duties.add()
    seen: list[tuple[State, int]] = []
    duties.provider.before_answer = lambda: seen.append(
        (duties.call(call_id).state, len(duties.attempts(call_id)))
    )
    duties.place_due()
    assert seen == [(State.REQUESTED, 1)]


def test_an_accepted_call_is_placed_with_its_session_id(duties: Bench) -> None:
    call_id = duties.add()
    duties.place_due()
    (attempt,) = duties.attempts(call_id)
    assert duties.call(call_id).state is State.PLACED
    assert (attempt.answer, attempt.session_id) == (Answer.ACCEPTED, "session-1")


def test_the_request_carries_numbers_cli_and_the_attempts_own_callback(duties: Bench) -> None:
    call_id = duties.add(cli=ORIGIN)
    duties.place_due()
    (request,) = duties.provider.requests
    (attempt,) = duties.attempts(call_id)
    assert request.to_json() == {
        "origin": "+3228160257",
        "destination": "+32468373901",
        "cli": "+3228160257",
        "presentation": "ALLOWED",
        "callback": f"http://127.0.0.1:8470/callback/{attempt.reference}",
    }


def test_what_was_perhaps_sent_is_never_sent_again(duties: Bench) -> None:
    call_id = duties.add()
    duties.provider.answers = [PerhapsSent(reason="the connection broke")]
    duties.place_due()
    duties.clock.advance(timedelta(minutes=3))
    assert duties.place_due() == 0
    assert duties.call(call_id).state is State.REQUESTED
    assert len(duties.provider.requests) == 1


def test_what_was_certainly_not_sent_is_sent_again_as_a_new_attempt(duties: Bench) -> None:
    call_id = duties.add()
    duties.provider.answers = [NotSent(reason="refused")]
    duties.place_due()
    assert duties.place_due() == 0  # not before its time
    duties.clock.advance(POLICY.unsent_retry)
    duties.place_due()
    first, second = duties.attempts(call_id)
    assert (first.answer, second.answer) == (Answer.NOT_SENT, Answer.ACCEPTED)
    assert first.reference != second.reference


def test_a_call_that_can_never_be_sent_is_missed_at_its_deadline_and_says_why(duties: Bench) -> None:
    call_id = duties.add()
    duties.provider.answers = [NotSent(reason="refused")] * 100
    while duties.call(call_id).state is not State.ENDED:
        duties.clock.advance(POLICY.unsent_retry)
        duties.place_due()
    call = duties.call(call_id)
    assert call.outcome is Outcome.MISSED
    assert "could not be reached" in call.reason
    assert duties.clock.now() <= call.deadline_at


def test_a_401_is_followed_by_one_attempt_at_once_and_then_by_slower_ones(duties: Bench) -> None:
    call_id = duties.add()
    duties.provider.answers = [Unauthorized(reason="expired"), Unauthorized(reason="expired")]
    duties.place_due()
    duties.place_due()
    assert len(duties.attempts(call_id)) == 2
    assert duties.call(call_id).wake_at == NOON + POLICY.unauthorized_retry


def test_a_refusal_for_now_is_planned_again_when_the_provider_says(duties: Bench) -> None:
    call_id = duties.add()
    duties.provider.answers = [RefusedForNow(reason="busy", retry_after=timedelta(seconds=40))]
    duties.place_due()
    assert duties.call(call_id).wake_at == NOON + timedelta(seconds=40)


def test_a_refusal_for_now_past_the_deadline_ends_as_missed(duties: Bench) -> None:
    call_id = duties.add()
    duties.provider.answers = [RefusedForNow(reason="busy", retry_after=timedelta(hours=1))]
    duties.place_due()
    assert duties.call(call_id).outcome is Outcome.MISSED


def test_a_refusal_for_good_fails_the_call_and_keeps_the_providers_words(duties: Bench) -> None:
    call_id = duties.add()
    duties.provider.answers = [Refused(reason="origin not owned", status=403)]
    duties.place_due()
    call = duties.call(call_id)
    assert call.outcome is Outcome.FAILED
    assert "origin not owned" in call.reason


def test_the_history_never_holds_what_the_provider_wrote(duties: Bench) -> None:
    call_id = duties.add()
    duties.provider.answers = [Refused(reason="+32468373901 is unknown", status=404)]
    duties.place_due()
    rows = duties.ledger.read(lambda c: c.execute("SELECT detail FROM event").fetchall())
    assert not [row["detail"] for row in rows if "468" in row["detail"]]
    assert "+32468373901" in duties.call(call_id).reason


def test_a_barred_destination_is_never_requested(duties: Bench) -> None:
    call_id = duties.add(destination=PhoneNumber("+3290012345"))
    duties.place_due()
    call = duties.call(call_id)
    assert (call.outcome, duties.provider.requests) == (Outcome.BARRED, [])
    assert "premium" in call.reason


def test_barring_that_came_after_the_claim_still_counts(duties: Bench) -> None:
    call_id = duties.add()
    claim = duties.claim()
    duties.placing.barring = replace(BARRING, numbers=frozenset({claim.call.destination}))
    duties.placing.place(claim)
    assert (duties.call(call_id).outcome, duties.provider.requests) == (Outcome.BARRED, [])


def test_barring_that_came_after_the_intention_sends_nothing_and_ends_the_call_at_its_next_turn(
    duties: Bench,
) -> None:
    duties.provider.has_token = True  # so that the claim comes with its intention
    call_id = duties.add()
    (prepared,) = duties.store.claim_due(NOON, 1)
    duties.placing.barring = replace(BARRING, numbers=frozenset({duties.call(call_id).destination}))
    duties.placing.place(prepared)
    await_true(lambda: duties.call(call_id).state is State.PLANNED)
    duties.clock.advance(POLICY.unsent_retry)
    duties.place_due()
    assert (duties.call(call_id).outcome, duties.provider.requests) == (Outcome.BARRED, [])


@pytest.mark.parametrize(
    ("owned", "reason"),
    [(BARRING.owned - {ORIGIN}, "its origin isn't one"), (BARRING.owned - {SECOND_ORIGIN}, "its CLI isn't one")],
)
def test_a_call_whose_own_numbers_are_the_companys_no_more_is_never_requested(
    duties: Bench, owned: frozenset[PhoneNumber], reason: str
) -> None:
    call_id = duties.add(cli=SECOND_ORIGIN)
    duties.placing.barring = replace(BARRING, owned=owned)
    duties.place_due()
    call = duties.call(call_id)
    assert (call.outcome, duties.provider.requests) == (Outcome.BARRED, [])
    assert reason in call.reason


def test_a_call_moved_after_its_claim_is_not_placed_by_that_claim(duties: Bench) -> None:
    call_id = duties.add()
    claim = duties.claim()
    later = NOON + timedelta(hours=1)
    duties.ledger.write(move_call, duties.call(call_id), _at(duties, call_id, later))
    duties.placing.place(claim)
    assert duties.provider.requests == []
    assert (duties.call(call_id).state, duties.call(call_id).due_at) == (State.PLANNED, later)


def test_a_call_cancelled_after_its_claim_is_not_placed(duties: Bench) -> None:
    call_id = duties.add()
    claim = duties.claim()
    duties.ledger.write(end_call, call_id, Outcome.CANCELLED, "gone", NOON, leaving=[State.CLAIMED])
    duties.placing.place(claim)
    assert duties.provider.requests == []


def test_nothing_is_placed_past_its_deadline(duties: Bench) -> None:
    call_id = duties.add()
    duties.clock.advance(POLICY.grace + timedelta(seconds=1))
    duties.place_due()
    call = duties.call(call_id)
    assert (call.outcome, duties.provider.requests) == (Outcome.MISSED, [])
    assert "5 min 1 s late" in call.reason


def test_late_within_grace_is_placed(duties: Bench) -> None:
    duties.add()
    duties.clock.advance(POLICY.grace)
    duties.place_due()
    assert len(duties.provider.requests) == 1


def test_without_a_token_nothing_is_attempted_and_the_call_waits(duties: Bench) -> None:
    call_id = duties.add()
    duties.provider.obstacle = "no token: the provider is down"
    duties.place_due()
    assert duties.attempts(call_id) == ()
    duties.provider.obstacle = None
    duties.clock.advance(POLICY.unsent_retry)
    duties.place_due()
    assert duties.call(call_id).state is State.PLACED


def test_a_token_that_never_comes_is_the_reason_of_the_missed_call(duties: Bench) -> None:
    call_id = duties.add()
    duties.provider.obstacle = "no token: the provider is down"
    for _ in range(100):
        duties.place_due()
        duties.clock.advance(POLICY.unsent_retry)
    call = duties.call(call_id)
    assert call.outcome is Outcome.MISSED
    assert "no token" in call.reason


def test_a_second_call_of_an_origin_waits_until_the_first_has_ended(duties: Bench) -> None:
    duties.add()
    second = duties.add(destination=PhoneNumber("+32468373902"))
    duties.place_due()
    assert len(duties.provider.requests) == 1
    assert duties.call(second).state is State.PLANNED
    assert duties.call(second).wake_at > NOON


def test_a_call_whose_origin_stays_held_is_tried_just_before_its_deadline(duties: Bench) -> None:
    duties.add()
    second = duties.add(destination=PhoneNumber("+32468373902"))
    while len(duties.provider.requests) < 2:
        duties.clock.advance(timedelta(seconds=1))
        duties.place_due()
    left = duties.call(second).deadline_at - duties.clock.now()
    assert timedelta() <= left <= POLICY.origin_retry


def test_a_machine_that_stood_still_after_the_intention_sends_nothing(duties: Bench) -> None:
    call_id = duties.add()
    real = duties.ledger.write

    def stalls(work: object, *args: object, **kwargs: object) -> object:
        result = real(work, *args, **kwargs)  # type: ignore[arg-type]
        duties.clock.advance(timedelta(seconds=3))
        return result

    duties.ledger.write = stalls  # type: ignore[method-assign,assignment]
    duties.place_due()
    (attempt,) = duties.attempts(call_id)
    assert duties.provider.requests == []
    assert attempt.answer is Answer.NOT_SENT
    assert duties.call(call_id).state is State.PLANNED


def test_a_ledger_that_cant_be_written_sends_nothing_and_the_claim_is_given_back(duties: Bench) -> None:
    call_id = duties.add()
    claim = duties.claim()
    real = duties.ledger.write

    def full(*_: object, **__: object) -> object:
        raise DatabaseUnusable("the disk is full")

    duties.ledger.write = full  # type: ignore[method-assign,assignment]
    duties.placing.place(claim)
    assert duties.provider.requests == []
    assert duties.placing.give_back_stranded() == 0
    duties.ledger.write = real  # type: ignore[method-assign]
    assert duties.placing.give_back_stranded() == 1
    assert duties.call(call_id).state is State.PLANNED


def test_an_answer_that_cant_be_recorded_leaves_the_call_to_be_looked_up(duties: Bench) -> None:
    call_id = duties.add()
    answers: list[PlaceAnswer] = []

    def break_the_ledger() -> None:
        duties.ledger.write(_forbid_answers)
        answers.append(NotSent(reason="never recorded"))

    duties.provider.before_answer = break_the_ledger
    duties.place_due()
    (attempt,) = duties.attempts(call_id)
    assert (duties.call(call_id).state, attempt.answer) == (State.REQUESTED, None)
    duties.placing.give_back_stranded()
    assert duties.call(call_id).state is State.REQUESTED


def _forbid_answers(connection: Connection) -> None:
    connection.execute("CREATE TRIGGER broken BEFORE UPDATE ON attempt BEGIN SELECT RAISE(ABORT, 'broken'); END")


def _at(duties: Bench, call_id: int, at: object) -> PlannedCall:
    call = duties.call(call_id)
    return PlannedCall(
        keys=frozenset(),
        origin=call.origin,
        destination=call.destination,
        cli=call.cli,
        presentation=call.presentation,
        summary=call.summary,
        asked_at=at,  # type: ignore[arg-type]
        due_at=at,  # type: ignore[arg-type]
        deadline_at=at + POLICY.grace,  # type: ignore[operator]
    )


def test_the_end_of_another_call_doesnt_cut_the_wait_that_a_provider_asked_for(duties: Bench) -> None:
    first = duties.add()
    duties.provider.answers = [RefusedForNow(reason="busy", retry_after=timedelta(seconds=40))]
    duties.place_due()
    duties.add(destination=PhoneNumber("+32468373902"))
    duties.provider.answers = [Refused(reason="no", status=403)]
    duties.place_due()
    assert duties.call(first).wake_at == NOON + timedelta(seconds=40)


def test_a_batch_records_its_intentions_in_the_write_that_claims_it(duties: Bench) -> None:
    for number in range(3):
        duties.add(
            origin=PhoneNumber(f"+44207946000{number}"), destination=PhoneNumber(f"+3246837390{number + 1}")
        )
    due = duties.store.claim_due(NOON, 10)
    at_hand = duties.provider.has_token
    assert [isinstance(one, Prepared) for one in due] == [at_hand] * 3
    expected = State.REQUESTED if at_hand else State.CLAIMED
    assert [duties.call(number).state for number in (1, 2, 3)] == [expected] * 3
    assert duties.provider.requests == []


def test_a_call_that_the_ledger_refuses_costs_no_other_of_its_batch(duties: Bench) -> None:
    bad = duties.add()
    good = duties.add(origin=PhoneNumber("+442079460001"), destination=PhoneNumber("+32468373902"))
    duties.ledger.write(_forbid_attempts_of, bad)
    duties.place_due()
    assert (duties.call(bad).state, duties.call(good).state) == (State.CLAIMED, State.PLACED)
    assert duties.placing.give_back_stranded() == 1
    assert duties.call(bad).state is State.PLANNED


def _forbid_attempts_of(connection: Connection, call_id: int) -> None:
    connection.execute(
        f"""CREATE TRIGGER broken BEFORE INSERT ON attempt WHEN NEW.call_id = {call_id}
            BEGIN SELECT RAISE(ABORT, 'broken'); END"""
    )


def test_what_breaks_on_one_call_alone_doesnt_keep_the_others_from_being_claimed(duties: Bench) -> None:
    bad, good = duties.add(), duties.add(origin=PhoneNumber("+442079460001"))

    def prepare(connection: Connection, claims: Sequence[Claim]) -> Sequence[Prepared | Claim]:
        prepared = duties.placing.prepare(connection, claims)
        if any(claim.call.id == bad for claim in claims):
            raise ValueError("a defect in deciding")
        return prepared

    first, second = LedgerCallStore(duties.ledger, prepare).claim_due(NOON, 10)
    assert isinstance(first, Claim)
    assert isinstance(second, Claim)
    duties.placing.place(second)
    assert len(duties.provider.requests) == 1
    assert duties.call(good).attempts == 1


def test_another_provider_that_is_taken_over_never_sees_the_token_of_the_one_before(duties: Bench) -> None:
    duties.add()
    (due,) = duties.store.claim_due(NOON, 1)
    other = ScriptedProvider()

    def take_over() -> None:
        duties.placing.provider = other

    duties.provider.before_token = take_over
    if duties.provider.has_token:
        take_over()
    duties.placing.place(due)
    assert (len(duties.provider.requests), len(other.requests)) == (1, 0)
