"""Statements on ``tombstone``, and the key beside the ledger: a backup holds the hashes, never the key to them."""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from scheduler.calls.tombstone import NONE_ERASED, Tombstones
from scheduler.database import Connection, Database, create_private, translated, write_instant

_KEY_BYTES = 32


def key_path(ledger: Path) -> Path:
    return ledger.with_name(ledger.name + ".key")


def read_tombstones(ledger: Database) -> Tombstones:
    """None where their key is lost, which ``check`` tells.

    :raises DatabaseUnusable: their key can't be read.
    """
    digests = ledger.peek(select_digests)
    if not digests or not key_path(ledger.path).exists():
        return NONE_ERASED
    with translated(key_path(ledger.path)):
        return Tombstones(key=key_path(ledger.path).read_bytes(), digests=digests)


def key_problem(ledger: Database) -> str:
    """What is wrong with the key; "" where nothing is."""
    count, path = len(ledger.peek(select_digests)), key_path(ledger.path)
    if not count or path.exists():
        return ""
    return (
        f"{path} is missing, so that events of erased numbers aren't known by their {count} hashes any more: "
        "put it back, or say `erase` again for those numbers"
    )


def open_key(ledger: Path) -> bytes:
    """The key, made where there is none yet.

    :raises DatabaseUnusable: it can't be read or made.
    """
    path = key_path(ledger)
    if not path.exists():
        create_private(path)
        with translated(path), path.open("wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
    with translated(path):
        return path.read_bytes()


def select_digests(connection: Connection) -> frozenset[bytes]:
    return frozenset(row["digest"] for row in connection.execute("SELECT digest FROM tombstone"))


def insert_tombstones(connection: Connection, digests: Collection[bytes], until: datetime) -> None:
    connection.executemany(
        "INSERT INTO tombstone (digest, until) VALUES (?, ?) ON CONFLICT DO UPDATE SET until = excluded.until",
        [(digest, write_instant(until)) for digest in digests],
    )


def delete_old_tombstones(connection: Connection, now: datetime) -> int:
    return connection.execute("DELETE FROM tombstone WHERE until < ?", (write_instant(now),)).rowcount
