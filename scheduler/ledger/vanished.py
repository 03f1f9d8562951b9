"""Statements on ``vanished``: the calls that a calendar has lost, for the brake (rule 9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.calls.brake import Vanished
from scheduler.calls.call import Call, Key
from scheduler.database import Connection, read_instant, write_instant
from scheduler.ledger.calls import select_call
from scheduler.ledger.collections import holds_objects


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What is held of one calendar."""

    collection: str
    since: datetime
    held: int
    coming: int  # the planned calls of the calendar, the held ones among them
    empty: bool  # nothing at all is in the calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCall:
    """A held call and one of the appointments that vanished from it."""

    key: Key
    call: Call


def select_vanished(connection: Connection) -> dict[str, tuple[Vanished, ...]]:
    """What is remembered of each collection."""
    found: dict[str, list[Vanished]] = defaultdict(list)
    rows = connection.execute(
        "SELECT collection, call_id, since, missed_at, held, accepted FROM vanished ORDER BY collection, call_id"
    )
    for row in rows:
        one = Vanished(
            call_id=row["call_id"],
            since=read_instant(row["since"]),
            missed_at=read_instant(row["missed_at"]),
            held=bool(row["held"]),
            accepted=bool(row["accepted"]),
        )
        found[row["collection"]].append(one)
    return {collection: tuple(ones) for collection, ones in found.items()}


def replace_vanished(connection: Connection, collection: str, remember: Iterable[Vanished]) -> None:
    connection.execute("DELETE FROM vanished WHERE collection = ?", (collection,))
    connection.executemany(
        "INSERT INTO vanished (collection, call_id, since, missed_at, held, accepted) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                collection,
                one.call_id,
                write_instant(one.since),
                write_instant(one.missed_at),
                one.held,
                one.accepted,
            )
            for one in remember
        ],
    )


def accept_vanished(connection: Connection, collection: str) -> frozenset[int]:
    """Let what is held of this collection go at the next round; returns the ids of its calls."""
    connection.execute("UPDATE vanished SET accepted = 1 WHERE collection = ? AND held = 1", (collection,))
    rows = connection.execute("SELECT call_id FROM vanished WHERE collection = ? AND held = 1", (collection,))
    return frozenset(row["call_id"] for row in rows)


def select_held_ids(connection: Connection) -> frozenset[int]:
    """The calls that any calendar has lost and that are held."""
    return frozenset(row["call_id"] for row in connection.execute("SELECT call_id FROM vanished WHERE held = 1"))


def select_coming(connection: Connection, collection: str, now: datetime) -> frozenset[int]:
    """The calls that appointments of this collection mean and that may still be placed."""
    rows = connection.execute(
        """SELECT id FROM call WHERE state IN ('planned', 'claimed') AND deadline_at >= ? AND id IN (
               SELECT call_id FROM appointment WHERE collection = ? AND gone_at IS NULL)""",
        (write_instant(now), collection),
    )
    return frozenset(row["id"] for row in rows)


def select_held_calls(connection: Connection, since: datetime, until: datetime) -> tuple[HeldCall, ...]:
    """What is held and asked for in [since, until), with the appointments that it vanished from."""
    rows = connection.execute(
        """SELECT DISTINCT appointment.collection, uid, recurrence_id, vanished.call_id
           FROM vanished JOIN appointment USING (collection, call_id)
           WHERE held = 1 AND gone_at IS NULL AND asked_at >= ? AND asked_at < ?""",
        (write_instant(since), write_instant(until)),
    ).fetchall()
    calls = {row["call_id"]: select_call(connection, row["call_id"]) for row in rows}
    return tuple(
        HeldCall(
            key=Key(collection=row["collection"], uid=row["uid"], recurrence_id=row["recurrence_id"]), call=call
        )
        for row in rows
        if (call := calls[row["call_id"]]) is not None
    )


def select_holds(connection: Connection, now: datetime) -> tuple[Hold, ...]:
    memory = select_vanished(connection)
    held = {collection: [one for one in ones if one.held] for collection, ones in memory.items()}
    return tuple(_hold(connection, collection, ones, now) for collection, ones in held.items() if ones)


def _hold(connection: Connection, collection: str, held: Sequence[Vanished], now: datetime) -> Hold:
    coming = select_coming(connection, collection, now)
    return Hold(
        collection=collection,
        since=min(one.since for one in held),
        held=len(coming & {one.call_id for one in held}),
        coming=len(coming),
        empty=not holds_objects(connection, collection),
    )
