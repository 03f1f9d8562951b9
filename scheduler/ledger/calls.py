"""Statements on ``call``: one SQL statement a function, named for its verb.

Every change of state is an UPDATE conditional on the state it leaves; a function that returns False found
no such row, because somebody else was first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scheduler.calls.call import Call, Outcome, PlannedCall, State
from scheduler.database import (
    Connection,
    Cursor,
    Row,
    read_instant,
    read_optional_instant,
    select_at_once,
    write_instant,
)
from scheduler.phone import PhoneNumber
from scheduler.vca import Presentation

_FIELDS = (
    "id", "state", "outcome", "reason", "origin", "destination", "cli", "presentation", "summary", "asked_at",
    "due_at", "deadline_at", "wake_at", "revision", "attempts", "again_of", "ended_at", "starts_at",
)  # fmt: skip
_COLUMNS = ", ".join(_FIELDS)
# Word for word the condition of the index call_going_on, which SQLite else doesn't use.
GOING_ON = "state IN ('claimed', 'requested', 'placed')"


Fields = Row | Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to place one call, as it was when claimed; a move or cancellation since makes it void."""

    call: Call
    token: str


def insert_call(connection: Connection, wanted: PlannedCall, now: datetime, *, again_of: int | None = None) -> int:
    """:raises ConstraintFailed: its slot has an open or attempted call already."""
    row = connection.execute(
        """INSERT INTO call (origin, destination, cli, presentation, summary, asked_at, due_at, deadline_at,
               starts_at, wake_at, again_of, created_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id""",
        (*_wanted(wanted), write_instant(wanted.due_at), again_of, write_instant(now)),
    ).fetchone()
    return int(row["id"])


def select_call(connection: Connection, call_id: int) -> Call | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM call WHERE id = ?", (call_id,)).fetchone()
    return _call(row) if row else None


def select_call_again(connection: Connection, call_id: int) -> int | None:
    """The call that rings this one again, if there is one."""
    row = connection.execute("SELECT id FROM call WHERE again_of = ?", (call_id,)).fetchone()
    return None if row is None else int(row["id"])


def select_calls(connection: Connection, *, since: datetime, until: datetime, limit: int) -> tuple[Call, ...]:
    """The calls asked for in [since, until), oldest first; the newest ``limit`` of them."""
    rows = connection.execute(
        f"""SELECT * FROM (SELECT {_COLUMNS} FROM call WHERE asked_at >= ? AND asked_at < ?
                ORDER BY asked_at DESC, id DESC LIMIT ?) ORDER BY asked_at, id""",
        (write_instant(since), write_instant(until), limit),
    )
    return tuple(_call(row) for row in rows)


def select_planned_calls(connection: Connection, limit: int) -> tuple[Call, ...]:
    """The next that ring."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM call WHERE state = 'planned' ORDER BY wake_at, id LIMIT ?", (limit,)
    )
    return tuple(_call(row) for row in rows)


def select_reconcilable(connection: Connection, since: datetime) -> tuple[Call, ...]:
    """Every call that an appointment at or after ``since`` ever meant, and every older one that is going on.

    An older one that is still planned is past its deadline and about to end by itself; what no appointment
    ever meant was asked for by a person, and no calendar changes it.
    """
    rows = connection.execute(
        f"""SELECT {_COLUMNS} FROM call WHERE id IN (SELECT call_id FROM appointment WHERE asked_at >= ?)
            UNION SELECT {_COLUMNS} FROM call WHERE {GOING_ON}""",
        (write_instant(since),),
    )
    return tuple(_call(row) for row in rows)


def first_moved_at(connection: Connection, due_since: datetime) -> datetime | None:
    """The earliest time asked for among the calls that calling hours moved to ``due_since`` or later."""
    # Not min(): for that SQLite would rather walk all calls in the order of asked_at.
    rows = connection.execute(
        "SELECT asked_at FROM call WHERE due_at > asked_at AND due_at >= ?", (write_instant(due_since),)
    )
    return min((read_instant(row["asked_at"]) for row in rows), default=None)


def next_wake_at(connection: Connection) -> datetime | None:
    row = connection.execute("SELECT min(wake_at) AS at FROM call WHERE state = 'planned'").fetchone()
    return read_optional_instant(row["at"])


def claim_due(connection: Connection, now: datetime, limit: int, token: str) -> list[Claim]:
    """Claim at most ``limit`` calls whose wake_at has come, the longest overdue first."""
    rest = "FROM call WHERE state = 'planned' AND wake_at <= ? ORDER BY wake_at, id LIMIT ?"
    return _claim_all(connection, select_at_once(connection, _FIELDS, rest, (write_instant(now), limit)), token)


def claim_late(connection: Connection, now: datetime, limit: int, token: str) -> list[Claim]:
    """Claim calls whose deadline has passed: they are judged, whatever keeps the others back."""
    at = write_instant(now)
    rest = "FROM call WHERE state = 'planned' AND wake_at <= ? AND deadline_at < ? ORDER BY wake_at, id LIMIT ?"
    return _claim_all(connection, select_at_once(connection, _FIELDS, rest, (at, at, limit)), token)


def _claim_all(connection: Connection, planned: Sequence[Fields], token: str) -> list[Claim]:
    """planned → claimed, in the transaction in which they were read."""
    connection.execute(
        """UPDATE call SET state = 'claimed', claim_token = ?
           WHERE id IN (SELECT value FROM json_each(?)) AND state = 'planned'""",
        (token, json.dumps([row["id"] for row in planned])),
    )
    return [Claim(call=_call({**row, "state": State.CLAIMED}), token=token) for row in planned]


def note_kept_back(connection: Connection, since: datetime, reason: str) -> int:
    """Write down why calls that have been due since then haven't been claimed."""
    return int(
        connection.execute(
            "UPDATE call SET reason = ? WHERE state = 'planned' AND wake_at <= ? AND reason = ''",
            (reason, write_instant(since)),
        ).rowcount
    )


