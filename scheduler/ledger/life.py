"""The steps of a call's life, each inside one transaction: look, decide, change, and append to the history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.calls.call import OPEN_STATES, Answer, Attempt, Call, Outcome, State
from scheduler.calls.cdr import Ending
from scheduler.calls.pause import unless_paused
from scheduler.calls.policy import Policy
from scheduler.calls.timing import Decision, End, Place, Wait, after_silence, after_unplaced, due
from scheduler.database import Connection
from scheduler.ledger.attempts import (
    close_attempt,
    insert_attempt,
    record_answer,
    select_attempt,
    select_attempts_of_call,
)
from scheduler.ledger.calls import (
    Claim,
    amend_unknown,
    end_call,
    end_claim,
    origin_is_held,
    place_call,
    plan_again,
    release_all_claims,
    release_claim,
    request_call,
    select_call,
    wake_origin,
)
from scheduler.ledger.events import append_event, append_event_once
from scheduler.ledger.pauses import select_calendars_of_call, select_pauses

_RANG_AFTER_ALL = "the provider had taken an attempt that it seemed not to have, and how it ended isn't known yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """The intention is recorded: once it is committed, the request may be sent."""

    attempt_id: int


def request(
    connection: Connection,
    claim: Claim,
    reference: str,
    now: datetime,
    policy: Policy,
    *,
    barred: str = "",
    obstacle: str = "",
) -> Requested | Wait | End | None:
    """The last gate before the wire: whether the call may be placed now, and if so the intention.

    Claim, window, barring, origin and pauses are all looked at in this one transaction. None: the claim no longer
    holds, since the call was moved, cancelled or taken.
    """
    held = origin_is_held(connection, claim.call, now - policy.origin_hold)
    closed = policy.hours.closed(claim.call.origin, claim.call.destination, now)
    decision = due(claim.call, now, policy, barred=barred, closed=closed, obstacle=obstacle, origin_held=held)
    if isinstance(decision, Place) and (pauses := select_pauses(connection, now)):
        decision = unless_paused(claim.call, pauses, select_calendars_of_call(connection, claim.call.id))
    match decision:
        case Place():
            return _intend(connection, claim, reference, now)
        case Wait():
            return decision if _wait(connection, claim, decision, now) else None
        case End():
            return decision if _end_unplaced(connection, claim, decision, now) else None


def postpone(connection: Connection, claim: Claim, until: datetime, reason: str, now: datetime) -> Wait | None:
    """Give the claim back before anything is judged by ``now``, as while the clock is in doubt."""
    decision = Wait(until=until, reason=reason)
    return decision if _wait(connection, claim, decision, now) else None


def _intend(connection: Connection, claim: Claim, reference: str, now: datetime) -> Requested | None:
    if not request_call(connection, claim):
        return None
    attempt_id = insert_attempt(connection, claim.call.id, reference, now)
    append_event(connection, now, "requested", call_id=claim.call.id, attempt_id=attempt_id)
    return Requested(attempt_id=attempt_id)


def _wait(connection: Connection, claim: Claim, decision: Wait, now: datetime) -> bool:
    if not release_claim(connection, claim, decision.until, decision.reason):
        return False
    # Why stands in the call: it may be the provider's wording.
    append_event_once(connection, now, "waits", call_id=claim.call.id, detail="")
    return True


def _end_unplaced(connection: Connection, claim: Claim, decision: End, now: datetime) -> bool:
    if not end_claim(connection, claim, decision.outcome, decision.reason, now):
        return False
    append_event(connection, now, decision.outcome, call_id=claim.call.id)
    return True


def accept(connection: Connection, attempt_id: int, session_id: str, now: datetime) -> None:
    """The provider took the request; its callback may have told so before."""
    call_id = record_answer(connection, attempt_id, Answer.ACCEPTED, session_id=session_id)
    place_call(connection, call_id)
    append_event(connection, now, "accepted", call_id=call_id, attempt_id=attempt_id)


def lose_answer(connection: Connection, attempt_id: int, reason: str, now: datetime) -> None:
    """Perhaps sent: the call stays requested, and is looked up in the provider's records."""
    call_id = record_answer(connection, attempt_id, Answer.PERHAPS_SENT, detail=reason)
    # The reason is the provider's or the network's wording, which may name a number: it stays in the attempt.
    append_event(connection, now, "perhaps_sent", call_id=call_id, attempt_id=attempt_id)


def refuse(connection: Connection, attempt_id: int, reason: str, now: datetime) -> None:
    """The provider refused for good."""
    record_answer(connection, attempt_id, Answer.REFUSED, detail=reason)
    attempt = select_attempt(connection, attempt_id)
    decision = End(outcome=Outcome.FAILED, reason=f"the provider refused it: {reason}")
    _leave_requested(connection, attempt, decision, now)


def unplaced(
    connection: Connection,
    attempt_id: int,
    answer: Answer,
    detail: str,
    now: datetime,
    policy: Policy,
    *,
    delay: timedelta | None = None,
) -> Decision:
    """The request certainly placed nothing: the call is planned again, or missed at its deadline."""
    record_answer(connection, attempt_id, answer, detail=detail)
    attempt = select_attempt(connection, attempt_id)
    call = _call(connection, attempt)
    decision = after_unplaced(call, answer, now, policy, delay=delay)
    append_event(connection, now, answer, call_id=call.id, attempt_id=attempt_id)
    _leave_requested(connection, attempt, decision, now)
    return decision


