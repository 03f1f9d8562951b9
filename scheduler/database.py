"""SQLite for the ledger and the gateway: connect, migrate, read, and write in groups.

All writes go through one thread that commits whatever has queued up as one transaction (group commit): with
FULL synchronisation a commit costs a flush, and 32 threads with connections of their own wait for each
other a hundred times longer than for one writer.
Only here: sqlite3 and sqlite_utils.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlite_utils

from scheduler.errors import DatabaseBusy, DatabaseCorrupt, DatabaseError, DatabaseTooNew, DatabaseUnusable

T = TypeVar("T")
P = ParamSpec("P")
Row = sqlite3.Row
Connection = sqlite3.Connection
Cursor = sqlite3.Cursor
ConstraintFailed = sqlite3.IntegrityError
Migrations = sqlite_utils.Migrations
MigrationDatabase = sqlite_utils.Database

_BUSY_SECONDS = 5.0
_LARGEST_GROUP = 64


class Database:
    """One SQLite file in WAL mode, opened and migrated.

    :raises DatabaseError: it can't be opened, is damaged, or was migrated by a newer version.
    """

    def __init__(self, path: Path, migrations: Migrations, *, read_only: bool = False) -> None:
        self.path = path
        self._read_only = read_only
        self._readers = threading.local()
        self._connections: list[Connection] = []
        self._connections_lock = threading.Lock()
        self._queue: queue.SimpleQueue[tuple[Callable[[Connection], Any], Future[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._writer: threading.Thread | None = None
        with translated(path):
            if read_only:
                self._refuse_unmigrated(self._connect(), migrations)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                connection = self._connect()
                self._migrate(connection, migrations)
                self._writer = threading.Thread(
                    target=self._write_groups, args=(connection,), name=f"writer {path.name}", daemon=True
                )
                self._writer.start()

    def read(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``work(connection, …)`` on this thread's own connection; it sees every committed write."""
        with translated(self.path):
            connection: Connection | None = getattr(self._readers, "connection", None)
            if connection is None:
                connection = self._readers.connection = self._connect()
            return work(connection, *args, **kwargs)

    def write(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``work(connection, …)`` in the writer thread, inside its own savepoint; returns once it is on the disk.

        What ``work`` raises rolls back its savepoint alone, and is raised here. A failing commit raises in
        everyone of the group.
        """
        if self._writer is None:
            raise DatabaseUnusable(f"{self.path} was opened for reading only")
        if threading.current_thread() is self._writer:
            raise RuntimeError("a write inside a write would wait for itself")
        future: Future[T] = Future()
        self._queue.put((lambda connection: work(connection, *args, **kwargs), future))
        with translated(self.path):
            return future.result()

    @property
    def alive(self) -> bool:
        """Whether the writer thread runs: the watchdog asks."""
        return self._writer is not None and self._writer.is_alive()

    def close(self) -> None:
        """Finish the queued writes and close every connection."""
        if self._writer is not None:
            self._queue.put(None)
            self._writer.join()
        with self._connections_lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()

    def _connect(self) -> Connection:
        if self._read_only:
            connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS,
                isolation_level=None, check_same_thread=False,
            )  # fmt: skip
        else:
            connection = sqlite3.connect(
                self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.row_factory = sqlite3.Row
        with self._connections_lock:
            self._connections.append(connection)
        return connection

    def _migrate(self, connection: Connection, migrations: Migrations) -> None:
        database = sqlite_utils.Database(connection)
        self._refuse_newer(database, migrations)
        migrations.apply(database)

    def _refuse_unmigrated(self, connection: Connection, migrations: Migrations) -> None:
        database = sqlite_utils.Database(connection)
        self._refuse_newer(database, migrations)
        if migrations.pending(database):
            raise DatabaseUnusable(f"{self.path} is of an older version: start the daemon once, which migrates it")

    def _refuse_newer(self, database: MigrationDatabase, migrations: Migrations) -> None:
        known = {migration.name for migration in migrations._migrations}
        applied = [migration.name for migration in migrations.applied(database)]
        unknown = [name for name in applied if name not in known]
        if unknown:
            raise DatabaseTooNew(
                f"{self.path} was written by a newer version ({unknown[-1]}): install that version again, or "
                "restore the backup made before the upgrade"
            )

    def _write_groups(self, connection: Connection) -> None:
        while True:
            group = self._next_group()
            work = [item for item in group if item is not None]
            if work:
                _commit_group(connection, work)
            if None in group:
                return

    def _next_group(self) -> list[tuple[Callable[[Connection], Any], Future[Any]] | None]:
        group = [self._queue.get()]
        while len(group) < _LARGEST_GROUP:
            try:
                group.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return group


def _commit_group(
    connection: Connection, group: Sequence[tuple[Callable[[Connection], Any], Future[Any]]]
) -> None:
    """Run each work in a savepoint, commit them all, and only then tell their callers."""
    done: list[tuple[Future[Any], Any]] = []
    try:
        connection.execute("BEGIN IMMEDIATE")
        for work, future in group:
            connection.execute("SAVEPOINT one")
            try:
                result = work(connection)
            except BaseException as error:
                connection.execute("ROLLBACK TO one")
                future.set_exception(error)
            else:
                done.append((future, result))
            connection.execute("RELEASE one")
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        for _, future in group:
            if not future.done():
                future.set_exception(error)
        return
    for future, result in done:
        future.set_result(result)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's and the system's errors as ours, each with its remedy."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.OperationalError as error:
        text = str(error)
        if "locked" in text or "busy" in text:
            raise DatabaseBusy(f"{path} is locked by another process: see who has it open") from error
        if any(word in text for word in ("full", "readonly", "unable to open", "disk I/O")):
            raise DatabaseUnusable(
                f"{path}: {text}: see that the disk has room and the file may be written"
            ) from error
        raise DatabaseError(f"{path}: {text}") from error
    except sqlite3.DatabaseError as error:
        raise DatabaseCorrupt(f"{path}: {error}: move it away and restore the last backup") from error
    except OSError as error:
        raise DatabaseUnusable(f"{path}: {error.strerror or error}") from error


def write_instant(instant: datetime) -> str:
    """UTC, microseconds, fixed width: as text it sorts as time does, and people can read it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_instant(text: str) -> datetime:
    """What :func:`write_instant` wrote."""
    return datetime.fromisoformat(text)


def read_optional_instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
