"""Statements on ``annotation``: what of ours stands in which event, and what to look at to write it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from scheduler.calls.call import Attempt, Call, Key
from scheduler.database import Connection, Row, write_instant
from scheduler.ledger.attempts import select_attempts_of_call
from scheduler.ledger.calls import select_call, select_call_again

_KEY = "collection = ? AND uid = ? AND recurrence_id = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """What is known to stand in an event."""

    told: str  # a digest of our line; "" where there is none
    problem: str = ""  # why it doesn't stand there


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """The latest call that an appointment means or, where it isn't ``live``, meant."""

    call: Call
    live: bool
    attempts: tuple[Attempt, ...]


def last_event_id(connection: Connection) -> int:
    row = connection.execute("SELECT max(id) AS id FROM event").fetchone()
    return int(row["id"] or 0)


def select_appointments_since(connection: Connection, since: datetime) -> frozenset[Key]:
    """Everything that ever meant a call at or after ``since``."""
    return _keys(
        connection.execute(
            "SELECT DISTINCT collection, uid, recurrence_id FROM appointment WHERE asked_at >= ?",
            (write_instant(since),),
        )
    )


def select_appointments_with_news(connection: Connection, event_id: int) -> frozenset[Key]:
    """Whatever means a call of which history tells something after this event, or one that rings it again."""
    return _keys(
        connection.execute(
            """WITH RECURSIVE told(call_id) AS (
                   SELECT call_id FROM event WHERE id > ? AND call_id IS NOT NULL
                   UNION SELECT again_of FROM call JOIN told ON call.id = call_id WHERE again_of IS NOT NULL)
               SELECT DISTINCT collection, uid, recurrence_id
               FROM appointment WHERE call_id IN (SELECT call_id FROM told)""",
            (event_id,),
        )
    )


def select_silent(connection: Connection, since: datetime) -> frozenset[Key]:
    """The events that say that nothing will ring, and start at or after ``since``."""
    return _keys(
        connection.execute(
            "SELECT collection, uid, recurrence_id FROM annotation WHERE silent_until >= ?",
            (write_instant(since),),
        )
    )


def select_annotation(connection: Connection, key: Key) -> Annotation:
    row = connection.execute(f"SELECT told, problem FROM annotation WHERE {_KEY}", _bound(key)).fetchone()
    return Annotation(told=row["told"], problem=row["problem"]) if row else Annotation(told="")


def record_annotation(
    connection: Connection,
    key: Key,
    annotation: Annotation,
    now: datetime,
    *,
    silent_until: datetime | None = None,
) -> None:
    """:param silent_until: the start of an event that says that nothing will ring."""
    if annotation == Annotation(told=""):
        connection.execute(f"DELETE FROM annotation WHERE {_KEY}", _bound(key))
        return
    until = write_instant(silent_until) if silent_until else None
    connection.execute(
        """INSERT INTO annotation (collection, uid, recurrence_id, told, problem, silent_until, changed_at)
           VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET told = excluded.told, problem = excluded.problem,
               silent_until = excluded.silent_until, changed_at = excluded.changed_at""",
        (*_bound(key), annotation.told, annotation.problem, until, write_instant(now)),
    )


def select_meant(connection: Connection, key: Key) -> Meant | None:
    """Where a person had the call rung again, that one."""
    row = connection.execute(
        f"""SELECT call_id, gone_at IS NULL AS live FROM appointment WHERE {_KEY}
            ORDER BY gone_at IS NULL DESC, call_id DESC LIMIT 1""",
        _bound(key),
    ).fetchone()
    if row is None:
        return None
    call_id = row["call_id"]
    while (again := select_call_again(connection, call_id)) is not None:
        call_id = again
    call = select_call(connection, call_id)
    if call is None:
        return None
    return Meant(call=call, live=bool(row["live"]), attempts=select_attempts_of_call(connection, call_id))


def count_by_problem(connection: Connection) -> dict[tuple[str, str], int]:
    """(calendar, problem) → how many events; "" for those in which our line stands."""
    rows = connection.execute(
        """SELECT collection, problem, count(*) AS events FROM annotation
           GROUP BY collection, problem ORDER BY collection, problem"""
    )
    return {(row["collection"], row["problem"]): row["events"] for row in rows}


def _bound(key: Key) -> tuple[str, str, str]:
    return key.collection, key.uid, key.recurrence_id


def _keys(rows: Iterable[Row]) -> frozenset[Key]:
    return frozenset(
        Key(collection=row["collection"], uid=row["uid"], recurrence_id=row["recurrence_id"]) for row in rows
    )
