"""Statements on ``attempt`` and ``cdr``: the requests sent, and what the provider recorded of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from scheduler.calls.call import Answer, Attempt
from scheduler.database import Connection, Row, read_instant, read_optional_instant, write_instant
from scheduler.phone import PhoneNumber

_SELECT = """SELECT attempt.id, call_id, number, reference, origin, destination, requested_at, answer, session_id,
    closed_at, duration_seconds FROM attempt JOIN call ON call.id = attempt.call_id"""


def insert_attempt(connection: Connection, call_id: int, reference: str, now: datetime) -> int:
    """The committed intention.

    :raises ConstraintFailed: the call has an open attempt already.
    """
    row = connection.execute(
        """INSERT INTO attempt (call_id, number, reference, requested_at)
           SELECT ?, 1 + coalesce(max(number), 0), ?, ? FROM attempt WHERE call_id = ? RETURNING id""",
        (call_id, reference, write_instant(now), call_id),
    ).fetchone()
    return int(row["id"])


def record_answer(
    connection: Connection, attempt_id: int, answer: Answer, *, detail: str = "", session_id: str = ""
) -> int:
    """What is empty leaves what is known, and what is proved to be accepted stays so, whatever is said later.

    :return: the id of the attempt's call.
    """
    row = connection.execute(
        """UPDATE attempt SET answer = CASE answer WHEN 'accepted' THEN answer ELSE ? END,
               detail = coalesce(nullif(?, ''), detail), session_id = coalesce(nullif(?, ''), session_id)
           WHERE id = ? RETURNING call_id""",
        (answer, detail, session_id, attempt_id),
    ).fetchone()
    return int(row["call_id"])


def close_attempt(
    connection: Connection, attempt_id: int, now: datetime, *, duration: timedelta | None = None
) -> bool:
    cursor = connection.execute(
        """UPDATE attempt SET closed_at = coalesce(closed_at, ?), duration_seconds = coalesce(?, duration_seconds)
           WHERE id = ?""",
        (write_instant(now), None if duration is None else round(duration.total_seconds()), attempt_id),
    )
    return cursor.rowcount == 1


def select_open_attempts(connection: Connection) -> tuple[Attempt, ...]:
    rows = connection.execute(f"{_SELECT} WHERE closed_at IS NULL ORDER BY requested_at")
    return tuple(_attempt(row) for row in rows)


def select_attempts_since(connection: Connection, since: datetime) -> tuple[Attempt, ...]:
    rows = connection.execute(f"{_SELECT} WHERE requested_at >= ? ORDER BY requested_at", (write_instant(since),))
    return tuple(_attempt(row) for row in rows)


def select_unexplained_attempts(connection: Connection, since: datetime) -> tuple[Attempt, ...]:
    """The attempts since then whose call ended as unknown: a late CDR may still explain them."""
    rows = connection.execute(
        f"{_SELECT} WHERE requested_at >= ? AND outcome = 'unknown' ORDER BY requested_at",
        (write_instant(since),),
    )
    return tuple(_attempt(row) for row in rows)


def select_attempt(connection: Connection, attempt_id: int) -> Attempt:
    return _attempt(connection.execute(f"{_SELECT} WHERE attempt.id = ?", (attempt_id,)).fetchone())


def select_attempt_of_reference(connection: Connection, reference: str) -> Attempt | None:
    row = connection.execute(f"{_SELECT} WHERE reference = ?", (reference,)).fetchone()
    return _attempt(row) if row else None


def select_attempts_of_call(connection: Connection, call_id: int) -> tuple[Attempt, ...]:
    rows = connection.execute(f"{_SELECT} WHERE call_id = ? ORDER BY number", (call_id,))
    return tuple(_attempt(row) for row in rows)


def insert_cdr(connection: Connection, attempt_id: int, source: str, raw: str, now: datetime) -> bool:
    """Keep a raw CDR; False where the very same is kept already."""
    cursor = connection.execute(
        "INSERT OR IGNORE INTO cdr (attempt_id, source, received_at, raw) VALUES (?, ?, ?, ?)",
        (attempt_id, source, write_instant(now), raw),
    )
    return cursor.rowcount == 1


def select_cdrs_of_open_attempts(connection: Connection) -> tuple[tuple[int, str, datetime, str], ...]:
    """(attempt id, source, received at, raw) in the order in which they came, of calls without an outcome.

    Those that ended as unknown are among them: what their attempts brought may explain them yet.
    """
    rows = connection.execute(
        """SELECT attempt_id, source, received_at, raw FROM cdr WHERE attempt_id IN (
               SELECT id FROM attempt WHERE closed_at IS NULL
               UNION ALL
               SELECT attempt.id FROM call JOIN attempt ON call_id = call.id WHERE outcome = 'unknown')
           ORDER BY id"""
    )
    return tuple((row["attempt_id"], row["source"], read_instant(row["received_at"]), row["raw"]) for row in rows)


def _attempt(row: Row) -> Attempt:
    seconds = row["duration_seconds"]
    return Attempt(
        id=row["id"],
        call_id=row["call_id"],
        number=row["number"],
        reference=row["reference"],
        origin=PhoneNumber(row["origin"]),
        destination=PhoneNumber(row["destination"]),
        requested_at=read_instant(row["requested_at"]),
        answer=Answer(row["answer"]) if row["answer"] else None,
        session_id=row["session_id"],
        closed_at=read_optional_instant(row["closed_at"]),
        duration=None if seconds is None else timedelta(seconds=seconds),
    )
