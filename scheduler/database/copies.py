"""Whole copies of a database file: made while others write, and looked through before anybody relies on them."""

from __future__ import annotations

import os
import sqlite3
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

from scheduler.database.connection import HOW_TO_RESTORE, Connection, connect, translated
from scheduler.database.migrating import MigrationDatabase, Migrations, refuse_foreign, refuse_newer
from scheduler.errors import DatabaseCorrupt, DatabaseUnusable

BESIDE = ("-wal", "-shm")  # what SQLite keeps beside a file that is open


def copy_online(source: Path, target: Path) -> None:
    """Write all that is committed in ``source`` now to ``target``: a new file, of our own user's alone.

    In one step and by one view: whoever writes meanwhile goes on, and never makes it begin anew.

    :raises DatabaseError: either can't be used.
    """
    with translated(source), closing(connect(source, "ro")) as origin:
        create_private(target)
        with translated(target), closing(connect(target, "rw")) as copy:
            origin.backup(copy)
            # One file: without this it would still say that it belongs with a log.
            copy.execute("PRAGMA journal_mode = DELETE")


def compact(connection: Connection, done: Future[bool]) -> None:
    """Write the file anew and empty its log, outside any transaction."""
    try:
        # In memory, where temporary things are kept else, the copy might not find room.
        connection.execute("PRAGMA temp_store = FILE")
        connection.execute("VACUUM")
        connection.execute("PRAGMA temp_store = MEMORY")
        done.set_result(not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
    except sqlite3.Error as error:
        done.set_exception(error)


def create_private(path: Path) -> None:
    """An empty file that nobody else reads, whatever the umask.

    :raises DatabaseUnusable: there is one of that name, or it can't be written.
    """
    with translated(path):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def check_whole(path: Path, migrations: Migrations) -> None:
    """Look through a whole file, which needn't be of this version.

    :raises DatabaseError: it is damaged, of something else, or of a newer version.
    """
    with translated(path), closing(connect(path, "ro")) as connection:
        database = MigrationDatabase(connection)
        if not database.table_names():
            raise DatabaseUnusable(f"{path} holds nothing at all: it is no copy of a database of ours")
        refuse_foreign(database, migrations, path)
        refuse_newer(database, migrations, path)
        if found := _damage(connection):
            raise DatabaseCorrupt(f"{path} is damaged: {found}: {HOW_TO_RESTORE}")


def sync_folder(folder: Path) -> None:
    """What was renamed in it stays renamed, also if the machine stops now."""
    with translated(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _damage(connection: Connection) -> str:
    """What SQLite finds; "" where the file is whole."""
    findings = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
    if findings != ["ok"]:
        return "; ".join(findings)
    astray = connection.execute("PRAGMA foreign_key_check").fetchone()
    return f"a row of {astray['table']} names one that isn't there" if astray else ""
