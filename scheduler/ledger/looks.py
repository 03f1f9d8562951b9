"""Statements of the last look: which calls are near, what means them, and when their calendars were seen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from scheduler.calls.last_look import Look, Nearing, Sight
from scheduler.database import Connection, Row, read_instant, read_optional_instant, write_instant
from scheduler.ledger.events import append_event_once

_AT_ONCE = 500  # SQLite limits the bound parameters of one statement


def select_nearing(
    connection: Connection, since: datetime, until: datetime, limit: int = -1
) -> tuple[Nearing, ...]:
    """The planned calls that are tried in (since, until], once for each of their appointments.

    :param limit: the first so many of those; negative for all.
    """
    rows = connection.execute(
        """SELECT call.id, call.due_at, call.wake_at, appointment.collection, appointment.uid
           FROM call JOIN appointment ON appointment.call_id = call.id AND appointment.gone_at IS NULL
           WHERE call.state = 'planned' AND call.wake_at > ? AND call.wake_at <= ?
           ORDER BY call.wake_at LIMIT ?""",
        (write_instant(since), write_instant(until), limit),
    )
    return tuple(
        Nearing(
            call_id=row["id"],
            due_at=read_instant(row["due_at"]),
            tried_at=read_instant(row["wake_at"]),
            collection=row["collection"],
            uid=row["uid"],
        )
        for row in rows
    )


def next_due_after(connection: Connection, at: datetime) -> datetime | None:
    """When the first planned call after ``at`` is due; those that were woken before and wait don't count."""
    row = connection.execute(
        """SELECT wake_at FROM call WHERE state = 'planned' AND wake_at > ? AND wake_at = due_at
           ORDER BY wake_at LIMIT 1""",
        (write_instant(at),),
    ).fetchone()
    return read_instant(row["wake_at"]) if row else None


def select_sights(connection: Connection) -> dict[str, Sight]:
    rows = connection.execute("SELECT name, planned_at, looked_at, look_problem FROM collection")
    return {row["name"]: _sight(row) for row in rows}


def select_sights_of_call(connection: Connection, call_id: int) -> tuple[Sight, ...]:
    """Of the calendars whose appointments mean this call."""
    rows = connection.execute(
        """SELECT DISTINCT name, planned_at, looked_at, look_problem
           FROM appointment JOIN collection ON collection.name = appointment.collection
           WHERE appointment.call_id = ? AND appointment.gone_at IS NULL""",
        (call_id,),
    )
    return tuple(_sight(row) for row in rows)


def _sight(row: Row) -> Sight:
    return Sight(
        collection=row["name"],
        planned_at=read_optional_instant(row["planned_at"]),
        looked_at=read_optional_instant(row["looked_at"]),
        problem=row["look_problem"],
    )


def select_hrefs(connection: Connection, collection: str, uids: Collection[str]) -> dict[str, set[str]]:
    """uid → the hrefs that hold it; a uid that no source told of is missing."""
    found: dict[str, set[str]] = {}
    for part in _parts(uids):
        rows = connection.execute(
            f"""SELECT uid, href FROM object
                WHERE collection = ? AND uid <> '' AND uid IN ({", ".join("?" for _ in part)})""",
            (collection, *part),
        )
        for row in rows:
            found.setdefault(row["uid"], set()).add(row["href"])
    return found


def is_overtaken(
    connection: Connection, collection: str, state: str | None, etags: Mapping[str, str], touched: Iterable[str]
) -> bool:
    """Whether somebody else stored a fetch or a look since ``state`` and ``etags`` were read.

    :param touched: the hrefs that are about to change; what others changed beside them does no harm.
    """
    row = connection.execute("SELECT state FROM collection WHERE name = ?", (collection,)).fetchone()
    if (row["state"] if row else None) != state:
        return True
    hrefs = set(touched)
    stored: dict[str, str] = {}
    for part in _parts(hrefs):
        rows = connection.execute(
            f"SELECT href, etag FROM object WHERE collection = ? AND href IN ({', '.join('?' for _ in part)})",
            (collection, *part),
        )
        stored.update((row["href"], row["etag"]) for row in rows)
    return stored != {href: etags[href] for href in hrefs & etags.keys()}


def record_looked(connection: Connection, collection: str, asked_at: datetime) -> None:
    """The plan holds what this look brought."""
    connection.execute(
        "UPDATE collection SET looked_at = ?, look_problem = '' WHERE name = ?",
        (write_instant(asked_at), collection),
    )


def record_unlooked(connection: Connection, look: Look, problem: str, told: str, now: datetime) -> None:
    """A look failed: its calls' histories say so, once.

    :param told: what of the problem may stand in the history, where nothing is ever erased.
    """
    connection.execute("UPDATE collection SET look_problem = ? WHERE name = ?", (problem, look.collection))
    for call_id in sorted(look.call_ids):
        detail = f"calendar {look.collection}: {told}"
        append_event_once(connection, now, "not_looked_at", call_id=call_id, detail=detail)


def _parts(values: Collection[str]) -> list[list[str]]:
    ordered = sorted(values)
    return [ordered[start : start + _AT_ONCE] for start in range(0, len(ordered), _AT_ONCE)]
