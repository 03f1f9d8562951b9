"""Statements on what limits calls: phones that are in another call, lines that are taken, rings of today."""

from __future__ import annotations

from datetime import datetime

from scheduler.calls.call import Call
from scheduler.calls.timing import DESTINATION_HELD, ORIGIN_HELD
from scheduler.database import Connection, write_instant
from scheduler.ledger.calls import GOING_ON
from scheduler.phone import PhoneNumber


def origin_is_held(connection: Connection, call: Call, since: datetime) -> bool:
    """Whether another call of the same origin, requested after ``since``, is going on."""
    row = connection.execute(
        f"""SELECT 1 FROM call WHERE {GOING_ON} AND origin = ? AND id <> ? AND EXISTS (
                SELECT 1 FROM attempt WHERE call_id = call.id AND closed_at IS NULL AND requested_at > ?)
            LIMIT 1""",
        (call.origin.e164, call.id, write_instant(since)),
    ).fetchone()
    return row is not None


def wake_origin(connection: Connection, origin: PhoneNumber, now: datetime) -> int:
    """Let the calls that wait for this origin look again at once; other waits, as a 429's, go on."""
    at = write_instant(now)
    return int(
        connection.execute(
            """UPDATE call SET wake_at = ?
               WHERE state = 'planned' AND origin = ? AND due_at <= ? AND wake_at > ? AND reason = ?""",
            (at, origin.e164, at, at, ORIGIN_HELD),
        ).rowcount
    )


def destination_is_held(connection: Connection, call: Call, since: datetime) -> bool:
    """Whether another origin's call to the same destination, requested after ``since``, is going on."""
    row = connection.execute(
        f"""SELECT 1 FROM call WHERE {GOING_ON} AND destination = ? AND origin <> ? AND EXISTS (
                SELECT 1 FROM attempt WHERE call_id = call.id AND closed_at IS NULL AND requested_at > ?)
            LIMIT 1""",
        (call.destination.e164, call.origin.e164, write_instant(since)),
    ).fetchone()
    return row is not None


def wake_destination(connection: Connection, destination: PhoneNumber, now: datetime) -> int:
    """Let the calls that wait until this customer is free look again at once."""
    at = write_instant(now)
    # The words about the reason are those of the index call_destination.
    return int(
        connection.execute(
            """UPDATE call SET wake_at = ?
               WHERE state = 'planned' AND reason <> '' AND destination = ? AND wake_at > ? AND reason = ?""",
            (at, destination.e164, at, DESTINATION_HELD),
        ).rowcount
    )


def count_going_on(connection: Connection, since: datetime, most: int) -> int:
    """How many calls are claimed, or were requested after ``since`` and go on, counted up to ``most``."""
    row = connection.execute(
        f"""SELECT count(*) AS number FROM (
                SELECT 1 FROM attempt WHERE closed_at IS NULL AND requested_at > ?
                UNION ALL SELECT 1 FROM call WHERE {GOING_ON} AND state = 'claimed'
                LIMIT ?)""",
        (write_instant(since), most),
    ).fetchone()
    return int(row["number"])


def count_rings(connection: Connection, destination: PhoneNumber, since: datetime) -> int:
    """How often this phone has rung since then; an attempt whose end nobody knows counts as a ring."""
    row = connection.execute(
        """SELECT count(*) AS number FROM call JOIN attempt ON call_id = call.id
           WHERE attempts > 0 AND destination = ? AND deadline_at >= ? AND requested_at >= ?
               AND CASE WHEN attempt.outcome IS NULL THEN coalesce(answer, '') IN ('', 'accepted', 'perhaps_sent')
                        ELSE attempt.outcome IN ('answered', 'no_answer', 'busy') END""",
        (destination.e164, write_instant(since), write_instant(since)),
    ).fetchone()
    return int(row["number"])
