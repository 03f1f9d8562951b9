"""What evidence makes of an attempt and its call: the last steps of a call's life (rules 3 and 4)."""

from __future__ import annotations

from datetime import datetime

from scheduler.calls.call import OPEN_STATES, Answer, Attempt, Call, Outcome, State
from scheduler.calls.cdr import Ending
from scheduler.calls.policy import Policy
from scheduler.calls.retry import after_ending
from scheduler.calls.timing import End, Wait, after_silence
from scheduler.calls.voicemail import marked_if_brief
from scheduler.database import Connection
from scheduler.ledger.attempts import close_attempt, end_attempt, record_answer, select_attempt
from scheduler.ledger.calls import amend_unknown, end_call, place_calls, plan_again, select_call_again
from scheduler.ledger.events import append_event, append_event_once, has_event
from scheduler.ledger.life import (
    CONTRADICTED,
    DISPUTED,
    ON_THE_WIRE,
    RANG_AFTER_ALL,
    TOO_LATE,
    UNSENT,
    alert_unknown,
    attempts_of,
    call_of,
    free_phones,
    stop,
)


def prove(connection: Connection, attempt: Attempt, session_id: str, now: datetime) -> str:
    """A callback reached the attempt's own URL: the provider has, or had, the call (rule 4).

    :return: the alert, where this ends a call whose end isn't known yet; else "".
    """
    record_answer(connection, attempt.id, Answer.ACCEPTED, session_id="" if attempt.session_id else session_id)
    if attempt.outcome is not None:
        return ""  # how it ended is known, and another attempt may follow it
    if not attempt.open:
        return _stop_what_follows(connection, attempt, now)
    if place_calls(connection, [attempt.id]):
        append_event(
            connection, now, "accepted", call_id=attempt.call_id, attempt_id=attempt.id,
            detail="by its callback",
        )  # fmt: skip
    return ""


def _stop_what_follows(connection: Connection, attempt: Attempt, now: datetime) -> str:
    """An attempt that was thought unsent rang after all: what was planned after it mustn't ring again.

    How it ended is left open, until the provider's list agrees with the callback or has had its time.
    """
    stopped = end_call(
        connection, attempt.call_id, Outcome.UNKNOWN, RANG_AFTER_ALL, now,
        leaving=UNSENT,
    )  # fmt: skip
    if not stopped:
        return ""
    append_event(connection, now, Outcome.UNKNOWN, call_id=attempt.call_id, attempt_id=attempt.id)
    return alert_unknown(connection, attempt.call_id, RANG_AFTER_ALL, now)


def settle(
    connection: Connection, attempt_id: int, session_id: str, ending: Ending, now: datetime, policy: Policy
) -> bool:
    """Give an attempt the ending that its CDR shows, and with it an outcome, or another attempt, to its call.

    Evidence for an attempt that was thought unsent ends the call that was planned again after it; an unknown
    outcome is amended; any other outcome stands, and the contradiction is noted. True: the ending is news.
    """
    attempt = select_attempt(connection, attempt_id)
    record_answer(connection, attempt_id, Answer.ACCEPTED, session_id="" if attempt.session_id else session_id)
    call, ending = call_of(connection, attempt), marked_if_brief(ending, policy.voicemail)
    if attempt.outcome is not None:
        news = False
    elif call.state is State.ENDED:
        news = amend_unknown(connection, call.id, ending.outcome, ending.reason)
    else:
        news = _go_on(connection, attempt, call, ending, now, policy)
    if news:
        end_attempt(connection, attempt_id, ending, now)
        append_event(connection, now, ending.outcome, call_id=call.id, attempt_id=attempt_id)
        if ending.outcome is Outcome.ANSWERED:
            _call_off_again(connection, call, now)
        free_phones(connection, attempt, now)
        return True
    close_attempt(connection, attempt_id, now)
    if (attempt.outcome or call.outcome) not in (None, ending.outcome):
        append_event_once(connection, now, CONTRADICTED, call_id=call.id, detail=ending.outcome)
        stop_disputed(connection, call.id, ending, now)
    return False


def _call_off_again(connection: Connection, call: Call, now: datetime) -> None:
    """Somebody has it rung again since nobody knew that they had talked: now that is known."""
    again = select_call_again(connection, call.id)
    if again is not None:
        stop(connection, again, Outcome.CANCELLED, f"call {call.id}, which it rings again, was answered", now)


def _go_on(
    connection: Connection, attempt: Attempt, call: Call, ending: Ending, now: datetime, policy: Policy
) -> bool:
    """True: by this ending the call ended, or another attempt of it is planned."""
    if attempt.open:
        return _after_attempt(connection, attempt, call, ending, now, policy)
    if call.state in ON_THE_WIRE:
        # A later attempt of the call is on the wire: it will bring its own evidence.
        return False
    return end_call(connection, call.id, ending.outcome, ending.reason, now, leaving=OPEN_STATES)


def _after_attempt(
    connection: Connection, attempt: Attempt, call: Call, ending: Ending, now: datetime, policy: Policy
) -> bool:
    # Nearly all calls have one attempt, after which nothing follows: then nothing more is asked.
    attempts = attempts_of(connection, call) if call.attempts > 1 else ()
    earlier = [one for one in attempts if one.id != attempt.id]
    decision = after_ending(ending, call, earlier, now, policy)
    if isinstance(decision, Wait) and (stopped := _stopped_meanwhile(connection, call, earlier)):
        decision = after_ending(ending, call, earlier, now, policy, stopped=stopped)
    match decision:
        case Wait(until=until, reason=reason):
            return plan_again(connection, call.id, until, reason, leaving=ON_THE_WIRE)
        case End(outcome=outcome, reason=reason):
            return end_call(connection, call.id, outcome, reason, now, leaving=OPEN_STATES)


def _stopped_meanwhile(connection: Connection, call: Call, earlier: list[Attempt]) -> str:
    """Why nothing may follow the attempt that is just over; "" where it may."""
    if has_event(connection, call.id, TOO_LATE):
        return "its appointment went or was changed meanwhile"
    if has_event(connection, call.id, CONTRADICTED):
        return DISPUTED
    if any(one.answer is Answer.ACCEPTED and one.outcome is None for one in earlier):
        return "an attempt before, which seemed not to have been taken, rang as well"
    return ""


def stop_disputed(connection: Connection, call_id: int, ending: Ending, now: datetime) -> bool:
    """A later record says something else: what was settled stands, and nobody is rung again on such grounds."""
    return stop(connection, call_id, Outcome.CANCELLED, f"a later record says {ending.outcome.words}", now)


def fall_silent(connection: Connection, attempt: Attempt, now: datetime, *, unread: bool = False) -> bool:
    """Nobody ever heard of this attempt: its call ends as unknown (rule 3).

    :param unread: nobody could, since the provider's records can't be read.
    """
    decision = after_silence(attempt, unread=unread)
    ended = end_call(
        connection, attempt.call_id, decision.outcome, decision.reason, now,
        leaving=ON_THE_WIRE,
    )  # fmt: skip
    close_attempt(connection, attempt.id, now)
    if ended:
        append_event(
            connection, now, decision.outcome, call_id=attempt.call_id, attempt_id=attempt.id,
            detail=decision.reason,
        )  # fmt: skip
    return ended
