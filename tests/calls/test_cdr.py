from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.calls.call import Answer, Outcome
from scheduler.calls.cdr import ending_of, match
from scheduler.vca import Cdr, read_cdr, write_time
from tests.calls.builders import CUSTOMER, ORIGIN, OTHER_CUSTOMER, an_attempt
from tests.clocks import NOON

SLACK = timedelta(seconds=2)
SECOND = timedelta(seconds=1)


def a_cdr(
    release: str = "",
    duration: int = 0,
    *,
    session_id: str = "session",
    at: datetime | None = NOON,
    destination: str = CUSTOMER.e164,
) -> Cdr:
    return read_cdr(
        {
            "sessionId": session_id,
            "origin": ORIGIN.e164.removeprefix("+"),
            "destination": destination.removeprefix("+"),
            "requestTime": write_time(at) if at else None,
            "callDuration": duration,
            "callReleaseInfo": release,
        }
    )


@pytest.mark.parametrize(
    ("release", "duration", "outcome"),
    [
        ("", 65, Outcome.ANSWERED),
        ("Leg2-Normal release", 65, Outcome.ANSWERED),
        ("Leg1-486-Busy here", 0, Outcome.ORIGIN_BUSY),
        ("Leg1-600-Busy everywhere", 0, Outcome.ORIGIN_BUSY),
        ("Leg1-408-Request timeout", 0, Outcome.ORIGIN_NO_ANSWER),
        ("Leg1-480-Temporarily unavailable", 0, Outcome.ORIGIN_NO_ANSWER),
        ("Leg1-487-Request terminated", 0, Outcome.ORIGIN_NO_ANSWER),
        ("Leg2-486-Busy here", 0, Outcome.BUSY),
        ("leg2-600", 0, Outcome.BUSY),
        ("Leg2-408-Request timeout", 0, Outcome.NO_ANSWER),
        ("Leg2-480-Temporarily unavailable", 12, Outcome.NO_ANSWER),
        ("Leg2-487-Request terminated", 0, Outcome.NO_ANSWER),
        ("Leg1-404-NotFound received", 0, Outcome.FAILED),
        ("Leg2-484-Address incomplete", 0, Outcome.FAILED),
        ("Leg2-604-Does not exist anywhere", 0, Outcome.FAILED),
        ("Leg2-603-Decline", 0, Outcome.FAILED),
        ("Leg1-403-Forbidden", 0, Outcome.FAILED),
        ("Leg2-503-Service unavailable", 0, Outcome.FAILED),
        ("Leg2-Normal release", 0, Outcome.FAILED),
        ("something new", 0, Outcome.FAILED),
        ("", 0, Outcome.FAILED),
    ],
)
def test_a_release_text_and_a_duration_tell_how_a_call_ended(
    release: str, duration: int, outcome: Outcome
) -> None:
    assert ending_of(a_cdr(release, duration)).outcome is outcome


def test_the_providers_own_words_are_kept_in_the_reason() -> None:
    ending = ending_of(a_cdr("Leg1-404-NotFound received"))
    assert ending.reason == "the origin's number does not exist (Leg1-404-NotFound received)"


def test_an_answered_call_tells_how_long_they_talked() -> None:
    ending = ending_of(a_cdr(duration=252))
    assert (ending.reason, ending.duration) == ("talked 4 min 12 s", timedelta(seconds=252))


@given(release=st.text(), duration=st.integers(0, 10**6))
def test_any_release_text_gives_an_outcome_that_a_record_can_show(release: str, duration: int) -> None:
    assert ending_of(a_cdr(release, duration)).outcome in set(Outcome) - {
        Outcome.BARRED, Outcome.MISSED, Outcome.CANCELLED, Outcome.UNKNOWN
    }  # fmt: skip


def test_a_session_id_finds_its_attempt() -> None:
    ours = an_attempt(session_id="session", answer=Answer.ACCEPTED)
    other = an_attempt(id=2, session_id="another", answer=Answer.ACCEPTED)
    assert match(a_cdr(), [other, ours], SLACK).attempt == ours


def test_a_session_id_alone_is_no_proof() -> None:
    other_customer = an_attempt(session_id="session", destination=OTHER_CUSTOMER)
    assert match(a_cdr(), [other_customer], SLACK).attempts == ()


def test_of_two_attempts_with_one_session_id_the_one_near_in_time_is_meant() -> None:
    yesterday = an_attempt(at=NOON - timedelta(days=1), session_id="session")
    today = an_attempt(id=2, session_id="session")
    assert match(a_cdr(), [yesterday, today], SLACK).attempt == today
    assert match(a_cdr(at=None), [yesterday, today], SLACK).ambiguous


def test_a_lost_answer_is_found_by_numbers_and_time() -> None:
    lost = an_attempt(answer=Answer.PERHAPS_SENT)
    assert match(a_cdr(), [lost], SLACK).attempt == lost


@pytest.mark.parametrize(
    ("difference", "fits"),
    [(-3, False), (-2, True), (0, True), (32, True), (33, False)],
)
def test_how_far_the_providers_stamp_may_be_from_the_request(difference: int, fits: bool) -> None:
    lost = an_attempt(answer=Answer.PERHAPS_SENT)
    cdr = a_cdr(at=NOON + difference * SECOND)
    assert match(cdr, [lost], SLACK).attempts == ((lost,) if fits else ())


def test_a_record_without_a_time_and_a_known_session_is_about_nobody() -> None:
    assert match(a_cdr(at=None), [an_attempt()], SLACK).attempts == ()


def test_an_attempt_with_a_session_of_its_own_is_not_taken_for_another() -> None:
    named = an_attempt(session_id="another", answer=Answer.ACCEPTED)
    assert match(a_cdr(), [named], SLACK).attempts == ()


def test_two_attempts_that_fit_one_record_are_not_guessed_among() -> None:
    found = match(a_cdr(), [an_attempt(), an_attempt(id=2, at=NOON + SECOND)], SLACK)
    assert found.ambiguous
    assert found.attempt is None


@pytest.mark.parametrize("first", [Answer.UNAUTHORIZED, Answer.NOT_SENT, Answer.REFUSED_FOR_NOW])
@pytest.mark.parametrize("second", [None, Answer.PERHAPS_SENT, Answer.ACCEPTED])
def test_an_attempt_that_was_not_taken_does_not_make_its_successor_ambiguous(
    first: Answer, second: Answer | None
) -> None:
    refused = an_attempt(answer=first, closed_at=NOON)
    taken = an_attempt(id=2, at=NOON + SECOND, answer=second)
    assert match(a_cdr(), [refused, taken], SLACK).attempt == taken


def test_a_record_of_an_attempt_that_seemed_refused_is_believed_where_no_other_fits() -> None:
    refused = an_attempt(answer=Answer.REFUSED_FOR_NOW, closed_at=NOON)
    assert match(a_cdr(), [refused], SLACK).attempt == refused
