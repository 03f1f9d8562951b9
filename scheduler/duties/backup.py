"""A copy of the ledger beside a running daemon, and the way back from it without ringing anybody twice."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from scheduler.calls.call import Call
from scheduler.database import (
    BESIDE,
    check_whole,
    copy_online,
    create_private,
    sync_folder,
    translated,
)
from scheduler.errors import DatabaseUnusable
from scheduler.ledger import open_ledger
from scheduler.ledger.backups import distrust, record_backup, select_history_end
from scheduler.ledger.calls import select_planned_calls
from scheduler.ledger.damage import mark_damaged, remove_damage_mark
from scheduler.ledger.lock import held_lock
from scheduler.ledger.schema import MIGRATIONS

_MOST_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restored ledger is like."""

    history_ends_at: datetime | None
    kept: Path | None  # where the ledger before is now
    doubtful: int  # calls that were due since the backup, and may have rung
    planned: tuple[Call, ...]  # the next that ring once somebody resumes


def make_backup(ledger: Path, target: Path, *, replace: bool) -> None:
    """Copy the ledger into a file of its own, which gets its name once it was looked through.

    :raises DatabaseError: there is a file of that name, it can't be written, or the ledger is damaged.
    """
    if not ledger.exists():
        raise DatabaseUnusable(f"{ledger} isn't there: no daemon has ever run with this configuration")
    if target.exists() and (not replace or target.samefile(ledger)):
        raise DatabaseUnusable(f"{target} is there already: name another file, or say --replace")
    with _part(target) as part:
        copy_online(ledger, part)
        check_whole(part, MIGRATIONS)
        _take_place(part, target)


def note_backup(ledger: Path, target: Path, now: datetime) -> None:
    """Let the ledger know that there is this copy.

    :raises DatabaseError: it can't be written, or is of an older version, which a backup doesn't change.
    """
    open_ledger(ledger, read_only=True).close()
    with closing(open_ledger(ledger)) as database:
        database.write(record_backup, str(target.absolute()), now)


def restore_backup(ledger: Path, backup: BinaryIO, name: Path, now: datetime) -> Restored:
    """Put a backup in the ledger's place. Nothing rings until somebody resumes.

    :param backup: opened before root became the service's user, who may not read it.
    :raises DatabaseError: a daemon holds the ledger, or the backup can't be used; nothing is changed then.
    """
    kept = _beside(ledger, f".before-{now:%Y%m%dT%H%M%S}")
    with held_lock(ledger), _part(ledger) as part:
        create_private(part)
        with translated(part), part.open("wb") as copy:
            shutil.copyfileobj(backup, copy)
        check_whole(part, MIGRATIONS)
        with closing(open_ledger(part)) as database:
            ends_at = database.read(select_history_end)
            doubtful = database.write(distrust, name.name, now)
            if ledger.exists():
                database.write(record_backup, str(kept.absolute()), now)
            database.write(record_backup, str(name.absolute()), ends_at or now)
            planned = database.read(select_planned_calls, _MOST_SHOWN)
        _swap(part, ledger, kept)
    return Restored(
        history_ends_at=ends_at, kept=kept if kept.exists() else None, doubtful=doubtful, planned=planned
    )


def _swap(part: Path, ledger: Path, kept: Path) -> None:
    """Should it stop half-way, the mark keeps a daemon from starting without the calls that were."""
    mark_damaged(ledger, "a restore was begun and hasn't ended: run it again")
    # Also a log that is alone: SQLite would take it for that of the file that comes.
    for ending in ("", *BESIDE):
        with translated(ledger), suppress(FileNotFoundError):
            _beside(ledger, ending).rename(_beside(kept, ending))
    _take_place(part, ledger)
    remove_damage_mark(ledger)


def _take_place(part: Path, target: Path) -> None:
    with translated(target):
        part.replace(target)
        sync_folder(target.parent)


@contextmanager
def _part(target: Path) -> Iterator[Path]:
    """Where it is made; what is left of it, now or by one that was killed, is removed."""
    part = _beside(target, ".part")
    _remove(part)
    try:
        yield part
    finally:
        _remove(part)


def _remove(path: Path) -> None:
    for ending in ("", *BESIDE):
        with translated(path):
            _beside(path, ending).unlink(missing_ok=True)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
