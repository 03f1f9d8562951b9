"""The steps of a call's life, each inside one transaction: look, decide, change, and append to the history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from scheduler.calls.call import Answer, Attempt, Call, Outcome, State
from scheduler.calls.change import WITHDRAWN_TOO_LATE
from scheduler.calls.policy import Policy
from scheduler.calls.retry import rather_as_it_ended
from scheduler.calls.timing import (
    Decision,
    End,
    Place,
    Wait,
    after_unplaced,
)
from scheduler.database import Connection
from scheduler.ledger.alerts import append_alert
from scheduler.ledger.attempts import (
    Acceptance,
    close_attempt,
    record_accepted,
    record_answer,
    select_attempt,
    select_attempts_of_call,
)
from scheduler.ledger.calls import (
    end_call,
    place_calls,
    plan_again,
    release_all_claims,
    select_call,
)
from scheduler.ledger.events import append_event, append_events, has_event, select_events
from scheduler.ledger.holds import (
    wake_destination,
    wake_origin,
)

# Kinds of events after which nobody is rung again.
TOO_LATE = "too_late"  # the calendar changed while the phones rang
CONTRADICTED = "contradicted"  # two records of one attempt differ

UNSENT = (State.PLANNED, State.CLAIMED)
ON_THE_WIRE = (State.REQUESTED, State.PLACED)
RANG_AFTER_ALL = "the provider had taken an attempt that it seemed not to have, and how it ended isn't known yet"
DISPUTED = "the provider's records contradict each other"


def stop(
    connection: Connection, call_id: int, outcome: Outcome, reason: str, now: datetime, detail: str = ""
) -> bool:
    """End a call that nothing is sent for any more: as ``outcome`` or, where it rang before, as that ended.

    :param detail: for the history; ``reason`` may name somebody, and stands in the call alone.
    :return: False where it is too late: the phones may be ringing, or it has ended.
    """
    call = select_call(connection, call_id)
    if call is None:
        return False
    end = rather_as_it_ended(End(outcome=outcome, reason=reason), attempts_of(connection, call))
    if not end_call(connection, call_id, end.outcome, end.reason, now, leaving=UNSENT):
        return False
    append_event(connection, now, end.outcome, call_id=call_id, detail=detail)
    return True


def accept(connection: Connection, accepted: Sequence[Acceptance]) -> None:
    """The provider took these requests; their callbacks may have told so before."""
    record_accepted(connection, accepted)
    place_calls(connection, [one.attempt_id for one in accepted])
    append_events(connection, "accepted", {one.attempt_id: one.at for one in accepted})


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
    why: str = "",
) -> Decision | None:
    """The request certainly placed nothing: the call is planned again, or missed at its deadline.

    :return: what became of the call; None where evidence has shown otherwise, and its call has gone on.
    """
    record_answer(connection, attempt_id, answer, detail=detail)
    attempt = select_attempt(connection, attempt_id)
    call = call_of(connection, attempt)
    decision = after_unplaced(call, answer, now, policy, delay=delay, why=why)
    append_event(connection, now, answer, call_id=call.id, attempt_id=attempt_id)
    return _leave_requested(connection, attempt, decision, now)


def _as_attempts_allow(connection: Connection, attempt: Attempt, decision: Decision) -> Decision:
    """What is known of the call's attempts may forbid another, and says how it ends without one."""
    attempts = select_attempts_of_call(connection, attempt.call_id)
    if any(other.answer is Answer.ACCEPTED and other.outcome is None for other in attempts):
        return End(outcome=Outcome.UNKNOWN, reason=RANG_AFTER_ALL)
    if isinstance(decision, Wait) and has_event(connection, attempt.call_id, CONTRADICTED):
        decision = End(outcome=Outcome.CANCELLED, reason=DISPUTED)
    if isinstance(decision, Wait) and _withdrawn(connection, attempt.call_id):
        decision = End(outcome=Outcome.CANCELLED, reason="its appointment went while it was being requested")
    return rather_as_it_ended(decision, attempts) if isinstance(decision, End) else decision


def _withdrawn(connection: Connection, call_id: int) -> bool:
    """Whether its appointment went too late for a request that, as it turned out, placed nothing."""
    events = select_events(connection, call_id)
    return any((event.kind, event.detail) == (TOO_LATE, WITHDRAWN_TOO_LATE) for event in events)


def _leave_requested(
    connection: Connection, attempt: Attempt, decision: Decision, now: datetime
) -> Decision | None:
    """Close the attempt and let its call go on, unless evidence has already shown that it, or one before, rang."""
    if not attempt.open:
        return None  # its record came before its answer, and its call has gone on
    match decision := _as_attempts_allow(connection, attempt, decision):
        case Wait():
            left = plan_again(
                connection, attempt.call_id, decision.until, decision.reason, leaving=[State.REQUESTED]
            )
        case End():
            left = end_call(
                connection, attempt.call_id, decision.outcome, decision.reason, now, leaving=[State.REQUESTED]
            )
        case Place():
            raise ValueError("an attempt that is over can't be placed")
    if not left:
        return None
    close_attempt(connection, attempt.id, now)
    if isinstance(decision, End):
        append_event(connection, now, decision.outcome, call_id=attempt.call_id, attempt_id=attempt.id)
    if isinstance(decision, End) and decision.outcome is Outcome.UNKNOWN:
        alert_unknown(connection, attempt.call_id, decision.reason, now)
    free_phones(connection, attempt, now)
    return decision


def alert_unknown(connection: Connection, call_id: int, reason: str, now: datetime) -> str:
    """Rule 3: that nobody knows how a call ended is an alert, until its record comes; the text, to be logged."""
    text = f"call {call_id} ends as unknown: {reason}"
    append_alert(connection, now, text, call_id=call_id)
    return text


def withdraw(connection: Connection, call_id: int, reason: str, now: datetime) -> bool:
    """Who asked for the call by hand has given it up; False: it is too late, the phones may be ringing."""
    return stop(connection, call_id, Outcome.CANCELLED, reason, now)


def recover(connection: Connection, now: datetime) -> int:
    """After a start: what a dead process had claimed is planned again; what it had requested stays."""
    released = release_all_claims(connection)
    if released:
        append_event(connection, now, "recovered", detail=f"{released} claims of a stopped process given back")
    return released


def free_phones(connection: Connection, attempt: Attempt, now: datetime) -> None:
    """Who waits for either of its phones may look again."""
    wake_origin(connection, attempt.origin, now)
    wake_destination(connection, attempt.destination, now)


def attempts_of(connection: Connection, call: Call) -> tuple[Attempt, ...]:
    return select_attempts_of_call(connection, call.id) if call.attempts else ()


def call_of(connection: Connection, attempt: Attempt) -> Call:
    call = select_call(connection, attempt.call_id)
    if call is None:
        raise LookupError(f"attempt {attempt.id} belongs to no call")
    return call
