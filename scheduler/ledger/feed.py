"""Statements on calls as they are published: the plan and the outcomes, with what was talked and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.calls.call import Call
from scheduler.database import Connection, Row, read_instant, read_optional_instant, write_instant
from scheduler.ledger.calls import select_call
from scheduler.phone import PhoneNumber

# The last attempt, by the index that keeps the numbers of a call's attempts apart.
_LAST = "FROM attempt WHERE call_id = call.id ORDER BY number DESC LIMIT 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedCall:
    """A call, and its last attempt."""

    call: Call
    changed_at: datetime
    requested_at: datetime | None  # None: nothing was ever requested
    talked: timedelta


def select_feed_calls(
    connection: Connection, since: datetime, until: datetime, origin: PhoneNumber | None, limit: int
) -> tuple[FeedCall, ...]:
    """The newest ``limit`` calls asked for in [since, until), oldest first.

    :param origin: those of this phone alone; None: all.
    """
    of_origin = "" if origin is None else "AND origin = :origin"
    rows = connection.execute(
        f"""SELECT id, coalesce((SELECT max(at) FROM event WHERE call_id = call.id), created_at) AS changed_at,
               (SELECT requested_at {_LAST}) AS requested_at, (SELECT duration_seconds {_LAST}) AS seconds
            FROM call WHERE asked_at >= :since AND asked_at < :until {of_origin}
            ORDER BY asked_at DESC, id DESC LIMIT :limit""",
        {
            "since": write_instant(since),
            "until": write_instant(until),
            "origin": origin.e164 if origin else None,
            "limit": limit,
        },
    ).fetchall()
    found = (_feed_call(connection, row) for row in reversed(rows))
    return tuple(one for one in found if one is not None)


def _feed_call(connection: Connection, row: Row) -> FeedCall | None:
    call = select_call(connection, row["id"])
    if call is None:
        return None
    return FeedCall(
        call=call,
        changed_at=read_instant(row["changed_at"]),
        requested_at=read_optional_instant(row["requested_at"]),
        talked=timedelta(seconds=row["seconds"] or 0),
    )
