"""Statements on ``trouble`` and ``told``: what lasts and was told, and how far the history has been."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scheduler.calls.alert import AlertKind, RecordedTrouble, Trouble
from scheduler.calls.call import Answer
from scheduler.database import Connection, read_instant, write_instant

_OF_CALLS = (AlertKind.MISSED, AlertKind.UNKNOWN, AlertKind.BARRED, AlertKind.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An event of the history that an admin is told of."""

    event_id: int
    at: datetime
    kind: AlertKind
    call_id: int | None
    detail: str


def select_troubles(connection: Connection) -> tuple[RecordedTrouble, ...]:
    """Those that weren't over when last looked at."""
    rows = connection.execute("SELECT id, name, kind, title, since FROM trouble WHERE over_at IS NULL ORDER BY id")
    return tuple(
        RecordedTrouble(
            id=row["id"],
            name=row["name"],
            kind=AlertKind(row["kind"]),
            title=row["title"],
            since=read_instant(row["since"]),
        )
        for row in rows
    )


def begin_trouble(connection: Connection, trouble: Trouble, now: datetime) -> int:
    row = connection.execute(
        "INSERT INTO trouble (name, kind, title, since) VALUES (?, ?, ?, ?) RETURNING id",
        (trouble.name, trouble.notice.kind, trouble.notice.title, write_instant(now)),
    ).fetchone()
    return int(row["id"])


def end_trouble(connection: Connection, trouble_id: int, now: datetime) -> None:
    # A clock that was set back makes no trouble end before it began.
    connection.execute("UPDATE trouble SET over_at = max(?, since) WHERE id = ?", (write_instant(now), trouble_id))


def select_told(connection: Connection) -> int | None:
    """The last event that was looked at; None before the first look."""
    row = connection.execute("SELECT event_id FROM told").fetchone()
    return None if row is None else int(row["event_id"])


def record_told(connection: Connection, event_id: int) -> None:
    connection.execute(
        "INSERT INTO told (id, event_id) VALUES (1, ?) ON CONFLICT DO UPDATE SET event_id = excluded.event_id",
        (event_id,),
    )


def select_happenings(connection: Connection, after: int, until: int) -> tuple[Happening, ...]:
    """What is to be told of the events with ids in (after, until].

    That a call ends as unknown is an alert as well, in the same transaction: one of the two is enough.
    """
    kinds = (*_OF_CALLS, AlertKind.ALERT)
    rows = connection.execute(
        f"""SELECT id, at, kind, call_id, detail FROM event AS alert
            WHERE id > ? AND id <= ? AND kind IN ({", ".join("?" for _ in kinds)})
            AND NOT (kind = 'alert' AND EXISTS (SELECT 1 FROM event AS other
                WHERE other.call_id = alert.call_id AND other.kind = 'unknown' AND other.at = alert.at))
            ORDER BY id""",
        (after, until, *kinds),
    )
    return tuple(
        Happening(
            event_id=row["id"],
            at=read_instant(row["at"]),
            kind=AlertKind(row["kind"]),
            call_id=row["call_id"],
            detail=row["detail"],
        )
        for row in rows
    )


def select_newest_event(connection: Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(id), 0) AS id FROM event").fetchone()["id"])


def select_last_answers(connection: Connection, since: datetime, limit: int) -> tuple[Answer, ...]:
    """What the provider answered last, the newest first; requests without an answer yet left out."""
    rows = connection.execute(
        """SELECT answer FROM attempt WHERE requested_at >= ? AND answer IS NOT NULL
           ORDER BY requested_at DESC, id DESC LIMIT ?""",
        (write_instant(since), limit),
    )
    return tuple(Answer(row["answer"]) for row in rows)
