"""Statements that find and delete what is past its retention, some rows at a time.

What is looked for is found in a read, so that the writer, behind which due calls wait, deletes by ids alone.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime

from scheduler.database import Connection, write_instant

_AMONG = "IN (SELECT value FROM json_each(?))"

# What is over of each kind. It is written in the order of its ids, so that the first rows are the oldest.
OVER: Mapping[str, str] = {
    "cdr": "received_at < ? AND weighed_at IS NOT NULL",
    "letter": "made_at < ? AND coalesce(sent_at, given_up_at) IS NOT NULL",
    "command": "asked_at < ?",
    "pause": "coalesce(resumed_at, until) < ?",
    "trouble": "over_at < ?",
}


def select_old_calls(connection: Connection, before: datetime, limit: int) -> tuple[int, ...]:
    """Calls that ended, and whose time was, before then; one that is rung again goes after that one."""
    at = write_instant(before)
    rows = connection.execute(
        """SELECT id FROM call WHERE asked_at < ? AND state = 'ended' AND deadline_at < ? AND ended_at < ?
               AND NOT EXISTS (SELECT 1 FROM call AS later WHERE later.again_of = call.id)
           ORDER BY asked_at LIMIT ?""",
        (at, at, at, limit),
    )
    return tuple(row["id"] for row in rows)


def select_over(connection: Connection, table: str, before: datetime, limit: int) -> tuple[int, ...]:
    """Of the ``limit`` oldest rows of the table those that are over since then."""
    rows = connection.execute(
        f"SELECT id FROM (SELECT * FROM {table} ORDER BY id LIMIT ?) WHERE {OVER[table]}",
        (limit, write_instant(before)),
    )
    return tuple(row["id"] for row in rows)


def delete_rows(connection: Connection, table: str, ids: Collection[int]) -> None:
    connection.execute(f"DELETE FROM {table} WHERE id {_AMONG}", (json.dumps(list(ids)),))


def select_old_events(connection: Connection, before: datetime, limit: int) -> tuple[int, ...]:
    """History of no call: what was paused, alerted, fetched."""
    rows = connection.execute(
        "SELECT id FROM (SELECT id, at FROM event WHERE call_id IS NULL ORDER BY id LIMIT ?) WHERE at < ?",
        (limit, write_instant(before)),
    )
    return tuple(row["id"] for row in rows)


def delete_events(connection: Connection, before: datetime, ids: Collection[int]) -> None:
    connection.execute("INSERT INTO forgetting (before) VALUES (?)", (write_instant(before),))
    delete_rows(connection, "event", ids)
    connection.execute("DELETE FROM forgetting")


def select_object_data(
    connection: Connection, collections: Collection[str], after: int, limit: int
) -> tuple[tuple[int, bytes], ...]:
    """The next objects of these calendars, by rowid."""
    rows = connection.execute(
        f"""SELECT rowid AS number, data FROM object WHERE rowid > ? AND collection {_AMONG}
            ORDER BY rowid LIMIT ?""",
        (after, json.dumps(list(collections)), limit),
    )
    return tuple((row["number"], row["data"]) for row in rows)


def replace_data(connection: Connection, rows: Mapping[int, bytes], data: bytes) -> None:
    """Other data where they are as they were; address and etag stay, so that nobody fetches them again."""
    connection.executemany(
        "UPDATE object SET data = ? WHERE rowid = ? AND data = ?",
        [(data, number, before) for number, before in rows.items()],
    )


def delete_old_annotations(connection: Connection, before: datetime) -> None:
    """What stands in events that are long over: nobody looks at those any more. The calls' own go with them."""
    at = write_instant(before)
    connection.execute(
        """DELETE FROM annotation WHERE changed_at < ? AND coalesce(silent_until, '') < ?
               AND NOT EXISTS (SELECT 1 FROM appointment WHERE appointment.collection = annotation.collection
                   AND appointment.uid = annotation.uid
                   AND appointment.recurrence_id = annotation.recurrence_id)""",
        (at, at),
    )


def select_abandoned(connection: Connection, configured: Collection[str], before: datetime) -> tuple[str, ...]:
    """Calendars and address books that are no longer configured, and were last tried before then."""
    rows = connection.execute(
        f"SELECT name FROM collection WHERE name NOT {_AMONG} AND tried_at < ?",
        (json.dumps(list(configured)), write_instant(before)),
    )
    return tuple(row["name"] for row in rows)


def delete_some_objects(connection: Connection, collection: str, limit: int) -> int:
    """How many there were to delete; with the last of them the collection itself goes."""
    deleted = connection.execute(
        "DELETE FROM object WHERE rowid IN (SELECT rowid FROM object WHERE collection = ? LIMIT ?)",
        (collection, limit),
    ).rowcount
    if deleted < limit:
        connection.execute("DELETE FROM vanished WHERE collection = ?", (collection,))
        connection.execute("DELETE FROM collection WHERE name = ?", (collection,))
    return deleted
