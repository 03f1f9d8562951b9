"""Statements on ``pause``. It is written by the command itself: every gate reads it in its own transaction."""

from __future__ import annotations

from datetime import datetime

from scheduler.calls.call import Call
from scheduler.calls.pause import PAUSED, Pause, PauseScope, blocking
from scheduler.database import Connection, Row, read_instant, read_optional_instant, write_instant
from scheduler.ledger.events import append_event
from scheduler.phone import PhoneNumber


def select_pauses(connection: Connection, now: datetime) -> tuple[Pause, ...]:
    """Those that go on, the oldest first."""
    rows = connection.execute(
        """SELECT id, calendar, origin, since, until, reason FROM pause
           WHERE resumed_at IS NULL AND (until IS NULL OR until > ?) ORDER BY id""",
        (write_instant(now),),
    )
    return tuple(_pause(row) for row in rows)


def select_calendars_of_call(connection: Connection, call_id: int) -> frozenset[str]:
    """The calendars whose appointments mean it now."""
    rows = connection.execute(
        "SELECT DISTINCT collection FROM appointment WHERE call_id = ? AND gone_at IS NULL", (call_id,)
    )
    return frozenset(row["collection"] for row in rows)


def select_pause_of_call(connection: Connection, call: Call, now: datetime) -> str:
    """What keeps it from ringing, in words; "" where no pause does."""
    pauses = select_pauses(connection, now)
    found = blocking(pauses, call.origin, select_calendars_of_call(connection, call.id)) if pauses else ()
    return found[0].words if found else ""


def begin_pause(
    connection: Connection,
    scope: PauseScope,
    until: datetime | None,
    reason: str,
    now: datetime,
    *,
    who: str = "",
) -> None:
    """Pause it, instead of by what it was paused before.

    :param who: asked for it, for the history.
    """
    _end(connection, scope, now, who)
    row = connection.execute(
        "INSERT INTO pause (calendar, origin, since, until, reason) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (
            scope.calendar or None,
            scope.origin.e164 if scope.origin else None,
            write_instant(now),
            write_instant(until) if until else None,
            reason,
        ),
    ).fetchone()
    append_event(connection, now, "paused", detail=_told(row["id"], who))
    # What waited for the pause before may have another end to wait for.
    wake_paused(connection, now)


def end_pause(connection: Connection, scope: PauseScope, now: datetime, *, who: str = "") -> bool:
    """Resume it, and let the calls that waited look again at once; False: it wasn't paused."""
    ended = _end(connection, scope, now, who)
    if ended:
        wake_paused(connection, now)
    return ended


def _end(connection: Connection, scope: PauseScope, now: datetime, who: str) -> bool:
    at = write_instant(now)
    rows = connection.execute(
        """UPDATE pause SET resumed_at = ? WHERE resumed_at IS NULL AND (until IS NULL OR until > ?)
               AND calendar IS ? AND origin IS ? RETURNING id""",
        (at, at, scope.calendar or None, scope.origin.e164 if scope.origin else None),
    ).fetchall()
    for row in rows:
        append_event(connection, now, "resumed", detail=_told(row["id"], who))
    return bool(rows)


def _told(pause_id: int, who: str) -> str:
    return f"pause {pause_id}, by {who}" if who else f"pause {pause_id}"


def wake_paused(connection: Connection, now: datetime) -> int:
    """Let the calls that wait for a pause look again at once; other waits go on."""
    at = write_instant(now)
    # "wake_at > due_at" word for word as in the index call_waiting, which holds few of the calls.
    return int(
        connection.execute(
            """UPDATE call SET wake_at = max(due_at, ?) WHERE state = 'planned' AND wake_at > due_at
                   AND wake_at > ? AND (reason = ? OR reason LIKE ?)""",
            (at, at, PAUSED, f"{PAUSED}: %"),
        ).rowcount
    )


def _pause(row: Row) -> Pause:
    return Pause(
        id=row["id"],
        scope=PauseScope(
            calendar=row["calendar"] or "", origin=PhoneNumber(row["origin"]) if row["origin"] else None
        ),
        since=read_instant(row["since"]),
        until=read_optional_instant(row["until"]),
        reason=row["reason"],
    )
