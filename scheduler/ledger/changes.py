"""Applying what ``reconcile`` decided, each change with a savepoint of its own (rule 7)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from scheduler.calls.call import Call, Key, Outcome, State
from scheduler.calls.change import (
    WITHDRAWN_TOO_LATE,
    Add,
    AddMissed,
    Attach,
    Cancel,
    Change,
    Ignore,
    Move,
    Recorded,
    TooLate,
    moved_too_late,
)
from scheduler.database import Connection, ConstraintFailed, savepoint
from scheduler.ledger.appointments import (
    point_appointment,
    retire_appointments,
    retire_meaning,
    select_keys,
    select_keys_since_tried,
)
from scheduler.ledger.calls import (
    end_call,
    insert_call,
    move_call,
    select_call,
    select_reconcilable,
)
from scheduler.ledger.events import append_event, append_event_once
from scheduler.ledger.life import TOO_LATE, stop


def select_recorded(connection: Connection, since: datetime) -> tuple[Recorded, ...]:
    """What ``reconcile`` compares with: the calls since ``since`` and the open ones, with their appointments."""
    return with_appointments(connection, select_reconcilable(connection, since))


def with_appointments(connection: Connection, calls: Collection[Call]) -> tuple[Recorded, ...]:
    """``calls`` with what means each of them."""
    ids = [call.id for call in calls]
    keys, once = select_keys(connection, ids), select_keys_since_tried(connection, ids)
    nobody: frozenset[Key] = frozenset()
    return tuple(
        Recorded(call=call, keys=keys.get(call.id, nobody), once=once.get(call.id, nobody)) for call in calls
    )


def apply_changes(
    connection: Connection, changes: Iterable[Change], now: datetime, because: str = ""
) -> tuple[tuple[Change, str], ...]:
    """Apply one after another in one transaction; returns those that the ledger forbade, and why."""
    refused = []
    for change in changes:
        try:
            with savepoint(connection):
                apply_change(connection, change, now, because)
        except ConstraintFailed as error:
            # Rule 7: what the ledger forbids costs that one change alone.
            refused.append((change, str(error)))
    return tuple(refused)


def apply_change(connection: Connection, change: Change, now: datetime, because: str = "") -> None:
    """:param because: what else than the calendar changed, for the history.

    :raises ConstraintFailed: the ledger forbids it, as two calls of one slot.
    """
    match change:
        case Add():
            _add(connection, change, now, because)
        case AddMissed():
            _add_missed(connection, change, now, because)
        case Move():
            _move(connection, change, now, because)
        case Attach():
            _point(connection, change.keys, change.call.asked_at, change.call.id, now)
        case Cancel():
            _cancel(connection, change, now, because)
        case TooLate():
            _note_too_late(connection, change.call.id, change.reason, now)
        case Ignore():
            pass  # nothing is recorded: `plan` and `why` say it from the calendar itself


def _add(connection: Connection, change: Add | AddMissed, now: datetime, because: str) -> int:
    call_id = insert_call(connection, change.wanted, now)
    _point(connection, change.wanted.keys, change.wanted.asked_at, call_id, now)
    append_event(connection, now, "planned", call_id=call_id, detail=because)
    return call_id


def _add_missed(connection: Connection, change: AddMissed, now: datetime, because: str) -> None:
    call_id = _add(connection, change, now, because)
    end_call(connection, call_id, Outcome.MISSED, change.reason, now, leaving=[State.PLANNED])
    append_event(connection, now, Outcome.MISSED, call_id=call_id, detail=change.reason)


def _move(connection: Connection, change: Move, now: datetime, because: str) -> None:
    if not move_call(connection, change.call, change.wanted):
        _note_too_late(connection, change.call.id, moved_too_late(change.wanted), now)
        return
    _point(connection, change.wanted.keys, change.wanted.asked_at, change.call.id, now)
    moved = change.call.asked_at != change.wanted.asked_at
    append_event(connection, now, "moved" if moved else "changed", call_id=change.call.id, detail=because)


def _cancel(connection: Connection, change: Cancel, now: datetime, because: str) -> None:
    # Why stands in the call, since it may name somebody: "Anna Maes has no number".
    if not stop(connection, change.call.id, Outcome.CANCELLED, change.reason, now, detail=because):
        _note_too_late(connection, change.call.id, WITHDRAWN_TOO_LATE, now)
        return
    retire_appointments(connection, change.call.id, now)


def _note_too_late(connection: Connection, call_id: int, reason: str, now: datetime) -> None:
    """The request left before the change was decided, or between that and now."""
    call = select_call(connection, call_id)
    if call is not None and call.state in (State.REQUESTED, State.PLACED):
        append_event_once(connection, now, TOO_LATE, call_id=call_id, detail=reason)


def _point(connection: Connection, keys: Iterable[Key], asked_at: datetime, call_id: int, now: datetime) -> None:
    retire_appointments(connection, call_id, now)
    for key in keys:
        retire_meaning(connection, key, asked_at, now)
        point_appointment(connection, key, asked_at, call_id)