def claim_one(connection: Connection, call_id: int, now: datetime, token: str) -> Claim | None:
    """Claim this call if its wake_at has come."""
    row = connection.execute(
        f"""UPDATE call SET state = 'claimed', claim_token = ?
            WHERE id = ? AND state = 'planned' AND wake_at <= ? RETURNING {_COLUMNS}""",
        (token, call_id, write_instant(now)),
    ).fetchone()
    return Claim(call=_call(row), token=token) if row else None


def release_claim(connection: Connection, claim: Claim, wake_at: datetime, reason: str = "") -> bool:
    """claimed → planned; ``reason`` is why the call has to wait."""
    return _changed(
        connection.execute(
            """UPDATE call SET state = 'planned', claim_token = NULL, wake_at = ?, reason = ?
               WHERE id = ? AND state = 'claimed' AND claim_token = ? AND revision = ?""",
            (write_instant(wake_at), reason, *_claimed(claim)),
        )
    )


def release_all_claims(connection: Connection) -> int:
    """Give back what a dead process had claimed: under the ledger's lock no other can hold one."""
    return int(
        connection.execute(
            f"UPDATE call SET state = 'planned', claim_token = NULL WHERE {GOING_ON} AND state = 'claimed'"
        ).rowcount
    )


def end_claim(connection: Connection, claim: Claim, outcome: Outcome, reason: str, now: datetime) -> bool:
    return _changed(
        connection.execute(
            """UPDATE call SET state = 'ended', claim_token = NULL, outcome = ?, reason = ?, ended_at = ?,
                   slot_free = (attempts = 0)
               WHERE id = ? AND state = 'claimed' AND claim_token = ? AND revision = ?""",
            (outcome, reason, write_instant(now), *_claimed(claim)),
        )
    )


def request_calls(connection: Connection, claims: Iterable[Claim]) -> frozenset[int]:
    """claimed → requested, of the claims that still hold: the last gate before the wire.

    :return: the ids of the calls that it changed.
    """
    rest = """FROM call JOIN (
            SELECT json_extract(value, '$[0]') AS claimed_id, json_extract(value, '$[1]') AS token,
                json_extract(value, '$[2]') AS claimed_revision
            FROM json_each(?))
        WHERE id = claimed_id AND state = 'claimed' AND claim_token = token AND revision = claimed_revision"""
    claimed = json.dumps([_claimed(claim) for claim in claims])
    held = [row["id"] for row in select_at_once(connection, ["id"], rest, (claimed,))]
    connection.execute(
        """UPDATE call SET state = 'requested', claim_token = NULL, attempts = attempts + 1, reason = ''
           WHERE id IN (SELECT value FROM json_each(?)) AND state = 'claimed'""",
        (json.dumps(held),),
    )
    return frozenset(held)


