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
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlite_utils

from scheduler.errors import DatabaseBusy, DatabaseCorrupt, DatabaseError, DatabaseTooNew, DatabaseUnusable

S = TypeVar("S")
T = TypeVar("T")
P = ParamSpec("P")
Row = sqlite3.Row
Connection = sqlite3.Connection
Cursor = sqlite3.Cursor
ConstraintFailed = sqlite3.IntegrityError
Migrations = sqlite_utils.Migrations
MigrationDatabase = sqlite_utils.Database

_BUSY_SECONDS = 5.0
_WAL_TRIES = 50
_LARGEST_GROUP = 64
_HELD = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNUSABLE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR,
             sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}  # fmt: skip
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_HOW_TO_USE = "see that its folder exists, that both may be read and written, and that the disk has room"
HOW_TO_RESTORE = (
    "to restore it, stop the daemon, move the file away together with those beside it that end in -wal and -shm, "
    "copy the last backup into its place, and look at `call-scheduler plan` before you start the daemon"
)
# What is to be done with things like this one, the thing, and who waits for what comes of it.
_Item = tuple[Callable[[Connection, Sequence[Any]], Sequence[Any]], Any, Future[Any]]


class Database:
    """One SQLite file in WAL mode, opened and migrated.

    :raises DatabaseError: it can't be opened, is damaged, or was migrated by a newer version.
    """

    def __init__(self, path: Path, migrations: Migrations, *, read_only: bool = False) -> None:
        self.path = path
        self._lock = threading.Lock()  # guards the three below
        self._closed = False
        self._idle: list[Connection] = []
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._trouble: DatabaseError | None = None
        with translated(path):
            if read_only:
                self._refuse_unmigrated(migrations)
            else:
                self._writer = self._start_writer(migrations)

    def read(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``work(connection, …)`` in this thread; it sees every write committed before, and none since.

        It returns values, no cursors, and can't write.
        """
        with self._noting_trouble(), translated(self.path), self._reader() as connection:
            connection.execute("BEGIN")
            try:
                return work(connection, *args, **kwargs)
            finally:
                connection.rollback()

    def peek(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As :meth:`read`, for a work of one statement, which sees one state of the file by itself.

        To begin and end a transaction lets the other threads in between twice more, which a burst waits for.
        """
        with self._noting_trouble(), translated(self.path), self._reader() as connection:
            return work(connection, *args, **kwargs)

    def write(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``work(connection, …)`` in the writer thread, inside its own savepoint; returns once it is on disk.

        What ``work`` raises rolls back its savepoint alone, and is raised here. A failing commit raises in
        everyone of the group.
        """
        if threading.current_thread() is self._writer:
            raise RuntimeError("a write inside a write would wait for itself")
        future = self.submit(work, *args, **kwargs)
        with translated(self.path):
            return future.result()

    def submit(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """As :meth:`write`, without waiting: for what nobody acts upon before it is on disk.

        Work is done in the order in which it was submitted, and all of it before ``close`` returns. To wake a
        waiting thread costs more than a write does. What ``work`` raises is in the future, untranslated.
        """
        return self.submit_among(lambda connection, _: [work(connection, *args, **kwargs)], None)

    def submit_among(self, work: Callable[[Connection, Sequence[S]], Sequence[T]], one: S) -> Future[T]:
        """As :meth:`submit`, for one of many: what has queued up for the same ``work`` is done at once.

        :param work: what it is given and what it returns are in the order of submission. Should it raise, each is
            tried again alone, so that a bad one costs itself.
        """
        if self._writer is None:
            raise DatabaseUnusable(f"{self.path} was opened for reading only")
        future: Future[T] = Future()
        with self._lock:
            self._refuse_closed()
            self._queue.put((work, one, future))
        return future

    def take_trouble(self) -> DatabaseError | None:
        """What kept the file from being read or written since it was last asked, whoever met it."""
        trouble, self._trouble = self._trouble, None
        return trouble

    @property
    def alive(self) -> bool:
        """Whether the writer thread runs: the watchdog asks."""
        return self._writer is not None and self._writer.is_alive()

    def close(self) -> None:
        """Finish the queued writes and close every connection; a read that is going on closes its own."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        # Last of all: the last to close folds the log into the file, which a reader can't.
        self._queue.put(None)
        if self._writer is not None:
            self._writer.join()

    @contextmanager
    def _noting_trouble(self) -> Iterator[None]:
        try:
            yield
        except (DatabaseBusy, DatabaseUnusable, DatabaseCorrupt) as error:
            self._trouble = error
            raise

    def _refuse_closed(self) -> None:
        if self._closed:
            raise DatabaseUnusable(f"{self.path} is closed")

    @contextmanager
    def _reader(self) -> Iterator[Connection]:
        """A connection that nobody else reads with: there are as many as threads that ever read at once."""
        with self._lock:
            self._refuse_closed()
            connection = self._idle.pop() if self._idle else None
        connection = connection or _connect(self.path, "ro")
        try:
            yield connection
        finally:
            with self._lock:
                closed = self._closed
                if not closed:
                    self._idle.append(connection)
            if closed:
                connection.close()

    def _start_writer(self, migrations: Migrations) -> threading.Thread:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = _connect(self.path, "rwc")
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            _use_wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
            # Every savepoint keeps the pages that it changes; beyond 64 kB in a temporary file, by default.
            connection.execute("PRAGMA temp_store = MEMORY")
            _migrate(connection, migrations, self.path)
        except BaseException:
            connection.close()
            raise
        writer = threading.Thread(
            target=self._write_groups, args=(connection,), name=f"writer {self.path.name}", daemon=True
        )
        writer.start()
        return writer

    def _refuse_unmigrated(self, migrations: Migrations) -> None:
        connection = _connect(self.path, "ro")
        with closing(connection):
            database = sqlite_utils.Database(connection)
            _refuse_foreign(database, migrations, self.path)
            _refuse_newer(database, migrations, self.path)
            if migrations.pending(database):
                raise DatabaseUnusable(
                    f"{self.path} is of an older version: start the daemon, or restart it: it migrates the file"
                )

    def _write_groups(self, connection: Connection) -> None:
        with closing(connection):
            while True:
                group = self._next_group()
                work = [item for item in group if item is not None]
                if work:
                    _commit_group(connection, work)
                    self._note_failures(work)
                if None in group:
                    return

    def _note_failures(self, group: Sequence[_Item]) -> None:
        for error in (future.exception() for _, _, future in group):
            if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.IntegrityError):
                with suppress(DatabaseError), self._noting_trouble():
                    raise _translation(self.path, error)

    def _next_group(self) -> list[_Item | None]:
        group = [self._queue.get()]
        while len(group) < _LARGEST_GROUP:
            try:
                group.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return group


def _connect(path: Path, mode: str) -> Connection:
    """:param mode: ``ro``, or ``rwc`` to write and create, as SQLite's URIs name it."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=_BUSY_SECONDS, isolation_level=None,
        check_same_thread=False,
    )  # fmt: skip
    connection.row_factory = sqlite3.Row
    return connection


def _use_wal(connection: Connection) -> None:
    """Of several that open a new file at once SQLite refuses all but one here, without waiting."""
    for tries_left in reversed(range(_WAL_TRIES)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or not tries_left:
                raise
            time.sleep(_BUSY_SECONDS / _WAL_TRIES)


def _migrate(connection: Connection, migrations: Migrations, path: Path) -> None:
    """Bring the file to this version, whole or not at all, however many processes open it at once."""
    database = sqlite_utils.Database(connection)
    connection.execute("BEGIN IMMEDIATE")
    try:
        _refuse_foreign(database, migrations, path)
        _refuse_newer(database, migrations, path)
        migrations.apply(database)
    except BaseException:
        connection.rollback()
        raise
    connection.execute("COMMIT")


def _refuse_foreign(database: MigrationDatabase, migrations: Migrations, path: Path) -> None:
    """A file that another program keeps, or the gateway where the ledger is opened, stays as it is."""
    if database.table_names() and not migrations.applied(database):
        raise DatabaseUnusable(f"{path} holds tables of something else: name a file of its own for this")


def _refuse_newer(database: MigrationDatabase, migrations: Migrations, path: Path) -> None:
    known = {migration.name for migration in migrations._migrations}
    applied = [migration.name for migration in migrations.applied(database)]
    unknown = [name for name in applied if name not in known]
    if unknown:
        raise DatabaseTooNew(
            f"{path} was written by a newer version ({unknown[-1]}): install that version again, or "
            "restore the backup made before the upgrade"
        )


def _commit_group(connection: Connection, group: Sequence[_Item]) -> None:
    """Run each work in a savepoint, commit them all, and only then tell their callers."""
    done: list[tuple[Future[Any], Any]] = []
    try:
        connection.execute("BEGIN IMMEDIATE")
        for _, items in groupby(group, key=itemgetter(0)):
            done += _run(connection, list(items))
        connection.execute("COMMIT")
    except BaseException as error:
        for _, _, future in group:
            if not future.done():
                future.set_exception(error)
        connection.rollback()
        return
    for future, result in done:
        future.set_result(result)


def _run(connection: Connection, items: Sequence[_Item]) -> list[tuple[Future[Any], Any]]:
    """Do the one work of these; what fails alone is told at once, and what was done once it is committed."""
    work = items[0][0]
    connection.execute("SAVEPOINT one")
    try:
        results = work(connection, [one for _, one, _ in items])
    except BaseException as error:
        if not connection.in_transaction:
            raise  # SQLite gave up the whole transaction, as it may when the disk is full
        connection.execute("ROLLBACK TO one")
        connection.execute("RELEASE one")
        if len(items) > 1:
            return [done for item in items for done in _run(connection, [item])]
        items[0][2].set_exception(error)
        return []
    connection.execute("RELEASE one")
    return [(future, result) for (_, _, future), result in zip(items, results, strict=True)]


@contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """What fails inside is rolled back alone, and raised; the transaction around it goes on."""
    connection.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # else SQLite gave up the whole transaction
            connection.execute("ROLLBACK TO part")
            connection.execute("RELEASE part")
        raise
    connection.execute("RELEASE part")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's and the system's errors as ours, each with its remedy."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.Error as error:
        raise _translation(path, error) from error
    except OSError as error:
        raise DatabaseUnusable(f"{path}: {error.strerror or error}: {_HOW_TO_USE}") from error


def _translation(path: Path, error: sqlite3.Error) -> DatabaseError:
    # The low byte is the primary code; Python's own errors, as for wrong parameters, carry none.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _HELD:
        return DatabaseBusy(f"{path} is locked by another process: see who has it open")
    if code in _UNUSABLE:
        return DatabaseUnusable(f"{path}: {error}: {_HOW_TO_USE}")
    if code in _DAMAGED:
        return DatabaseCorrupt(f"{path}: {error}: {HOW_TO_RESTORE}")
    return DatabaseError(f"{path}: {error}")


def write_instant(instant: datetime) -> str:
    """UTC, microseconds, fixed width: as text it sorts as time does, and people can read it."""
    # In UTC before it is looked up: of an hour that clocks show twice, both are equal in their own zone.
    return _instant_text(instant.astimezone(UTC))


# A burst of calls writes the same few instants ten times each.
@lru_cache(maxsize=1024)
def _instant_text(instant: datetime) -> str:
    # Not strftime, which writes the year 999 with three digits.
    return instant.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def read_instant(text: str) -> datetime:
    """What :func:`write_instant` wrote."""
    return datetime.fromisoformat(text)


def read_optional_instant(text: str | None) -> datetime | None:
    return None if text is None else read_instant(text)
