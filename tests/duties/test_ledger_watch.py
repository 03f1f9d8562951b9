"""A ledger that can't be written, or is damaged: no call, told, and back to work by itself where it can be."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.calls.call import State
from scheduler.database import Database
from scheduler.duties.ledger_watch import LedgerWatch
from scheduler.errors import DatabaseBusy, DatabaseCorrupt, DatabaseError, DatabaseUnusable
from scheduler.ledger import open_ledger
from scheduler.ledger.alerts import select_alerts
from scheduler.ledger.damage import damage_path
from tests.clocks import NOON
from tests.duties.support import Bench

SECOND = timedelta(seconds=1)


@contextmanager
def held_by_another(ledger: Database) -> Iterator[None]:
    """Some other program, as a shell that somebody left in a transaction."""
    ledger.write(lambda connection: connection.execute("PRAGMA busy_timeout = 0").close())
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def turned_read_only(ledger: Database) -> Iterator[None]:
    """As when the kernel mounts a failing disk anew: SQLite gives the same error."""
    writer = ledger.write(lambda connection: connection)
    writer.execute("PRAGMA query_only = ON")
    yield
    writer.execute("PRAGMA query_only = OFF")


def damage(path: Path) -> None:
    """The first page of the calls is overwritten, as a failing disk may do."""
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'call'").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)


@pytest.mark.parametrize(
    ("fault", "error", "cause"),
    [
        (held_by_another, DatabaseBusy, "locked by another process"),
        (turned_read_only, DatabaseUnusable, "readonly database"),
    ],
)
def test_while_the_ledger_cant_be_written_nothing_is_placed_and_afterwards_it_is(
    duties: Bench,
    caplog: pytest.LogCaptureFixture,
    fault: Callable[[Database], AbstractContextManager[None]],
    error: type[DatabaseError],
    cause: str,
) -> None:
    watch = LedgerWatch(duties.ledger)
    call_id = duties.add()
    assert watch.run_once(duties.clock.now())
    with fault(duties.ledger):
        for _ in range(3):
            with pytest.raises(error):
                duties.place_due()
            assert not watch.run_once(duties.clock.now())
            duties.clock.advance(SECOND)
    assert duties.provider.requests == []
    assert duties.place_due() == 1
    assert duties.call(call_id).state is State.PLACED
    assert watch.run_once(duties.clock.now())
    (alert,) = duties.ledger.read(select_alerts, NOON)
    assert alert.text.startswith("the ledger could not be written from 12:00:00 to 12:00:03 UTC")
    assert cause in alert.text
    told = [one.message for one in caplog.records if one.levelname == "ERROR"]
    assert [text for text in told if "no call is placed" in text] == [told[0]]
    assert told[-1] == "the ledger can be written again; it could not be since 12:00:00 UTC"


def test_an_answer_that_the_ledger_could_not_take_is_looked_up_and_not_asked_for_again(duties: Bench) -> None:
    call_id = duties.add()
    (due,) = duties.store.claim_due(NOON, 1)
    with held_by_another(duties.ledger):
        duties.placing.place(due)
        duties.clock.advance(SECOND)
        with pytest.raises(DatabaseBusy):
            duties.ledger.write(lambda _: None)
    duties.clock.advance(timedelta(minutes=1))
    assert duties.place_due() == 0
    assert len(duties.provider.requests) == 1
    assert duties.call(call_id).state is State.REQUESTED


def test_a_damaged_ledger_is_refused_until_somebody_has_restored_it(tmp_path: Path) -> None:
    path, backup = tmp_path / "ledger.db", tmp_path / "backup.db"
    open_ledger(path).close()
    shutil.copy(path, backup)
    damage(path)
    with closing(open_ledger(path)) as ledger:
        watch = LedgerWatch(ledger)
        with pytest.raises(DatabaseCorrupt):
            ledger.read(lambda c: c.execute("SELECT * FROM call ORDER BY summary").fetchall())
        assert not watch.run_once(NOON)
        assert watch.damage is not None
    shutil.copy(backup, path)
    with pytest.raises(
        DatabaseCorrupt, match=r"the last backup to `call-scheduler restore`.*damaged that says so"
    ) as refusal:
        open_ledger(path)
    assert str(damage_path(path)) in str(refusal.value)
    damage_path(path).unlink()
    open_ledger(path).close()
