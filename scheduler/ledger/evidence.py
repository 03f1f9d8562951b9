"""Weighing the kept CDRs: each is looked at until what it says has been taken into account, once (rule 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scheduler.calls.call import Attempt, Outcome
from scheduler.calls.cdr import Ending, complete_cdr, ending_of
from scheduler.calls.policy import Policy
from scheduler.calls.timing import after_silence
from scheduler.database import Connection
from scheduler.duration import spell_duration
from scheduler.ledger.alerts import acknowledge_alerts, append_alert
from scheduler.ledger.attempts import KeptCdr, mark_weighed, select_attempt, select_weighed_raws
from scheduler.ledger.events import append_event
from scheduler.ledger.life import CONTRADICTED, ON_THE_WIRE, alert_unknown, call_of
from scheduler.ledger.settling import fall_silent, settle, stop_disputed
from scheduler.vca import Cdr


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What one CDR changed: an outcome that is news, or a contradiction, in words."""

    call_id: int
    outcome: Outcome | None = None
    contradiction: str = ""


def weigh(connection: Connection, kept: KeptCdr, now: datetime, policy: Policy) -> Weighed:
    """Settle by the first complete CDR of an attempt; one that differs from it afterwards changes nothing."""
    attempt = select_attempt(connection, kept.attempt_id)
    cdr = complete_cdr(kept.raw)
    if cdr is None:
        mark_weighed(connection, kept.id, now)
        return Weighed(call_id=attempt.call_id)
    first, ending = _first_ending(connection, attempt), ending_of(cdr)
    if first is None:
        return _settle(connection, attempt, kept, cdr, now, policy)
    mark_weighed(connection, kept.id, now)
    if (first.outcome, first.duration) == (ending.outcome, ending.duration):
        return Weighed(call_id=attempt.call_id)
    append_event(
        connection, now, CONTRADICTED, call_id=attempt.call_id, attempt_id=attempt.id, detail=ending.outcome
    )
    stop_disputed(connection, attempt.call_id, ending, now)
    return _alert(connection, attempt, _told(first), ending, now)


def end_silent(connection: Connection, attempt: Attempt, now: datetime, *, unread: bool = False) -> str:
    """Rule 3: nobody has a record of it, or could read one. The alert; "" where this doesn't end the call."""
    if not fall_silent(connection, attempt, now, unread=unread):
        return ""
    return alert_unknown(connection, attempt.call_id, after_silence(attempt, unread=unread).reason, now)


def _first_ending(connection: Connection, attempt: Attempt) -> Ending | None:
    """What the first complete CDR of the attempt said."""
    cdrs = (complete_cdr(raw) for raw in select_weighed_raws(connection, attempt.id))
    return next((ending_of(cdr) for cdr in cdrs if cdr is not None), None)


def _settle(
    connection: Connection, attempt: Attempt, kept: KeptCdr, cdr: Cdr, now: datetime, policy: Policy
) -> Weighed:
    if kept.called_back and now < kept.received_at + policy.cdr_lag:
        return Weighed(call_id=attempt.call_id)  # the provider's list may yet say the same, or something else
    before, ending = call_of(connection, attempt), ending_of(cdr)
    news = settle(connection, attempt.id, cdr.session_id, ending, now, policy)
    if _unsure(attempt) and call_of(connection, attempt).state in ON_THE_WIRE:
        return Weighed(call_id=attempt.call_id)  # weighed again once the later attempt is over
    mark_weighed(connection, kept.id, now)
    if news and before.outcome is Outcome.UNKNOWN:
        acknowledge_alerts(connection, now, "by its record", call_id=attempt.call_id)
    known = attempt.outcome or before.outcome
    if news or known in (None, ending.outcome):
        return Weighed(call_id=attempt.call_id, outcome=ending.outcome if news else None)
    return _alert(connection, attempt, known.words, ending, now)


def _unsure(attempt: Attempt) -> bool:
    """Whether it seemed not to have been taken."""
    return not attempt.open and attempt.outcome is None


def _alert(connection: Connection, attempt: Attempt, first: str, later: Ending, now: datetime) -> Weighed:
    text = (
        f"call {attempt.call_id}: the provider's record of attempt {attempt.number} says {_told(later)}, where "
        f"{first} was recorded before; that stays"
    )
    append_alert(connection, now, text, call_id=attempt.call_id)
    return Weighed(call_id=attempt.call_id, contradiction=text)


def _told(ending: Ending) -> str:
    words = ending.outcome.words
    return f"{words} ({spell_duration(ending.duration)})" if ending.duration else words
