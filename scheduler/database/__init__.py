"""SQLite for the ledger and the gateway: connect, migrate, read, and write in groups.

All writes go through one thread that commits whatever has queued up as one transaction (group commit): with
FULL synchronisation a commit costs a flush, and 32 threads with connections of their own wait for each
other a hundred times longer than for one writer.
Only here: sqlite3 and sqlite_utils.
"""

from scheduler.database.at_once import select_at_once
from scheduler.database.connection import (
    HOW_TO_RESTORE,
    LARGEST_INTEGER,
    Connection,
    ConstraintFailed,
    Cursor,
    Row,
    savepoint,
    translated,
)
from scheduler.database.copies import BESIDE, check_whole, copy_online, create_private, sync_folder
from scheduler.database.database import Database
from scheduler.database.instants import read_instant, read_optional_instant, write_instant
from scheduler.database.migrating import MigrationDatabase, Migrations

__all__ = [
    "BESIDE",
    "HOW_TO_RESTORE",
    "LARGEST_INTEGER",
    "Connection",
    "ConstraintFailed",
    "Cursor",
    "Database",
    "MigrationDatabase",
    "Migrations",
    "Row",
    "check_whole",
    "copy_online",
    "create_private",
    "read_instant",
    "read_optional_instant",
    "savepoint",
    "select_at_once",
    "sync_folder",
    "translated",
    "write_instant",
]
