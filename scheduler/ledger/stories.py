"""Statements on everything that is kept about one call, for people who look at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scheduler.calls.call import Key
from scheduler.database import Connection, read_instant, read_optional_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCdr:
    """A record of the provider as it came, for whichever of the call's attempts."""

    attempt_id: int
    called_back: bool  # else the provider's list shows it
    received_at: datetime
    raw: str
    weighed_at: datetime | None  # None: it doesn't count yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """An appointment that means the call, or meant it until ``gone_at``."""

    key: Key
    asked_at: datetime
    gone_at: datetime | None


def select_answer_details(connection: Connection, call_id: int) -> dict[int, str]:
    """Attempt → what the provider or the network said of its request; those that said nothing are missing."""
    rows = connection.execute("SELECT id, detail FROM attempt WHERE call_id = ? AND detail <> ''", (call_id,))
    return {row["id"]: row["detail"] for row in rows}


def select_cdrs_of_call(connection: Connection, call_id: int) -> tuple[StoredCdr, ...]:
    rows = connection.execute(
        """SELECT attempt_id, source, received_at, raw, weighed_at
           FROM cdr JOIN attempt ON attempt.id = attempt_id WHERE call_id = ? ORDER BY cdr.id""",
        (call_id,),
    )
    return tuple(
        StoredCdr(
            attempt_id=row["attempt_id"],
            called_back=row["source"] == "callback",
            received_at=read_instant(row["received_at"]),
            raw=row["raw"],
            weighed_at=read_optional_instant(row["weighed_at"]),
        )
        for row in rows
    )


def select_meanings(connection: Connection, call_id: int) -> tuple[Meaning, ...]:
    """Every appointment, at every time, that ever meant the call."""
    rows = connection.execute(
        """SELECT collection, uid, recurrence_id, asked_at, gone_at FROM appointment
           WHERE call_id = ? ORDER BY gone_at IS NOT NULL, asked_at, collection, uid""",
        (call_id,),
    )
    return tuple(
        Meaning(
            key=Key(collection=row["collection"], uid=row["uid"], recurrence_id=row["recurrence_id"]),
            asked_at=read_instant(row["asked_at"]),
            gone_at=read_optional_instant(row["gone_at"]),
        )
        for row in rows
    )


def select_data_of_uid(connection: Connection, collection: str, uid: str) -> tuple[tuple[str, bytes], ...]:
    """(href, bytes) of what the calendar holds of this event now; a feed's hrefs are its uids."""
    rows = connection.execute(
        "SELECT href, data FROM object WHERE collection = ? AND (uid = ? OR href = ?)", (collection, uid, uid)
    )
    return tuple((row["href"], row["data"]) for row in rows)