def place_calls(connection: Connection, attempt_ids: Iterable[int]) -> int:
    """requested → placed, by these attempts: a late answer of one that is over says nothing of the next.

    :return: of how many calls.
    """
    return int(
        connection.execute(
            """UPDATE call SET state = 'placed' WHERE state = 'requested' AND id IN (
                   SELECT call_id FROM attempt
                   WHERE id IN (SELECT value FROM json_each(?)) AND closed_at IS NULL)""",
            (json.dumps(list(attempt_ids)),),
        ).rowcount
    )


def plan_again(
    connection: Connection, call_id: int, wake_at: datetime, reason: str, *, leaving: Iterable[State]
) -> bool:
    """Back to planned: nothing was placed, or nobody answered; ``leaving`` are the states that it may be in."""
    states = [state.value for state in leaving]
    return _changed(
        connection.execute(
            f"""UPDATE call SET state = 'planned', wake_at = ?, reason = ?
                WHERE id = ? AND state IN ({", ".join("?" for _ in states)})""",
            (write_instant(wake_at), reason, call_id, *states),
        )
    )


def end_call(
    connection: Connection,
    call_id: int,
    outcome: Outcome,
    reason: str,
    now: datetime,
    *,
    leaving: Iterable[State],
) -> bool:
    """End a call that is in one of the states ``leaving``."""
    states = [state.value for state in leaving]
    return _changed(
        connection.execute(
            f"""UPDATE call SET state = 'ended', claim_token = NULL, outcome = ?, reason = ?, ended_at = ?,
                    slot_free = (attempts = 0)
                WHERE id = ? AND state IN ({", ".join("?" for _ in states)})""",
            (outcome, reason, write_instant(now), call_id, *states),
        )
    )


def amend_unknown(connection: Connection, call_id: int, outcome: Outcome, reason: str) -> bool:
    """The one change that an ended call allows: somebody found out what happened."""
    return _changed(
        connection.execute(
            """UPDATE call SET outcome = ?, reason = ?
               WHERE id = ? AND state = 'ended' AND outcome = 'unknown'""",
            (outcome, reason, call_id),
        )
    )


def move_call(connection: Connection, call: Call, wanted: PlannedCall) -> bool:
    """Give a call what the calendar says now; a claim on it becomes void.

    Where it stays due when it was, it goes on waiting for what it waits for.

    :raises ConstraintFailed: the slot it moves to has an open or attempted call already.
    """
    due_at = write_instant(wanted.due_at)
    return _changed(
        connection.execute(
            """UPDATE call SET state = 'planned', claim_token = NULL, revision = revision + 1,
                   origin = ?, destination = ?, cli = ?, presentation = ?, summary = ?, asked_at = ?, due_at = ?,
                   deadline_at = ?, starts_at = ?,
                   wake_at = CASE due_at WHEN ? THEN wake_at ELSE ? END,
                   reason = CASE due_at WHEN ? THEN reason ELSE '' END
               WHERE id = ? AND state IN ('planned', 'claimed')""",
            (*_wanted(wanted), due_at, due_at, due_at, call.id),
        )
    )


def _wanted(wanted: PlannedCall) -> tuple[str | None, ...]:
    return (
        wanted.origin.e164,
        wanted.destination.e164,
        wanted.cli.e164 if wanted.cli else None,
        wanted.presentation.value,
        wanted.summary,
        write_instant(wanted.asked_at),
        write_instant(wanted.due_at),
        write_instant(wanted.deadline_at),
        write_instant(wanted.starts_at) if wanted.starts_at else None,
    )


def _claimed(claim: Claim) -> tuple[int, str, int]:
    return (claim.call.id, claim.token, claim.call.revision)


def _changed(cursor: Cursor) -> bool:
    return cursor.rowcount == 1


def _call(row: Fields) -> Call:
    return Call(
        id=row["id"],
        state=State(row["state"]),
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        reason=row["reason"],
        origin=PhoneNumber(row["origin"]),
        destination=PhoneNumber(row["destination"]),
        cli=PhoneNumber(row["cli"]) if row["cli"] else None,
        presentation=Presentation(row["presentation"]),
        summary=row["summary"],
        asked_at=read_instant(row["asked_at"]),
        due_at=read_instant(row["due_at"]),
        deadline_at=read_instant(row["deadline_at"]),
        wake_at=read_instant(row["wake_at"]),
        revision=row["revision"],
        attempts=row["attempts"],
        again_of=row["again_of"],
        ended_at=read_optional_instant(row["ended_at"]),
        starts_at=read_optional_instant(row["starts_at"]),
    )
