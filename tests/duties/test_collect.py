"""Collecting: what the provider's records settle, and what they don't."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.callout.answer import Accepted, NotSent, PerhapsSent
from scheduler.calls.call import Outcome, State
from scheduler.database import Connection
from scheduler.errors import ProviderError
from scheduler.ledger.alerts import select_alerts
from scheduler.ledger.attempts import KeptCdr, insert_cdr
from scheduler.ledger.evidence import Weighed, weigh
from scheduler.ledger.settling import prove
from scheduler.phone import PhoneNumber
from scheduler.vca import Cdr, UnreadableCdr, read_cdr
from tests.clocks import NOON
from tests.duties.support import POLICY, Bench, bench, cdr
from tests.ledger.desk import accept

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
    duties.provider.records = [read_cdr({**cdr(NOON).raw, "callDuration": None})]
    assert duties.collect() == 0
    assert duties.call(call_id).state is State.PLACED


def test_the_query_starts_at_the_oldest_open_attempt(duties: Bench) -> None:
    placed(duties)
    duties.clock.advance(timedelta(hours=1))
    duties.collect()
    assert duties.provider.asked_since == [NOON - 10 * MINUTE]


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


def kept(duties: Bench) -> list[tuple[int | None, str]]:
    rows = duties.ledger.read(lambda c: c.execute("SELECT attempt_id, source FROM cdr ORDER BY id").fetchall())
    return [(row["attempt_id"], row["source"]) for row in rows]


def alerts(duties: Bench) -> list[str]:
    return [alert.text for alert in duties.ledger.read(select_alerts, NOON - timedelta(days=1))]


def call_back(duties: Bench, call_id: int, record: Cdr) -> None:
    """What the listener keeps of it, and what that proves."""
    attempt = duties.attempts(call_id)[0]
    duties.ledger.write(insert_cdr, attempt.id, "callback", record.raw_text, duties.clock.now())
    duties.ledger.write(prove, attempt, record.session_id, duties.clock.now())


BUSY = "Leg2-486-BusyHere received"


def test_records_that_fit_nobody_or_cant_be_read_are_kept_as_they_came_and_once(duties: Bench) -> None:
    placed(duties)
    strange = cdr(NOON, destination=PhoneNumber("+32468373909"), session_id="9")
    duties.provider.records = [strange, UnreadableCdr(raw_text='"nonsense"')]
    for _ in range(2):
        assert duties.collect() == 0
    assert kept(duties) == [(None, "list"), (None, "list")]


def test_a_record_that_fits_two_attempts_is_kept_for_neither_and_noted_at_both(duties: Bench) -> None:
    first, second = placed_twice(duties)
    duties.provider.records = [cdr(NOON, session_id="another")]
    for _ in range(2):
        assert duties.collect() == 0
    assert kept(duties) == [(None, "list")]
    for call_id in (first, second):
        assert duties.call(call_id).state is State.REQUESTED
        assert duties.history(call_id).count("ambiguous_cdr") == 1


def test_a_record_that_fitted_two_attempts_settles_once_it_is_clear_which_is_meant(duties: Bench) -> None:
    first, second = placed_twice(duties)
    record = cdr(NOON, session_id="1")
    duties.provider.records = [record]
    duties.collect()
    (attempt,) = duties.attempts(first)
    duties.ledger.write(accept, attempt.id, "1", NOON)
    assert duties.collect() == 1
    assert duties.call(first).outcome is Outcome.ANSWERED
    assert duties.call(second).state is State.REQUESTED
    assert kept(duties) == [(attempt.id, "list")]


def placed_twice(duties: Bench) -> tuple[int, int]:
    """Two calls between the same numbers at the same moment, whose answers were lost."""
    duties.provider.answers = [PerhapsSent(reason="lost"), PerhapsSent(reason="lost")]
    late = NOON - POLICY.grace + POLICY.origin_retry  # neither waits for its origin any more
    calls = duties.add(due_at=late), duties.add(due_at=late - timedelta(seconds=1))
    duties.place_due()
    return calls


def test_a_different_later_record_is_noted_and_told_and_changes_nothing(
    duties: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    call_id = placed(duties)
    duties.provider.records = [cdr(NOON)]
    duties.collect()
    duties.add(due_at=NOON + MINUTE)  # another one goes on: the list is asked again
    duties.clock.advance(MINUTE)
    duties.place_due()
    duties.provider.records.append(cdr(NOON, duration=0, release=BUSY))
    for _ in range(2):
        duties.collect()
    assert duties.call(call_id).outcome is Outcome.ANSWERED
    assert duties.history(call_id)[-3:] == ["answered", "contradicted", "alert"]
    (alert,) = alerts(duties)
    assert alert.endswith("attempt 1 says busy, where answered (1 min) was recorded before; that stays")
    assert [(one.levelname, one.message) for one in caplog.records if one.message == alert] == [("ERROR", alert)]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_callback_that_contradicts_the_list_is_told_whenever_it_comes(duties: Bench, before: bool) -> None:
    call_id = placed(duties)
    duties.provider.records = [cdr(NOON, duration=0, release=BUSY)]
    if not before:
        duties.collect()
    call_back(duties, call_id, cdr(NOON))
    duties.collect()
    assert duties.call(call_id).outcome is Outcome.BUSY
    assert len(alerts(duties)) == 1


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_callback_that_agrees_with_the_list_is_no_news(duties: Bench, before: bool) -> None:
    call_id = placed(duties)
    duties.provider.records = [read_cdr({**cdr(NOON).raw, "cost": 3})]
    if not before:
        duties.collect()
    call_back(duties, call_id, cdr(NOON))
    duties.collect()
    duties.clock.advance(POLICY.cdr_lag)
    assert duties.collect() == 0
    assert duties.history(call_id) == ["requested", "accepted", "answered"]
    assert alerts(duties) == []


def test_an_end_that_only_a_callback_tells_is_logged_as_any_other(
    duties: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    call_id = placed(duties)
    call_back(duties, call_id, cdr(NOON))
    duties.clock.advance(POLICY.cdr_lag)
    with caplog.at_level(logging.INFO):
        duties.collect()
    assert f"call {call_id}, an attempt is over: answered" in caplog.messages


def test_what_a_callback_says_of_an_attempt_thought_unsent_stops_the_next_and_settles_in_its_time(
    duties: Bench,
) -> None:
    call_id = duties.add()
    duties.provider.answers = [NotSent(reason="it said so")]
    duties.place_due()
    call_back(duties, call_id, cdr(NOON))
    duties.clock.advance(timedelta(seconds=30))
    assert duties.place_due() == 0
    assert duties.call(call_id).outcome is Outcome.UNKNOWN
    (alert,) = duties.ledger.read(select_alerts, NOON)
    assert alert.text.startswith(f"call {call_id} ends as unknown: the provider had taken an attempt")
    duties.clock.advance(POLICY.cdr_lag)
    assert duties.collect() == 1
    assert duties.call(call_id).outcome is Outcome.ANSWERED
    assert duties.ledger.read(select_alerts, NOON) == ()


def test_a_record_of_an_earlier_attempt_waits_for_the_one_on_the_wire_and_is_then_told(duties: Bench) -> None:
    call_id = duties.add()
    duties.provider.answers = [NotSent(reason="it said so"), Accepted(session_id="2")]
    duties.place_due()
    duties.clock.advance(POLICY.unsent_retry)
    duties.place_due()
    first = cdr(NOON, session_id="1", duration=0, release=BUSY)
    duties.ledger.write(insert_cdr, duties.attempts(call_id)[0].id, "list", first.raw_text, NOON)
    for _ in range(2):
        assert duties.collect() == 0
    assert duties.history(call_id)[-2:] == ["requested", "accepted"]
    duties.provider.records = [cdr(NOON + POLICY.unsent_retry, session_id="2")]
    for _ in range(2):
        duties.collect()
    assert duties.call(call_id).outcome is Outcome.ANSWERED
    assert len(alerts(duties)) == 1


def test_an_unknown_end_is_an_alert_until_its_record_comes(
    duties: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    call_id = placed(duties)
    duties.clock.advance(POLICY.silence + timedelta(seconds=1))
    duties.collect()
    expected = f"call {call_id} ends as unknown: accepted, but the provider has no record of it"
    assert alerts(duties) == [expected]
    assert [one.levelname for one in caplog.records if one.message == expected] == ["ERROR"]
    duties.provider.records = [cdr(NOON)]
    duties.collect()
    assert alerts(duties) == []


@pytest.mark.parametrize("skew", [-9 * MINUTE, timedelta(hours=-1), timedelta(hours=1)], ids=str)
def test_a_session_id_finds_its_attempt_whatever_the_providers_clock_says(duties: Bench, skew: timedelta) -> None:
    call_id = placed(duties)
    duties.provider.records = [cdr(NOON + skew)]
    duties.collect()
    assert duties.call(call_id).outcome is Outcome.ANSWERED


def test_a_burst_of_records_is_settled_in_one_round(duties: Bench) -> None:
    origins = [PhoneNumber(f"+4420794600{number}") for number in range(10, 80)]
    customers = [PhoneNumber(f"+3246837{number}") for number in range(3901, 3971)]
    calls = [duties.add(origin=one, destination=other) for one, other in zip(origins, customers, strict=True)]
    while duties.place_due():
        pass
    duties.provider.records = [
        read_cdr(
            {
                **cdr(NOON, session_id=f"session-{number}").raw,
                "origin": request.origin[1:],
                "destination": request.destination[1:],
            }
        )
        for number, request in enumerate(duties.provider.requests, start=1)
    ]
    assert duties.collect() == len(calls)


WORD = {"incomplete": {"callDuration": None}, "answered": {}, "twin": {"cost": 3}}


@given(words=st.lists(st.tuples(st.sampled_from(sorted(WORD)), st.booleans()), max_size=8))
@settings(max_examples=25, deadline=None)
def test_in_whatever_order_and_however_often_records_come_the_call_ends_once(
    words: list[tuple[str, bool]],
) -> None:
    """Each comes by the list or by a callback; the lag passes at the end."""
    with TemporaryDirectory() as folder, bench(Path(folder)) as duties:
        call_id = placed(duties)
        for word, called_back in words:
            record = read_cdr({**cdr(NOON).raw, **WORD[word]})
            if called_back:
                call_back(duties, call_id, record)
            else:
                duties.provider.records = [record, *duties.provider.records]
            duties.collect()
        duties.clock.advance(POLICY.cdr_lag)
        duties.collect()
        complete = any(word != "incomplete" for word, _ in words)
        assert duties.call(call_id).outcome is (Outcome.ANSWERED if complete else None)
        assert duties.history(call_id) == ["requested", "accepted", *(["answered"] if complete else [])]
        assert alerts(duties) == []


def test_a_record_that_breaks_the_weighing_costs_itself_alone(
    duties: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    other = PhoneNumber("+32468373902")
    first, second = placed(duties), duties.add(origin=PhoneNumber("+3228160258"), destination=other)
    duties.place_due()
    duties.provider.records = [
        cdr(NOON),
        read_cdr({**cdr(NOON, session_id="session-2", destination=other).raw, "origin": "3228160258"}),
    ]

    def breaks_at_the_first(connection: Connection, kept: KeptCdr, *rest: Any) -> Weighed:
        if kept.id == 1:
            raise LookupError("a defect")
        return weigh(connection, kept, *rest)

    monkeypatch.setattr("scheduler.duties.collect.weigh", breaks_at_the_first)
    assert duties.collect() == 1
    assert [duties.call(one).state for one in (first, second)] == [State.PLACED, State.ENDED]
    assert "record 1 of attempt 1 could not be weighed" in caplog.messages
