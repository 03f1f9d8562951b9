"""Bringing a file to this version of the program, and refusing one that isn't ours to touch."""

from __future__ import annotations

from pathlib import Path

import sqlite_utils

from scheduler.database.connection import Connection
from scheduler.errors import DatabaseTooNew, DatabaseUnusable

Migrations = sqlite_utils.Migrations
MigrationDatabase = sqlite_utils.Database


def refuse_unmigrated(connection: Connection, migrations: Migrations, path: Path) -> None:
    """For who may only read.

    :raises DatabaseError: the file is foreign, or of an older or a newer version.
    """
    database = MigrationDatabase(connection)
    refuse_foreign(database, migrations, path)
    refuse_newer(database, migrations, path)
    if migrations.pending(database):
        raise DatabaseUnusable(
            f"{path} is of an older version: start the daemon, or restart it: it migrates the file"
        )


def migrate(connection: Connection, migrations: Migrations, path: Path) -> None:
    """Bring the file to this version, whole or not at all, however many processes open it at once."""
    database = MigrationDatabase(connection)
    connection.execute("BEGIN IMMEDIATE")
    try:
        refuse_foreign(database, migrations, path)
        refuse_newer(database, migrations, path)
        migrations.apply(database)
    except BaseException:
        connection.rollback()
        raise
    connection.execute("COMMIT")


def refuse_foreign(database: MigrationDatabase, migrations: Migrations, path: Path) -> None:
    """A file that another program keeps, or the gateway where the ledger is opened, stays as it is."""
    if database.table_names() and not migrations.applied(database):
        raise DatabaseUnusable(f"{path} holds tables of something else: name a file of its own for this")


def refuse_newer(database: MigrationDatabase, migrations: Migrations, path: Path) -> None:
    known = {migration.name for migration in migrations._migrations}
    applied = [migration.name for migration in migrations.applied(database)]
    unknown = [name for name in applied if name not in known]
    if unknown:
        raise DatabaseTooNew(
            f"{path} was written by a newer version ({unknown[-1]}): install that version again, or "
            "restore the backup made before the upgrade"
        )
