"""Statements on what a calendar says of one event, for telling the people who are in it."""

from __future__ import annotations

from scheduler.database import Connection


def select_stored_event(connection: Connection, collection: str, uid: str) -> tuple[tuple[str, bytes], ...]:
    """(href, bytes) of the objects that hold this event; a feed's hrefs are its uids."""
    rows = connection.execute(
        """SELECT href, data FROM object WHERE collection = ? AND uid = ? AND uid <> ''
           UNION SELECT href, data FROM object WHERE collection = ? AND href = ?""",
        (collection, uid, collection, uid),
    )
    return tuple((row["href"], row["data"]) for row in rows)
