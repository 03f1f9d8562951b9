"""Carrying out what a person decides about an unknown end: say how it ended, or have it rung again (rule 15)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from scheduler.calls.barring import Barring, barred_by, not_owned
from scheduler.calls.call import Call, Outcome
from scheduler.calls.policy import Policy
from scheduler.database import Connection, Database, read_instant, write_instant
from scheduler.errors import DecisionRefused
from scheduler.ledger.calls import select_call
from scheduler.ledger.decisions import DECIDABLE, decide_outcome, ring_again
from scheduler.logs import about_call

log = logging.getLogger(__name__)

_JUST_NOW = timedelta(minutes=1)  # between the command that was typed and the daemon that reads it


def outcome_arguments(call_id: int, outcome: str, note: str, who: str) -> dict[str, str]:
    return {"call": str(call_id), "outcome": outcome, "note": note, "who": who}


def again_arguments(call_id: int, at: datetime | None, who: str) -> dict[str, str]:
    """:param at: None for at once."""
    return {"call": str(call_id), "at": write_instant(at) if at else "", "who": who}


def resolve(
    ledger: Database, arguments: Mapping[str, str], now: datetime, policy: Policy, barring: Barring
) -> int:
    """:return: the id of the call that was decided about, or of the new one.

    :raises DecisionRefused: the rules don't allow it, and why.
    """
    call_id, who = int(arguments["call"]), arguments["who"]
    if "outcome" not in arguments:
        new_id = ledger.write(_ring_again, call_id, _instant(arguments["at"], now), who, now, policy, barring)
        with about_call(call_id):
            log.info("call %d is rung again as call %d: “%s” decided so", call_id, new_id, who)
        return new_id
    outcome = Outcome(arguments["outcome"])
    if outcome not in DECIDABLE:
        raise DecisionRefused(f"{outcome} tells of a call that was never requested")
    ledger.write(decide_outcome, call_id, outcome, arguments["note"], who, now)
    with about_call(call_id):
        log.info("call %d ended as %s: “%s” decided so", call_id, outcome, who)
    return call_id


def _ring_again(
    connection: Connection,
    call_id: int,
    at: datetime,
    who: str,
    now: datetime,
    policy: Policy,
    barring: Barring,
) -> int:
    call = select_call(connection, call_id)
    if call is not None and (why := _forbidden(call, at, policy, barring)):
        raise DecisionRefused(f"call {call_id} can't be rung again, {why}")
    return ring_again(connection, call_id, at, who, now, policy)


def _forbidden(call: Call, at: datetime, policy: Policy, barring: Barring) -> str:
    """Why it can't ring at ``at``, as far as that is known before; the last gate looks at this and all else."""
    if barred := barred_by(call.destination, barring):
        return f"its destination is barred: {barred}"
    if strange := not_owned(call.origin, call.cli, barring):
        return strange
    closed = policy.hours.closed(call.origin, call.destination, at)
    return f"not at that time: {closed} (--at says another)" if closed else ""


def _instant(text: str, now: datetime) -> datetime:
    at = read_instant(text) if text else now
    if at < now - _JUST_NOW:
        raise DecisionRefused(f"{at:%Y-%m-%d %H:%M:%S} UTC is past")
    return max(at, now)
