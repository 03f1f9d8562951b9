"""Statements on ``appointment``: which appointment, at which time, means which call; many to one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from scheduler.calls.call import Key
from scheduler.database import Connection, read_instant, write_instant


def point_appointment(connection: Connection, key: Key, asked_at: datetime, call_id: int) -> None:
    """Let the appointment, at this time, mean this call.

    :raises ConstraintFailed: it means another one.
    """
    connection.execute(
        """INSERT INTO appointment (collection, uid, recurrence_id, asked_at, call_id) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (collection, uid, recurrence_id, asked_at, call_id) DO UPDATE SET gone_at = NULL""",
        (key.collection, key.uid, key.recurrence_id, write_instant(asked_at), call_id),
    )


def retire_meaning(connection: Connection, key: Key, asked_at: datetime, now: datetime) -> None:
    """The appointment, at this time, no longer means the call that it meant."""
    connection.execute(
        """UPDATE appointment SET gone_at = ?
           WHERE collection = ? AND uid = ? AND recurrence_id = ? AND asked_at = ? AND gone_at IS NULL""",
        (write_instant(now), key.collection, key.uid, key.recurrence_id, write_instant(asked_at)),
    )


def retire_appointments(connection: Connection, call_id: int, now: datetime) -> None:
    """The appointments no longer mean this call; the rows stay, so that history can name them."""
    connection.execute(
        "UPDATE appointment SET gone_at = ? WHERE call_id = ? AND gone_at IS NULL",
        (write_instant(now), call_id),
    )


def select_uids(connection: Connection, since: datetime) -> frozenset[str]:
    """The UIDs of whatever means a call at or after ``since``."""
    rows = connection.execute(
        "SELECT DISTINCT uid FROM appointment WHERE asked_at >= ? AND gone_at IS NULL", (write_instant(since),)
    )
    return frozenset(row["uid"] for row in rows)


def select_keys(connection: Connection, call_ids: Iterable[int]) -> dict[int, frozenset[Key]]:
    """The appointments that mean each call."""
    return _select(connection, call_ids, "AND gone_at IS NULL")


def select_keys_ever(connection: Connection, call_ids: Iterable[int]) -> dict[int, frozenset[Key]]:
    """The appointments that ever meant each call."""
    return _select(connection, call_ids, "")


def select_keys_since_tried(connection: Connection, call_ids: Iterable[int]) -> dict[int, frozenset[Key]]:
    """The appointments that meant each call when it was first tried or later, and went since.

    What went at the very instant of the request counts: nobody can tell which came first.
    """
    first = "SELECT min(requested_at) FROM attempt WHERE attempt.call_id = appointment.call_id"
    return _select(connection, call_ids, f"AND gone_at >= ({first})")


def _select(connection: Connection, call_ids: Iterable[int], condition: str) -> dict[int, frozenset[Key]]:
    ids = list(call_ids)
    found: dict[int, set[Key]] = defaultdict(set)
    for start in range(0, len(ids), 500):  # SQLite limits the bound parameters of one statement
        part = ids[start : start + 500]
        rows = connection.execute(
            f"""SELECT collection, uid, recurrence_id, call_id FROM appointment
                WHERE call_id IN ({", ".join("?" for _ in part)}) {condition}""",
            part,
        )
        for row in rows:
            found[row["call_id"]].add(
                Key(collection=row["collection"], uid=row["uid"], recurrence_id=row["recurrence_id"])
            )
    return {call_id: frozenset(keys) for call_id, keys in found.items()}


def select_calls_of_appointments(
    connection: Connection, since: datetime, until: datetime
) -> dict[tuple[Key, datetime], int]:
    """Which call each appointment asked for in [since, until) means, or meant last; (key, asked_at) → call id."""
    rows = connection.execute(
        """SELECT appointment.collection, uid, recurrence_id, call_id, appointment.asked_at
           FROM call JOIN appointment ON appointment.call_id = call.id
           WHERE call.asked_at >= ? AND call.asked_at < ? ORDER BY gone_at IS NULL, call_id""",
        (write_instant(since), write_instant(until)),
    )
    return {
        (
            Key(collection=row["collection"], uid=row["uid"], recurrence_id=row["recurrence_id"]),
            read_instant(row["asked_at"]),
        ): row["call_id"]
        for row in rows
    }
