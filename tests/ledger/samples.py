"""Ledgers as each version wrote them, in SQL, for trying upgrades with.

``python -m tests.ledger.samples`` makes what is missing after a new migration: the sample before it, upgraded. Add
rows of the new kind by hand then.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from scheduler.database import MigrationDatabase
from scheduler.ledger.schema import MIGRATIONS

_FOLDER = Path(__file__).parents[1] / "samples"
VERSIONS = [migration.name for migration in MIGRATIONS._migrations]
SAMPLES = [_FOLDER / f"ledger-{number:04}.sql" for number in range(1, 1 + len(VERSIONS))]


def restore(sample: Path, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sample.read_text(encoding="utf-8"))


def make_missing() -> None:
    for older, sample, following in zip(SAMPLES[:-1], SAMPLES[1:], [*VERSIONS[2:], None], strict=True):
        if not sample.exists():
            sample.write_text(_upgraded(older, following), encoding="utf-8")


def _upgraded(sample: Path, following: str | None) -> str:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.executescript(sample.read_text(encoding="utf-8"))
        MIGRATIONS.apply(MigrationDatabase(connection), stop_before=following)
        return "\n".join(connection.iterdump()) + "\n"


if __name__ == "__main__":
    make_missing()
