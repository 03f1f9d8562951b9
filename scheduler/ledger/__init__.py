"""The call ledger: every call, attempt, CDR and calendar object, in one SQLite file."""

from __future__ import annotations

from pathlib import Path

from scheduler.database import Database
from scheduler.ledger.damage import refuse_damaged
from scheduler.ledger.schema import MIGRATIONS


def open_ledger(path: Path, *, read_only: bool = False) -> Database:
    """Open the ledger, and migrate it unless it is opened for reading only.

    :raises DatabaseError: it can't be opened, is damaged, or was written by a newer version.
    """
    if not read_only:
        refuse_damaged(path)
    return Database(path, MIGRATIONS, read_only=read_only)