def _leave_requested(connection: Connection, attempt: Attempt, decision: Decision, now: datetime) -> None:
    """Close the attempt and let its call go on, unless evidence has already shown that it, or one before, rang."""
    if any(other.answer is Answer.ACCEPTED for other in select_attempts_of_call(connection, attempt.call_id)):
        decision = End(outcome=Outcome.UNKNOWN, reason=_RANG_AFTER_ALL)
    match decision:
        case Wait():
            left = plan_again(connection, attempt.call_id, decision.until, decision.reason)
        case End():
            left = end_call(
                connection, attempt.call_id, decision.outcome, decision.reason, now, leaving=[State.REQUESTED]
            )
        case Place():
            raise ValueError("an attempt that is over can't be placed")
    if not left:
        return
    close_attempt(connection, attempt.id, now)
    if isinstance(decision, End):
        append_event(connection, now, decision.outcome, call_id=attempt.call_id, attempt_id=attempt.id)
    wake_origin(connection, attempt.origin, now)


def prove(connection: Connection, attempt: Attempt, session_id: str, now: datetime) -> None:
    """A callback reached the attempt's own URL: the provider has, or had, the call (rule 4)."""
    record_answer(connection, attempt.id, Answer.ACCEPTED, session_id="" if attempt.session_id else session_id)
    if not attempt.open:
        _stop_what_follows(connection, attempt, now)
    elif place_call(connection, attempt.call_id):
        append_event(
            connection, now, "accepted", call_id=attempt.call_id, attempt_id=attempt.id,
            detail="by its callback",
        )  # fmt: skip


def _stop_what_follows(connection: Connection, attempt: Attempt, now: datetime) -> None:
    """An attempt that was thought unsent rang after all: what was planned after it mustn't ring again.

    How it ended is left open, until the provider's list agrees with the callback or has had its time.
    """
    stopped = end_call(
        connection, attempt.call_id, Outcome.UNKNOWN, _RANG_AFTER_ALL, now,
        leaving=[State.PLANNED, State.CLAIMED],
    )  # fmt: skip
    if stopped:
        append_event(connection, now, Outcome.UNKNOWN, call_id=attempt.call_id, attempt_id=attempt.id)


def settle(connection: Connection, attempt_id: int, session_id: str, ending: Ending, now: datetime) -> bool:
    """Give a call the outcome that a CDR of this attempt shows.

    Evidence for an attempt that was thought unsent ends the call that was planned again after it; an unknown
    outcome is amended; any other outcome stands, and the contradiction is noted. True: the outcome is news.
    """
    attempt = select_attempt(connection, attempt_id)
    record_answer(connection, attempt_id, Answer.ACCEPTED, session_id="" if attempt.session_id else session_id)
    call = _call(connection, attempt)
    if call.state is State.ENDED:
        news = amend_unknown(connection, call.id, ending.outcome, ending.reason)
    else:
        news = _end_by_evidence(connection, attempt, call, ending, now)
    close_attempt(connection, attempt_id, now, duration=ending.duration if news else None)
    if news:
        append_event(connection, now, ending.outcome, call_id=call.id, attempt_id=attempt_id)
        wake_origin(connection, attempt.origin, now)
    elif call.outcome not in (None, ending.outcome):
        append_event_once(connection, now, "contradicted", call_id=call.id, detail=ending.outcome)
    return news


def _end_by_evidence(connection: Connection, attempt: Attempt, call: Call, ending: Ending, now: datetime) -> bool:
    if not attempt.open and call.state in (State.REQUESTED, State.PLACED):
        # A later attempt of the call is on the wire: it will bring its own evidence.
        return False
    return end_call(connection, call.id, ending.outcome, ending.reason, now, leaving=OPEN_STATES)


def fall_silent(connection: Connection, attempt: Attempt, now: datetime) -> bool:
    """Nobody ever heard of this attempt: its call ends as unknown (rule 3)."""
    decision = after_silence(attempt)
    ended = end_call(
        connection, attempt.call_id, decision.outcome, decision.reason, now,
        leaving=[State.REQUESTED, State.PLACED],
    )  # fmt: skip
    close_attempt(connection, attempt.id, now)
    if ended:
        append_event(
            connection, now, decision.outcome, call_id=attempt.call_id, attempt_id=attempt.id,
            detail=decision.reason,
        )  # fmt: skip
    return ended


def withdraw(connection: Connection, call_id: int, reason: str, now: datetime) -> bool:
    """Who asked for the call by hand has given it up; False: it is too late, the phones may be ringing."""
    unplaced = [State.PLANNED, State.CLAIMED]
    if not end_call(connection, call_id, Outcome.CANCELLED, reason, now, leaving=unplaced):
        return False
    append_event(connection, now, Outcome.CANCELLED, call_id=call_id)
    return True


def recover(connection: Connection, now: datetime) -> int:
    """After a start: what a dead process had claimed is planned again; what it had requested stays."""
    released = release_all_claims(connection)
    if released:
        append_event(connection, now, "recovered", detail=f"{released} claims of a stopped process given back")
    return released


def _call(connection: Connection, attempt: Attempt) -> Call:
    call = select_call(connection, attempt.call_id)
    if call is None:
        raise LookupError(f"attempt {attempt.id} belongs to no call")
    return call
