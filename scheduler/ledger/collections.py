"""Statements on ``collection`` and ``object``: the calendars' last good objects and how the fetches went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scheduler.database import Connection, Row, read_instant, read_optional_instant, write_instant

_COLUMNS = "name, settings, state, good_at, planned_at, tried_with, tried_at, failures, problem, forbidden"


ADDRESS_BOOK = "address book "  # how the names of address books begin, and those of calendars don't


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """How the fetches of one calendar or address book went."""

    name: str
    settings: str  # digest of what the objects were fetched with: another server's token is worth nothing
    state: str  # the source's own
    good_at: datetime | None
    planned_at: datetime | None  # the last good fetch that the plan holds wholly
    tried_with: str  # the digest of the last try, good or not
    tried_at: datetime
    failures: int  # in a row
    problem: str
    forbidden: bool  # the credentials were refused


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """What one href held at the last good fetch."""

    href: str
    etag: str
    data: bytes
    problem: str = ""  # why what it holds now can't be read; ``data`` is what was last read well
    uid: str = ""  # where the source told it: by it a last look finds the object


class NewObject(Protocol):
    """What is stored of an object, whoever fetched it: of a big feed nothing is in memory twice."""

    @property
    def href(self) -> str: ...
    @property
    def etag(self) -> str: ...
    @property
    def data(self) -> bytes: ...
    @property
    def uid(self) -> str: ...


def title_of(name: str) -> str:
    """What people call a collection: an address book's name says what it is."""
    return name if name.startswith(ADDRESS_BOOK) else f"calendar {name}"


def select_collection(connection: Connection, name: str) -> Collection | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM collection WHERE name = ?", (name,)).fetchone()
    return _collection(row) if row else None


def select_collections(connection: Connection) -> tuple[Collection, ...]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM collection ORDER BY name")
    return tuple(_collection(row) for row in rows)


def _collection(row: Row) -> Collection:
    return Collection(
        name=row["name"],
        settings=row["settings"],
        state=row["state"],
        good_at=read_optional_instant(row["good_at"]),
        planned_at=read_optional_instant(row["planned_at"]),
        tried_with=row["tried_with"],
        tried_at=read_instant(row["tried_at"]),
        failures=row["failures"],
        problem=row["problem"],
        forbidden=bool(row["forbidden"]),
    )


def record_fetched(
    connection: Connection, name: str, settings: str, state: str, now: datetime, *, news: bool
) -> None:
    """:param news: whether anything changed; without, what the plan held before it holds of this fetch too."""
    at = write_instant(now)
    connection.execute(
        """INSERT INTO collection (name, settings, state, good_at, tried_with, tried_at) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET settings = excluded.settings, state = excluded.state,
               planned_at = CASE WHEN settings <> excluded.settings THEN NULL
                                 WHEN planned_at IS good_at AND NOT ? THEN excluded.good_at
                                 ELSE planned_at END,
               good_at = excluded.good_at, tried_with = excluded.tried_with, tried_at = excluded.tried_at,
               failures = 0, problem = '', forbidden = 0, look_problem = ''""",
        (name, settings, state, at, settings, at, news),
    )


def record_begun(connection: Connection, name: str, now: datetime) -> None:
    """A first fetch is being stored. Where that never ends, the next is due at once: it was tried with nothing."""
    connection.execute(
        "INSERT INTO collection (name, tried_with, tried_at) VALUES (?, '', ?) ON CONFLICT DO NOTHING",
        (name, write_instant(now)),
    )


def record_planned(connection: Connection, name: str, good_at: datetime) -> None:
    """The plan holds all of the fetch of ``good_at``."""
    connection.execute("UPDATE collection SET planned_at = ? WHERE name = ?", (write_instant(good_at), name))


def record_failed(
    connection: Connection, name: str, settings: str, problem: str, now: datetime, *, forbidden: bool
) -> int:
    """The last good objects and their state stay; returns how many fetches have failed in a row."""
    row = connection.execute(
        """INSERT INTO collection (name, tried_with, tried_at, failures, problem, forbidden)
           VALUES (?, ?, ?, 1, ?, ?)
           ON CONFLICT DO UPDATE SET tried_at = excluded.tried_at, problem = excluded.problem,
               failures = CASE tried_with WHEN excluded.tried_with THEN failures + 1 ELSE 1 END,
               tried_with = excluded.tried_with, forbidden = excluded.forbidden
           RETURNING failures""",
        (name, settings, write_instant(now), problem, forbidden),
    ).fetchone()
    return int(row["failures"])


def select_etags(connection: Connection, collection: str) -> dict[str, str]:
    rows = connection.execute("SELECT href, etag FROM object WHERE collection = ?", (collection,))
    return {row["href"]: row["etag"] for row in rows}


def select_etag(connection: Connection, collection: str, href: str) -> str | None:
    row = connection.execute(
        "SELECT etag FROM object WHERE collection = ? AND href = ?", (collection, href)
    ).fetchone()
    return None if row is None else str(row["etag"])


def holds_objects(connection: Connection, collection: str) -> bool:
    """Whether anything of the calendar is stored."""
    return bool(connection.execute("SELECT 1 FROM object WHERE collection = ? LIMIT 1", (collection,)).fetchone())


def select_objects(connection: Connection, collection: str) -> tuple[StoredObject, ...]:
    rows = connection.execute(
        "SELECT href, etag, data, problem FROM object WHERE collection = ? ORDER BY href", (collection,)
    )
    return tuple(_object(row) for row in rows)


def select_objects_after(
    connection: Connection, collection: str, href: str, limit: int
) -> tuple[StoredObject, ...]:
    """The next ``limit`` objects in the order of their hrefs; a big calendar doesn't fit into memory at once."""
    rows = connection.execute(
        """SELECT href, etag, data, problem FROM object
           WHERE collection = ? AND href > ? ORDER BY href LIMIT ?""",
        (collection, href, limit),
    )
    return tuple(_object(row) for row in rows)


def select_some_objects(connection: Connection, collection: str, hrefs: Iterable[str]) -> tuple[StoredObject, ...]:
    """Those of ``hrefs`` that are stored."""
    sql = "SELECT href, etag, data, problem FROM object WHERE collection = ? AND href = ?"
    return tuple(_object(row) for href in hrefs for row in connection.execute(sql, (collection, href)))


def _object(row: Row) -> StoredObject:
    return StoredObject(href=row["href"], etag=row["etag"], data=row["data"], problem=row["problem"])


def upsert_objects(connection: Connection, collection: str, objects: Iterable[NewObject]) -> None:
    connection.executemany(
        """INSERT INTO object (collection, href, etag, data, uid) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET etag = excluded.etag, data = excluded.data, uid = excluded.uid,
               problem = ''""",
        ((collection, one.href, one.etag, one.data, one.uid) for one in objects),
    )


def record_broken(connection: Connection, collection: str, objects: Iterable[StoredObject]) -> None:
    """They hold something else than their data now, which can't be read."""
    connection.executemany(
        "UPDATE object SET etag = ?, problem = ? WHERE collection = ? AND href = ?",
        [(one.etag, one.problem, collection, one.href) for one in objects],
    )


def delete_objects(connection: Connection, collection: str, hrefs: Iterable[str]) -> None:
    connection.executemany(
        "DELETE FROM object WHERE collection = ? AND href = ?", [(collection, href) for href in hrefs]
    )
