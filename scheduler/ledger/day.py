"""Statements on the calls of a stretch of time, as people look at them: what comes, what rings, what ended."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from scheduler.calls.call import Call, Outcome
from scheduler.database import Connection, Row, write_instant
from scheduler.ledger.calls import GOING_ON, select_call

# Asked for in this time and not moved out of it, or moved into it by calling hours; by an index each.
_DUE = """((asked_at >= :since AND asked_at < :until AND due_at < :until)
    OR (due_at > asked_at AND due_at >= :since AND due_at < :until))"""


def count_ended(connection: Connection, since: datetime, until: datetime) -> dict[Outcome, int]:
    """How many calls due in [since, until) ended in each way; only those that there are."""
    rows = connection.execute(
        f"SELECT outcome, count(*) AS number FROM call WHERE {_DUE} AND state = 'ended' GROUP BY outcome",
        _window(since, until),
    )
    return {Outcome(row["outcome"]): row["number"] for row in rows}


def count_planned(connection: Connection, since: datetime, until: datetime) -> int:
    row = connection.execute(
        f"SELECT count(*) AS number FROM call WHERE {_DUE} AND state = 'planned'", _window(since, until)
    ).fetchone()
    return int(row["number"])


def select_planned(connection: Connection, since: datetime, until: datetime, limit: int) -> tuple[Call, ...]:
    """The first ``limit`` planned calls due in [since, until), soonest first."""
    rows = connection.execute(
        f"SELECT id FROM call WHERE {_DUE} AND state = 'planned' ORDER BY due_at, id LIMIT :limit",
        {**_window(since, until), "limit": limit},
    )
    return _calls(connection, rows.fetchall())


def select_ended(
    connection: Connection, since: datetime, until: datetime, outcomes: Collection[Outcome], limit: int
) -> tuple[Call, ...]:
    """The last ``limit`` calls due in [since, until) that ended so, the latest first."""
    wanted = ", ".join(f"'{outcome.value}'" for outcome in sorted(outcomes))
    rows = connection.execute(
        f"""SELECT id FROM call WHERE {_DUE} AND state = 'ended' AND outcome IN ({wanted})
            ORDER BY due_at DESC, id DESC LIMIT :limit""",
        {**_window(since, until), "limit": limit},
    )
    return _calls(connection, rows.fetchall())


def select_ringing(connection: Connection, limit: int) -> tuple[Call, ...]:
    """What has been asked of the provider, or is just about to be, and isn't over."""
    rows = connection.execute(f"SELECT id FROM call WHERE {GOING_ON} ORDER BY due_at, id LIMIT ?", (limit,))
    return _calls(connection, rows.fetchall())


def _window(since: datetime, until: datetime) -> dict[str, str | int]:
    return {"since": write_instant(since), "until": write_instant(until)}


def _calls(connection: Connection, rows: Collection[Row]) -> tuple[Call, ...]:
    found = (select_call(connection, row["id"]) for row in rows)
    return tuple(call for call in found if call is not None)
