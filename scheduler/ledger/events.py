"""Statements on ``event``: the history of every call, by ids, never with personal data, never rewritten."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.database import Connection, Row, read_instant, write_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to a call or to the daemon."""

    at: datetime
    kind: str
    detail: str
    attempt_id: int | None


def append_event(
    connection: Connection,
    now: datetime,
    kind: str,
    *,
    call_id: int | None = None,
    attempt_id: int | None = None,
    detail: str = "",
) -> None:
    connection.execute(
        "INSERT INTO event (at, call_id, attempt_id, kind, detail) VALUES (?, ?, ?, ?, ?)",
        (write_instant(now), call_id, attempt_id, kind, detail),
    )


def append_events(connection: Connection, kind: str, times: Mapping[int, datetime]) -> None:
    """The same of several attempts: their ids, and when it happened to each."""
    connection.execute(
        """INSERT INTO event (at, call_id, attempt_id, kind)
           SELECT value, call_id, attempt.id, ? FROM json_each(?) JOIN attempt ON attempt.id = key""",
        (kind, json.dumps({attempt_id: write_instant(at) for attempt_id, at in times.items()})),
    )


def append_event_once(connection: Connection, now: datetime, kind: str, *, call_id: int, detail: str) -> bool:
    """Append unless the call's history says the very same already."""
    cursor = connection.execute(
        """INSERT INTO event (at, call_id, kind, detail) SELECT ?, ?, ?, ?
           WHERE NOT EXISTS (SELECT 1 FROM event WHERE call_id = ? AND kind = ? AND detail = ?)""",
        (write_instant(now), call_id, kind, detail, call_id, kind, detail),
    )
    return cursor.rowcount == 1


def has_event(connection: Connection, call_id: int, kind: str) -> bool:
    row = connection.execute(
        "SELECT 1 FROM event WHERE call_id = ? AND kind = ? LIMIT 1", (call_id, kind)
    ).fetchone()
    return row is not None


def select_latest_event(connection: Connection, kinds: Sequence[str]) -> Event | None:
    """The latest of these kinds that belongs to no call."""
    row = connection.execute(
        f"""SELECT at, kind, detail, attempt_id FROM event
            WHERE call_id IS NULL AND kind IN ({", ".join("?" for _ in kinds)}) ORDER BY id DESC LIMIT 1""",
        tuple(kinds),
    ).fetchone()
    return None if row is None else _event(row)


def select_events(connection: Connection, call_id: int) -> tuple[Event, ...]:
    rows = connection.execute(
        "SELECT at, kind, detail, attempt_id FROM event WHERE call_id = ? ORDER BY id", (call_id,)
    )
    return tuple(_event(row) for row in rows)


def _event(row: Row) -> Event:
    return Event(at=read_instant(row["at"]), kind=row["kind"], detail=row["detail"], attempt_id=row["attempt_id"])
