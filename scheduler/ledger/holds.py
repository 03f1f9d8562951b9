"""Statements on what limits calls: phones that are in another call, lines that are taken, rings of today."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from scheduler.calls.timing import DESTINATION_HELD, ORIGIN_HELD
from scheduler.database import Connection, write_instant
from scheduler.ledger.calls import GOING_ON
from scheduler.phone import PhoneNumber

_ON_THE_PHONE = """EXISTS (
    SELECT 1 FROM attempt WHERE call_id = call.id AND closed_at IS NULL AND requested_at > :since)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What is known of the two phones of a call that is about to be placed."""

    origin_held: bool  # another call of the same origin goes on
    destination_held: bool  # another origin's call to the same destination goes on
    rings: int  # how often the destination has rung today; 0 unless that was asked for


def select_gates(
    connection: Connection, call_ids: Iterable[int], *, held_since: datetime, today: datetime | None
) -> dict[int, Gate]:
    """By the call's id. All in one row, since SQLite hands over the interpreter at each.

    :param held_since: what was requested before holds nobody any more.
    :param today: since when rings count; None counts none. An attempt whose end nobody knows counts as one.
    """
    row = connection.execute(
        f"""SELECT json_group_array(json_array(id,
            EXISTS (SELECT 1 FROM call WHERE {GOING_ON} AND origin = asked.origin AND id <> asked.id
                AND {_ON_THE_PHONE}),
            EXISTS (SELECT 1 FROM call WHERE {GOING_ON} AND destination = asked.destination
                AND origin <> asked.origin AND {_ON_THE_PHONE}),
            CASE WHEN :today IS NULL THEN 0 ELSE (SELECT count(*) FROM call JOIN attempt ON call_id = call.id
                WHERE attempts > 0 AND destination = asked.destination AND deadline_at >= :today
                    AND requested_at >= :today
                    AND CASE WHEN attempt.outcome IS NULL
                        THEN coalesce(answer, '') IN ('', 'accepted', 'perhaps_sent')
                        ELSE attempt.outcome IN ('answered', 'no_answer', 'busy') END) END)) AS gates
            FROM call AS asked WHERE id IN (SELECT value FROM json_each(:ids))""",
        {
            "ids": json.dumps(list(call_ids)),
            "since": write_instant(held_since),
            "today": None if today is None else write_instant(today),
        },
    ).fetchone()
    return {
        call_id: Gate(origin_held=bool(origin_held), destination_held=bool(destination_held), rings=rings)
        for call_id, origin_held, destination_held, rings in json.loads(row["gates"])
    }


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
