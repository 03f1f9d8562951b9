"""Statements on ``attempt`` and ``cdr``: the requests sent, and what the provider recorded of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.calls.call import Answer, Attempt, Outcome
from scheduler.calls.cdr import Ending
from scheduler.database import (
    Connection,
    Row,
    read_instant,
    read_optional_instant,
    select_at_once,
    write_instant,
)
from scheduler.phone import PhoneNumber

_SELECT = """SELECT attempt.id, call_id, number, reference, origin, destination, requested_at, answer, session_id,
    closed_at, duration_seconds, attempt.outcome, attempt.reason
    FROM attempt JOIN call ON call.id = attempt.call_id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCdr:
    """A CDR of one of our attempts, as it came: perhaps unreadable, perhaps of a call that still goes on."""

    id: int
    attempt_id: int
    call_id: int
    called_back: bool  # else the provider's list shows it
    received_at: datetime
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """The provider took an attempt's request, as its answer says."""

    attempt_id: int
    session_id: str  # "" where it gave none
    at: datetime


def insert_attempts(connection: Connection, references: Mapping[int, str], now: datetime) -> dict[int, int]:
    """The committed intentions.

    :param references: by the id of the call.
    :return: the ids of the attempts, likewise.
    :raises ConstraintFailed: one of the calls has an open attempt already.
    """
    connection.execute(
        """INSERT INTO attempt (call_id, number, reference, requested_at)
           SELECT key, 1 + coalesce((SELECT max(number) FROM attempt WHERE call_id = key), 0), value, ?
           FROM json_each(?)""",
        (write_instant(now), json.dumps(references)),
    )
    rest = "FROM attempt WHERE closed_at IS NULL AND call_id IN (SELECT value FROM json_each(?))"
    rows = select_at_once(connection, ["call_id", "id"], rest, (json.dumps(list(references)),))
    return {row["call_id"]: row["id"] for row in rows}


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


def record_accepted(connection: Connection, accepted: Iterable[Acceptance]) -> None:
    """As :func:`record_answer`, for as many as are accepted."""
    connection.execute(
        """UPDATE attempt SET answer = 'accepted', session_id = coalesce(nullif(session, ''), session_id)
           FROM (SELECT json_extract(value, '$[0]') AS accepted_id, json_extract(value, '$[1]') AS session
                 FROM json_each(?))
           WHERE id = accepted_id""",
        (json.dumps([(one.attempt_id, one.session_id) for one in accepted]),),
    )


def close_attempt(connection: Connection, attempt_id: int, now: datetime) -> bool:
    """Nothing more is expected of it."""
    cursor = connection.execute(
        "UPDATE attempt SET closed_at = coalesce(closed_at, ?) WHERE id = ?", (write_instant(now), attempt_id)
    )
    return cursor.rowcount == 1


def end_attempt(connection: Connection, attempt_id: int, ending: Ending, now: datetime) -> bool:
    """Close it as its record says."""
    cursor = connection.execute(
        """UPDATE attempt SET closed_at = coalesce(closed_at, ?), duration_seconds = ?, outcome = ?, reason = ?
           WHERE id = ?""",
        (write_instant(now), round(ending.duration.total_seconds()), ending.outcome, ending.reason, attempt_id),
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
        f"{_SELECT} WHERE requested_at >= ? AND call.outcome = 'unknown' ORDER BY requested_at",
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


def insert_cdr(connection: Connection, attempt_id: int | None, source: str, raw: str, now: datetime) -> bool:
    """Keep a raw CDR; False where the very same is kept already.

    :param attempt_id: None where it fits none of ours, or several. What the list showed before is given its
        attempt as soon as that is clear.
    """
    at = write_instant(now)
    cursor = connection.execute(
        """INSERT INTO cdr (attempt_id, source, received_at, raw, weighed_at) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET attempt_id = excluded.attempt_id, weighed_at = NULL
           WHERE attempt_id IS NULL AND excluded.attempt_id IS NOT NULL""",
        (attempt_id, source, at, raw, at if attempt_id is None else None),
    )
    return cursor.rowcount == 1


def select_listed_before(connection: Connection, raws: Iterable[str]) -> frozenset[str]:
    """Those of ``raws`` that the list has shown before, and that have their attempt."""
    sql = "SELECT 1 FROM cdr WHERE source = 'list' AND raw = ? AND attempt_id IS NOT NULL"
    return frozenset(raw for raw in raws if connection.execute(sql, (raw,)).fetchone())


def select_unweighed_cdrs(connection: Connection) -> tuple[KeptCdr, ...]:
    """What came of our attempts and wasn't weighed yet; the list's before the callbacks'."""
    rows = connection.execute(
        """SELECT cdr.id, attempt_id, call_id, source, received_at, raw
           FROM cdr JOIN attempt ON attempt.id = attempt_id
           WHERE weighed_at IS NULL ORDER BY source DESC, cdr.id"""
    )
    return tuple(
        KeptCdr(
            id=row["id"],
            attempt_id=row["attempt_id"],
            call_id=row["call_id"],
            called_back=row["source"] == "callback",
            received_at=read_instant(row["received_at"]),
            raw=row["raw"],
        )
        for row in rows
    )


def select_weighed_raws(connection: Connection, attempt_id: int) -> tuple[str, ...]:
    """What was weighed of one attempt, the first first."""
    rows = connection.execute(
        "SELECT raw FROM cdr WHERE attempt_id = ? AND weighed_at IS NOT NULL ORDER BY weighed_at, id",
        (attempt_id,),
    )
    return tuple(row["raw"] for row in rows)


def mark_weighed(connection: Connection, cdr_id: int, now: datetime) -> None:
    connection.execute("UPDATE cdr SET weighed_at = ? WHERE id = ?", (write_instant(now), cdr_id))


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
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        reason=row["reason"],
    )
