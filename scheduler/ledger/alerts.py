"""Statements on the alerts among the events: what an admin should know of, until somebody has seen it.

A call that is missed is one by itself; the others are appended beside what they tell of.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scheduler.database import Connection, read_instant, write_instant
from scheduler.ledger.events import append_event


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One of them; the text names calls by their ids, and nobody."""

    at: datetime
    text: str
    call_id: int | None


def append_alert(connection: Connection, now: datetime, text: str, *, call_id: int | None = None) -> None:
    """Whoever appends it logs it too, at ERROR, once it is on the disk."""
    append_event(connection, now, "alert", call_id=call_id, detail=text)


def acknowledge_alerts(connection: Connection, now: datetime, who: str, *, call_id: int | None = None) -> None:
    """Somebody has seen those up to now: all of them, or one call's."""
    append_event(connection, now, "acknowledged", call_id=call_id, detail=who)


def select_alerts(connection: Connection, since: datetime) -> tuple[Alert, ...]:
    """Those since then that nobody has acknowledged, the newest first."""
    rows = connection.execute(
        """SELECT at, call_id, CASE kind WHEN 'missed' THEN 'call ' || call_id || ' was missed: `calls` tells why'
                              ELSE detail END AS text
           FROM event AS alert WHERE kind IN ('alert', 'missed') AND at >= ? AND NOT EXISTS (
               SELECT 1 FROM event AS seen WHERE kind = 'acknowledged' AND seen.id > alert.id
               AND (seen.call_id IS NULL OR seen.call_id = alert.call_id))
           ORDER BY at DESC, id DESC""",
        (write_instant(since),),
    )
    return tuple(Alert(at=read_instant(row["at"]), text=row["text"], call_id=row["call_id"]) for row in rows)
