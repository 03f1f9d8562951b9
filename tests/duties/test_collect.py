"""Collecting: what the provider's records settle, and what they don't."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from scheduler.callout.answer import NotSent, PerhapsSent
from scheduler.calls.call import Outcome, State
from scheduler.errors import ProviderError
from scheduler.ledger.attempts import insert_cdr
from scheduler.phone import PhoneNumber
from tests.clocks import NOON
from tests.duties.support import POLICY, Bench, cdr

MINUTE = timedelta(minutes=1)


def placed(duties: Bench) -> int:
    call_id = duties.add()
    duties.place_due()
    return call_id


def test_nothing_is_asked_while_no_attempt_is_open(duties: Bench) -> None:
    duties.add(due_at=NOON + MINUTE)
    assert not duties.collecting.run_once(NOON).asked
    assert duties.provider.asked_since == []


def test_a_record_ends_the_call_with_its_outcome_and_duration(duties: Bench) -> None:
    call_id = placed(duties)
    duties.provider.records = [cdr(NOON, duration=72)]
    duties.clock.advance(2 * MINUTE)
    assert duties.collect() == 1
    call, (attempt,) = duties.call(call_id), duties.attempts(call_id)
    assert (call.state, call.outcome, call.reason) == (State.ENDED, Outcome.ANSWERED, "talked 1 min 12 s")
    assert attempt.duration == timedelta(seconds=72)


def test_a_lost_answer_is_settled_by_numbers_and_time(duties: Bench) -> None:
    call_id = duties.add()
    duties.provider.answers = [PerhapsSent(reason="lost")]
    duties.place_due()
    duties.provider.records = [cdr(NOON, session_id="77", duration=0, release="Leg2-486-BusyHere received")]
    duties.collect()
    (attempt,) = duties.attempts(call_id)
    assert (duties.call(call_id).outcome, attempt.session_id) == (Outcome.BUSY, "77")


def test_somebody_elses_record_settles_nothing(duties: Bench) -> None:
    call_id = placed(duties)
    duties.provider.records = [cdr(NOON - timedelta(hours=1), session_id="other")]
    assert duties.collect() == 0
    assert duties.call(call_id).state is State.PLACED


def test_the_same_record_twice_is_one_outcome(duties: Bench) -> None:
    call_id = placed(duties)
    duties.provider.records = [cdr(NOON), cdr(NOON)]
    assert duties.collect() == 1
    assert duties.history(call_id).count("answered") == 1


def test_a_record_of_a_call_that_goes_on_settles_nothing_yet(duties: Bench) -> None:
    call_id = placed(duties)
    duties.provider.records = [replace(cdr(NOON), duration=None)]
    assert duties.collect() == 0
    assert duties.call(call_id).state is State.PLACED


def test_the_query_starts_at_the_oldest_open_attempt(duties: Bench) -> None:
    placed(duties)
    duties.clock.advance(timedelta(hours=1))
    duties.collect()
    assert duties.provider.asked_since == [NOON - MINUTE]


def test_a_callback_alone_settles_once_the_lag_has_passed(duties: Bench) -> None:
    call_id = placed(duties)
    (attempt,) = duties.attempts(call_id)
    duties.ledger.write(insert_cdr, attempt.id, "callback", cdr(NOON).raw_text, NOON)
    assert duties.collect() == 0
    duties.clock.advance(POLICY.cdr_lag)
    assert duties.collect() == 1
    assert duties.call(call_id).outcome is Outcome.ANSWERED


def test_a_callback_that_the_list_contradicts_yields_to_the_list(duties: Bench) -> None:
    call_id = placed(duties)
    (attempt,) = duties.attempts(call_id)
    duties.ledger.write(insert_cdr, attempt.id, "callback", cdr(NOON).raw_text, NOON)
    duties.provider.records = [cdr(NOON, duration=0, release="Leg2-480-TemporarilyUnavailable received")]
    duties.collect()
    assert duties.call(call_id).outcome is Outcome.NO_ANSWER


def test_an_unreadable_callback_settles_nothing_and_hurts_nobody(duties: Bench) -> None:
    call_id = placed(duties)
    (attempt,) = duties.attempts(call_id)
    duties.ledger.write(insert_cdr, attempt.id, "callback", "<html>", NOON)
    duties.clock.advance(POLICY.cdr_lag)
    assert duties.collect() == 0
    assert duties.call(call_id).state is State.PLACED


def test_silence_after_acceptance_ends_as_unknown(duties: Bench) -> None:
    call_id = placed(duties)
    duties.clock.advance(POLICY.silence + timedelta(seconds=1))
    duties.collecting.run_once(duties.clock.now())
    call = duties.call(call_id)
    assert (call.outcome, call.reason) == (Outcome.UNKNOWN, "accepted, but the provider has no record of it")


def test_a_provider_that_cant_be_asked_costs_nothing_but_time(duties: Bench) -> None:
    call_id = placed(duties)
    duties.provider.fault = ProviderError("down", status=503)
    assert duties.collecting.run_once(duties.clock.now()).problem == "down"
    duties.provider.fault = None
    duties.provider.records = [cdr(NOON)]
    duties.collect()
    assert duties.call(call_id).outcome is Outcome.ANSWERED


def test_a_late_record_amends_an_unknown_outcome(duties: Bench) -> None:
    call_id = placed(duties)
    duties.clock.advance(POLICY.silence + timedelta(seconds=1))
    duties.collecting.run_once(duties.clock.now())
    duties.provider.records = [cdr(NOON)]
    assert duties.collect() == 1
    assert duties.call(call_id).outcome is Outcome.ANSWERED


def test_a_record_of_an_attempt_thought_unsent_ends_the_call_instead_of_ringing_again(duties: Bench) -> None:
    call_id = duties.add()
    duties.add(destination=PhoneNumber("+32468373902"), origin=PhoneNumber("+3228160258"))
    duties.provider.answers = [NotSent(reason="it said so")]
    duties.place_due()
    assert duties.call(call_id).state is State.PLANNED
    duties.provider.records = [cdr(NOON, session_id="late")]
    duties.collect()
    assert duties.call(call_id).outcome is Outcome.ANSWERED


def test_the_end_of_a_call_wakes_the_next_one_of_its_origin(duties: Bench) -> None:
    placed(duties)
    second = duties.add(destination=PhoneNumber("+32468373902"))
    duties.place_due()
    waits_until = duties.call(second).wake_at
    duties.provider.records = [cdr(NOON, duration=1)]
    duties.clock.advance(timedelta(seconds=2))
    duties.collect()
    assert duties.call(second).wake_at == duties.clock.now() < waits_until
