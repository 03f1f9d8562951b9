"""Statements on ``letter``: what is told to whom, once; its words are gone once it was handed over."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from scheduler.database import Connection, Row, read_instant, read_optional_instant, write_instant
from scheduler.ledger.people_schema import LETTER_WAITS


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLetter:
    """What is to be told; the same key is never told to the same recipient twice."""

    recipient: str
    key: str
    kind: str
    title: str
    body: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One that waits."""

    id: int
    key: str
    kind: str
    title: str
    body: str
    made_at: datetime
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """What one recipient didn't get, for people."""

    recipient: str
    letters: int
    problem: str
    since: datetime  # of the oldest
    given_up: bool


def insert_letter(connection: Connection, letter: NewLetter, now: datetime) -> bool:
    """False: that was told, or waits to be, already."""
    cursor = connection.execute(
        """INSERT INTO letter (recipient, key, kind, title, body, made_at, due_at) VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT DO NOTHING""",
        (
            letter.recipient,
            letter.key,
            letter.kind,
            letter.title,
            letter.body,
            write_instant(now),
            write_instant(letter.due_at),
        ),
    )
    return cursor.rowcount == 1


def select_recipients(connection: Connection, now: datetime) -> tuple[str, ...]:
    """Those for whom something waits that is due."""
    rows = connection.execute(
        f"SELECT DISTINCT recipient FROM letter WHERE {LETTER_WAITS} AND due_at <= ? ORDER BY recipient",
        (write_instant(now),),
    )
    return tuple(row["recipient"] for row in rows)


def select_due_letters(connection: Connection, recipient: str, now: datetime, limit: int) -> tuple[Letter, ...]:
    """The oldest ``limit`` that are due."""
    rows = connection.execute(
        f"""SELECT id, key, kind, title, body, made_at, tries FROM letter
            WHERE {LETTER_WAITS} AND recipient = ? AND due_at <= ? ORDER BY due_at, id LIMIT ?""",
        (recipient, write_instant(now), limit),
    )
    return tuple(_letter(row) for row in rows)


def _letter(row: Row) -> Letter:
    return Letter(
        id=row["id"],
        key=row["key"],
        kind=row["kind"],
        title=row["title"],
        body=row["body"],
        made_at=read_instant(row["made_at"]),
        tries=row["tries"],
    )


def select_last_sent(connection: Connection, recipient: str) -> datetime | None:
    """When the recipient was last told anything."""
    row = connection.execute(
        "SELECT max(sent_at) AS at FROM letter WHERE recipient = ? AND sent_at IS NOT NULL", (recipient,)
    ).fetchone()
    return read_optional_instant(row["at"])


def record_sent(connection: Connection, letters: Collection[int], now: datetime) -> None:
    connection.execute(
        """UPDATE letter SET sent_at = ?, title = '', body = '', problem = ''
           WHERE id IN (SELECT value FROM json_each(?))""",
        (write_instant(now), json.dumps(list(letters))),
    )


def put_off(connection: Connection, letters: Collection[int], until: datetime, problem: str) -> None:
    """They weren't taken; they are tried again then."""
    connection.execute(
        """UPDATE letter SET due_at = ?, problem = ?, tries = tries + 1
           WHERE id IN (SELECT value FROM json_each(?))""",
        (write_instant(until), problem, json.dumps(list(letters))),
    )


def give_up(connection: Connection, made_before: datetime, now: datetime) -> int:
    """Those that nobody took for so long are given up; how many. What was never tried waits on."""
    cursor = connection.execute(
        f"""UPDATE letter SET given_up_at = ?, title = '', body = ''
            WHERE {LETTER_WAITS} AND tries > 0 AND made_at < ?""",
        (write_instant(now), write_instant(made_before)),
    )
    return cursor.rowcount


def select_undelivered(connection: Connection, given_up_since: datetime) -> tuple[Undelivered, ...]:
    """Those that were tried in vain and wait, and those given up since then."""
    rows = connection.execute(
        f"""SELECT recipient, given_up_at IS NOT NULL AS given_up, count(*) AS letters, max(problem) AS problem,
                min(made_at) AS since
            FROM letter WHERE ({LETTER_WAITS} AND tries > 0) OR given_up_at >= ?
            GROUP BY recipient, given_up ORDER BY recipient, given_up""",
        (write_instant(given_up_since),),
    )
    return tuple(
        Undelivered(
            recipient=row["recipient"],
            letters=row["letters"],
            problem=row["problem"],
            since=read_instant(row["since"]),
            given_up=bool(row["given_up"]),
        )
        for row in rows
    )
