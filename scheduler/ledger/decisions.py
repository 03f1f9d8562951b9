"""What a person decides about a call that is over: each in one transaction, and in the history."""

from __future__ import annotations

from datetime import datetime

from scheduler.calls.call import Call, Outcome, PlannedCall, State
from scheduler.calls.policy import Policy
from scheduler.database import Connection
from scheduler.errors import DecisionRefused
from scheduler.ledger.alerts import acknowledge_alerts
from scheduler.ledger.attempts import select_attempts_of_call
from scheduler.ledger.calls import amend_unknown, insert_call, select_call, select_call_again
from scheduler.ledger.events import append_event

# What may have become of a request that left; the others tell of calls that were never requested.
DECIDABLE = (
    Outcome.ANSWERED,
    Outcome.NO_ANSWER,
    Outcome.BUSY,
    Outcome.ORIGIN_NO_ANSWER,
    Outcome.ORIGIN_BUSY,
    Outcome.FAILED,
)
# What a person may have rung again: the customer wasn't reached, or nobody knows.
RUNG_AGAIN = frozenset({*DECIDABLE, Outcome.UNKNOWN, Outcome.MISSED} - {Outcome.ANSWERED})


def decide_outcome(
    connection: Connection, call_id: int, outcome: Outcome, note: str, who: str, now: datetime
) -> None:
    """Somebody has found out how it ended.

    :param note: stands in the call alone, since it may name people.
    :raises DecisionRefused: there is nothing to decide.
    """
    _undecided(_ended(connection, call_id))
    amend_unknown(connection, call_id, outcome, f"decided by {who}" + (f": {note}" if note else ""))
    append_event(connection, now, "resolved", call_id=call_id, detail=f"{outcome}, by {who}")
    acknowledge_alerts(connection, now, who, call_id=call_id)


def ring_again(connection: Connection, call_id: int, at: datetime, who: str, now: datetime, policy: Policy) -> int:
    """Plan a new call that names the old one, whose outcome stays what it is; returns its id.

    :raises DecisionRefused: the customer was reached or must not be, or it is rung again already.
    """
    call = _ended(connection, call_id)
    if call.outcome not in RUNG_AGAIN:
        raise DecisionRefused(f"call {call_id} ended as {call.outcome}: what ended so isn't rung again")
    again = select_call_again(connection, call_id)
    if again is not None:
        raise DecisionRefused(f"call {call_id} is rung again already, as call {again}: decide about that one")
    new_id = insert_call(connection, _once_more(call, at, policy), now, again_of=call_id)
    append_event(connection, now, "planned", call_id=new_id, detail=f"call {call_id} again, asked for by {who}")
    append_event(connection, now, "again", call_id=call_id, detail=f"as call {new_id}, asked for by {who}")
    acknowledge_alerts(connection, now, who, call_id=call_id)
    return new_id


def _undecided(call: Call) -> None:
    if call.outcome is not Outcome.UNKNOWN:
        raise DecisionRefused(
            f"call {call.id} ended as {call.outcome}: only an unknown end is decided by a person"
        )


def _ended(connection: Connection, call_id: int) -> Call:
    call = select_call(connection, call_id)
    if call is None:
        raise DecisionRefused(f"there is no call {call_id}: `calls` shows those that there are")
    if call.state is not State.ENDED:
        raise DecisionRefused(
            f"call {call_id} isn't over ({call.state}): its record is waited for; without one it ends as unknown"
        )
    if any(attempt.open for attempt in select_attempts_of_call(connection, call_id)):
        raise DecisionRefused(f"call {call_id} may still be ringing: its record is waited for")
    return call


def _once_more(call: Call, at: datetime, policy: Policy) -> PlannedCall:
    return PlannedCall(
        keys=frozenset(),
        origin=call.origin,
        destination=call.destination,
        cli=call.cli,
        presentation=call.presentation,
        summary=call.summary,
        asked_at=at,
        due_at=at,
        deadline_at=at + policy.grace,
    )
