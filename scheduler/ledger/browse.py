"""Statements that look back over many calls, for people: searching page by page, a day, and counting outcomes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scheduler.calls.call import Call, Outcome
from scheduler.database import Connection, Row, read_instant, write_instant
from scheduler.ledger.calls import select_call
from scheduler.ledger.schema import SEARCHED
from scheduler.phone import PhoneNumber

# At so many calls a search pauses, and says how far back it has looked: a rare word would walk through them all.
WALK = 20_000
_ENDED_IN = f"{SEARCHED} AND due_at >= ? AND due_at < ? AND outcome IS NOT NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look for among the calls due in [since, until); what is empty doesn't narrow it."""

    since: datetime
    until: datetime
    number: PhoneNumber | None = None  # of either phone
    origin: PhoneNumber | None = None
    outcome: Outcome | None = None
    words: str = ""  # a part of the title, in whatever case
    customers: tuple[PhoneNumber, ...] = ()  # calls to these count as well as those with the words


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """Where a call stands among all."""

    due_at: datetime
    call_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of calls, the latest first."""

    calls: tuple[Call, ...]
    older: Place | None  # before which the next page begins; None where there is nothing more
    paused_at: datetime | None  # how far back the search has looked, where it paused before the page was full


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeTally:
    """How many calls that were due in the quarter of an hour from ``since`` on ended so."""

    since: datetime
    outcome: Outcome
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginTally:
    """How many calls of this phone ended so."""

    origin: PhoneNumber
    outcome: Outcome
    calls: int


def find_calls(connection: Connection, search: Search, before: Place | None, limit: int) -> Found:
    """:param before: where the page before this one ended."""
    start = before or Place(due_at=search.until, call_id=0)
    ends = _first(connection, search, start, "", f"LIMIT 1 OFFSET {WALK}")
    end = _place(ends[0]) if ends else Place(due_at=search.since, call_id=0)
    rows = _first(connection, search, start, _narrowed(search), "LIMIT :limit", end=end, limit=limit + 1)
    calls = tuple(call for call in (select_call(connection, row["id"]) for row in rows[:limit]) if call)
    if len(rows) > limit:
        return Found(calls=calls, older=_place(rows[limit - 1]), paused_at=None)
    return Found(calls=calls, older=end if ends else None, paused_at=end.due_at if ends else None)


def select_due(connection: Connection, since: datetime, until: datetime, limit: int) -> tuple[Call, ...]:
    """The first ``limit`` calls due in [since, until), in their order."""
    rows = connection.execute(
        f"SELECT id FROM call WHERE {SEARCHED} AND due_at >= ? AND due_at < ? ORDER BY due_at, id LIMIT ?",
        (write_instant(since), write_instant(until), limit),
    )
    calls = (select_call(connection, row["id"]) for row in rows.fetchall())
    return tuple(call for call in calls if call is not None)


def count_by_time(connection: Connection, since: datetime, until: datetime) -> tuple[TimeTally, ...]:
    """How the calls due in [since, until) ended, by when they were due."""
    rows = connection.execute(
        f"""SELECT min(due_at) AS first_at, outcome, count(*) AS calls FROM call
            WHERE {_ENDED_IN}
            GROUP BY substr(due_at, 1, 14), CAST(substr(due_at, 15, 2) AS INTEGER) / 15, outcome""",
        (write_instant(since), write_instant(until)),
    )
    return tuple(
        TimeTally(
            since=_quarter(read_instant(row["first_at"])), outcome=Outcome(row["outcome"]), calls=row["calls"]
        )
        for row in rows
    )


def count_by_origin(connection: Connection, since: datetime, until: datetime) -> tuple[OriginTally, ...]:
    """How the calls due in [since, until) ended, by whose phone rang first."""
    rows = connection.execute(
        f"SELECT origin, outcome, count(*) AS calls FROM call WHERE {_ENDED_IN} GROUP BY origin, outcome",
        (write_instant(since), write_instant(until)),
    )
    return tuple(
        OriginTally(origin=PhoneNumber(row["origin"]), outcome=Outcome(row["outcome"]), calls=row["calls"])
        for row in rows
    )


def count_objects(connection: Connection, collection: str) -> int:
    """How much is stored of a calendar or address book."""
    row = connection.execute(
        "SELECT count(*) AS number FROM object WHERE collection = ?", (collection,)
    ).fetchone()
    return int(row["number"])


def _quarter(instant: datetime) -> datetime:
    """Not the hour: there are time zones that are half an hour, or three quarters, apart from it."""
    return instant.replace(minute=instant.minute // 15 * 15, second=0, microsecond=0)


def _first(
    connection: Connection,
    search: Search,
    start: Place,
    narrowed: str,
    tail: str,
    *,
    end: Place | None = None,
    limit: int = 0,
) -> list[Row]:
    """Places of calls from ``start`` back to ``end``, the latest first; those of two indexes are merged."""
    whence = "(due_at, id) < (:start_at, :start_id) AND (due_at, id) >= (:end_at, :end_id)"
    narrowed = f"{whence} AND {SEARCHED} {narrowed}"
    stretches = (f"SELECT due_at, id FROM call WHERE {lead} {narrowed}" for lead in _leads(search))
    sql = f"{' UNION ALL '.join(stretches)} ORDER BY due_at DESC, id DESC {tail}"
    end = end or Place(due_at=search.since, call_id=0)
    return connection.execute(sql, {**_values(search, start, end), "limit": limit}).fetchall()


def _leads(search: Search) -> tuple[str, ...]:
    """By what the calls are walked, each by an index of its own; no call stands in two."""
    if search.number is not None:
        return ("destination = :number AND", "origin = :number AND")
    return ("origin = :origin AND",) if search.origin is not None else ("",)


def _narrowed(search: Search) -> str:
    conditions = {
        "origin = :origin": search.origin is not None,
        "outcome = :outcome": search.outcome is not None,
        "(summary LIKE :words ESCAPE '\\' OR destination IN (SELECT value FROM json_each(:customers)))": bool(
            search.words
        ),
    }
    return "".join(f" AND {condition}" for condition, wanted in conditions.items() if wanted)


def _values(search: Search, start: Place, end: Place) -> Mapping[str, str | int | None]:
    return {
        "start_at": write_instant(start.due_at),
        "start_id": start.call_id,
        "end_at": write_instant(end.due_at),
        "end_id": end.call_id,
        "number": search.number.e164 if search.number else None,
        "origin": search.origin.e164 if search.origin else None,
        "outcome": search.outcome,
        "words": f"%{_literally(search.words)}%",
        "customers": json.dumps([number.e164 for number in search.customers]),
    }


def _literally(words: str) -> str:
    for special in ("\\", "%", "_"):
        words = words.replace(special, f"\\{special}")
    return words


def _place(row: Row) -> Place:
    return Place(due_at=read_instant(row["due_at"]), call_id=row["id"])
