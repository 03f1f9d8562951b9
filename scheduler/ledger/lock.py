"""One daemon a ledger: an flock beside the database, which the kernel lets go when its process dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scheduler.database import translated
from scheduler.errors import DatabaseBusy


def lock_path(ledger: Path) -> Path:
    return ledger.with_name(ledger.name + ".lock")


@contextmanager
def held_lock(ledger: Path) -> Iterator[None]:
    """Hold the ledger for this process.

    :raises DatabaseBusy: another process does; the message names its id.
    :raises DatabaseUnusable: the lock's file can't be written.
    """
    with translated(lock_path(ledger)):
        ledger.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock_path(ledger), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        _lock(descriptor, ledger)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, ledger: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(descriptor, 20).decode("ascii", "replace").strip()
        raise DatabaseBusy(
            f"{ledger} is in use by process {owner or 'unknown'}, a daemon or a command that places or fetches: "
            "two on one ledger would ring twice; stop that one first, or let it end"
        ) from None
    with translated(lock_path(ledger)):
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
