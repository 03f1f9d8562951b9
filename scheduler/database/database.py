"""One SQLite file for all threads of a process: readers with a view of their own, and one writer."""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from scheduler.database.connection import Connection, connect, translated, translation, use_wal
from scheduler.database.copies import compact
from scheduler.database.groups import Item, commit_group
from scheduler.database.migrating import Migrations, migrate, refuse_unmigrated
from scheduler.errors import DatabaseBusy, DatabaseCorrupt, DatabaseError, DatabaseUnusable

S = TypeVar("S")
T = TypeVar("T")
P = ParamSpec("P")

_LARGEST_GROUP = 64


class Database:
    """One SQLite file in WAL mode, opened and migrated.

    :raises DatabaseError: it can't be opened, is damaged, or was migrated by a newer version.
    """

    def __init__(self, path: Path, migrations: Migrations, *, read_only: bool = False) -> None:
        self.path = path
        self._lock = threading.Lock()  # guards the three below
        self._closed = False
        self._idle: list[Connection] = []
        self._queue: queue.SimpleQueue[Item | Future[bool] | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._trouble: DatabaseError | None = None
        with translated(path):
            if read_only:
                with closing(connect(path, "ro")) as connection:
                    refuse_unmigrated(connection, migrations, path)
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

    def compact(self) -> bool:
        """Write the file anew, without anything that was deleted, and empty its log; writes wait meanwhile.

        :return: False where somebody still reads what was: the log then keeps it.
        """
        future: Future[bool] = Future()
        with self._lock:
            self._refuse_closed()
            self._queue.put(future)
        with translated(self.path):
            return future.result()

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
        connection = connection or connect(self.path, "ro")
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
        connection = connect(self.path, "rwc")
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            use_wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
            # Every savepoint keeps the pages that it changes; beyond 64 kB in a temporary file, by default.
            connection.execute("PRAGMA temp_store = MEMORY")
            # What is deleted is overwritten: else it stays in the file until its place is used again.
            connection.execute("PRAGMA secure_delete = ON")
            migrate(connection, migrations, self.path)
        except BaseException:
            connection.close()
            raise
        writer = threading.Thread(
            target=self._write_groups, args=(connection,), name=f"writer {self.path.name}", daemon=True
        )
        writer.start()
        return writer

    def _write_groups(self, connection: Connection) -> None:
        with closing(connection):
            while True:
                group = self._next_group()
                work = [item for item in group if isinstance(item, tuple)]
                if work:
                    commit_group(connection, work)
                    self._note_failures(work)
                for compaction in (item for item in group if isinstance(item, Future)):
                    compact(connection, compaction)
                if None in group:
                    return

    def _note_failures(self, group: Sequence[Item]) -> None:
        for error in (future.exception() for _, _, future in group):
            if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.IntegrityError):
                with suppress(DatabaseError), self._noting_trouble():
                    raise translation(self.path, error)

    def _next_group(self) -> list[Item | Future[bool] | None]:
        group = [self._queue.get()]
        while len(group) < _LARGEST_GROUP:
            try:
                group.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return group
