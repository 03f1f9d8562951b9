"""One connection to a SQLite file, and what its errors mean."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scheduler.errors import DatabaseBusy, DatabaseCorrupt, DatabaseError, DatabaseUnusable

Row = sqlite3.Row
Connection = sqlite3.Connection
Cursor = sqlite3.Cursor
ConstraintFailed = sqlite3.IntegrityError

LARGEST_INTEGER = 2**63 - 1  # that SQLite takes as a parameter

_BUSY_SECONDS = 5.0
_WAL_TRIES = 50
_HELD = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNUSABLE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR,
             sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}  # fmt: skip
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_HOW_TO_USE = "see that its folder exists, that both may be read and written, and that the disk has room"
HOW_TO_RESTORE = (
    "to restore it, stop the daemon, give the last backup to `call-scheduler restore`, and look at "
    "`call-scheduler plan` before you start the daemon"
)


def connect(path: Path, mode: str) -> Connection:
    """:param mode: ``ro``, or ``rwc`` to write and create, as SQLite's URIs name it."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=_BUSY_SECONDS, isolation_level=None,
        check_same_thread=False,
    )  # fmt: skip
    connection.row_factory = sqlite3.Row
    return connection


def use_wal(connection: Connection) -> None:
    """Of several that open a new file at once SQLite refuses all but one here, without waiting."""
    for tries_left in reversed(range(_WAL_TRIES)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or not tries_left:
                raise
            time.sleep(_BUSY_SECONDS / _WAL_TRIES)


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
        raise translation(path, error) from error
    except OSError as error:
        raise DatabaseUnusable(f"{path}: {error.strerror or error}: {_HOW_TO_USE}") from error


def translation(path: Path, error: sqlite3.Error) -> DatabaseError:
    # The low byte is the primary code; Python's own errors, as for wrong parameters, carry none.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _HELD:
        return DatabaseBusy(f"{path} is locked by another process: see who has it open")
    if code in _UNUSABLE:
        return DatabaseUnusable(f"{path}: {error}: {_HOW_TO_USE}")
    if code in _DAMAGED:
        return DatabaseCorrupt(f"{path}: {error}: {HOW_TO_RESTORE}")
    return DatabaseError(f"{path}: {error}")
