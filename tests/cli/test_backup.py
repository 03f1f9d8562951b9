"""``backup`` and ``restore``, as an admin uses them: beside a daemon, after a crash, and with bad files."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from scheduler.calls.call import Outcome, State
from scheduler.clock import SystemClock
from scheduler.config import read_config
from scheduler.daemon import running_daemon
from scheduler.database import Connection, check_whole
from scheduler.errors import DatabaseBusy, DatabaseCorrupt, DatabaseError, DatabaseUnusable
from scheduler.ledger import open_ledger
from scheduler.ledger.backups import MAY_HAVE_RUNG, select_backups
from scheduler.ledger.damage import damage_path, mark_damaged
from scheduler.ledger.schema import MIGRATIONS
from tests.cli.test_commands import command, rows
from tests.ledger.samples import SAMPLES
from tests.ledger.samples import restore as load_sample
from tests.world import World, await_true, small_world, soon, whole_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    """One call is planned, and no daemon runs."""
    found = small_world(tmp_path)
    found.put("one", soon(3600))
    assert command(found, "sync").exit_code == 0
    return found


def ledger_of(world: World) -> Path:
    return world.folder / "ledger.db"


def backed_up(world: World) -> Path:
    file = world.folder / "backup.db"
    result = command(world, "backup", str(file))
    assert result.exit_code == 0, result.output
    return file


def requests(world: World) -> list[int]:
    return [call.attempts for call in world.calls()]


def test_a_backup_is_one_file_that_holds_what_the_ledger_does_and_only_its_owner_reads(world: World) -> None:
    before = os.umask(0)
    try:
        file = backed_up(world)
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o600
    check_whole(file, MIGRATIONS)
    assert sorted(path.name for path in world.folder.glob("backup*")) == ["backup.db"]
    with closing(open_ledger(ledger_of(world))) as ledger:
        assert [one.path for one in ledger.read(select_backups)] == [str(file)]


def test_a_file_that_is_there_is_replaced_only_where_that_is_said_and_never_the_ledger(world: World) -> None:
    file = backed_up(world)
    with pytest.raises(DatabaseUnusable, match="is there already"):
        raise_of(world, "backup", str(file))
    assert command(world, "backup", "--replace", str(file)).exit_code == 0
    with pytest.raises(DatabaseUnusable, match="is there already"):
        raise_of(world, "backup", "--replace", str(ledger_of(world)))


def raise_of(world: World, *arguments: str) -> None:
    error = command(world, *arguments).exception
    assert isinstance(error, DatabaseError), error
    raise error


def test_a_damaged_ledger_makes_no_backup_and_leaves_the_last_good_one(world: World) -> None:
    file = backed_up(world)
    good = file.read_bytes()
    data = bytearray(ledger_of(world).read_bytes())
    data[4096 * 3 : 4096 * 12] = b"\xff" * 4096 * 9
    ledger_of(world).write_bytes(bytes(data))
    with pytest.raises(DatabaseCorrupt):
        raise_of(world, "backup", "--replace", str(file))
    assert file.read_bytes() == good
    assert not list(world.folder.glob("*.part*"))


def test_before_an_upgrade_an_older_ledger_is_copied_as_it_is(world: World) -> None:
    ledger_of(world).unlink()
    load_sample(SAMPLES[4], ledger_of(world))
    file = world.folder / "backup.db"
    result = command(world, "backup", str(file))
    assert result.exit_code == 0
    assert "the ledger doesn't know of this copy" in result.stderr
    with closing(sqlite3.connect(file)) as copy:
        assert copy.execute("SELECT count(*) FROM _sqlite_migrations").fetchone() == (5,)
    assert command(world, "restore", str(file)).exit_code == 0


def test_a_call_that_was_due_since_the_backup_isnt_rung_again_and_ends_as_unknown(tmp_path: Path) -> None:
    with whole_world(tmp_path) as world:
        with running_daemon(read_config(world.config), SystemClock()):
            world.put("one", soon(4))
            await_true(lambda: requests(world) == [0])
            file = backed_up(world)
            world.put("two", soon(3), summary="Call +32468373902")
            await_true(lambda: len(world.ended()) == 2)
        result = command(world, "restore", str(file))
        assert result.exit_code == 0, result.output
        assert "1 call due since then may have rung: unknown" in result.stdout
        assert command(world, "resume").exit_code == 0
        with running_daemon(read_config(world.config), SystemClock()):
            # What comes after all of it has been looked at.
            world.put("three", soon(3), summary="Call +32468373903")
            await_true(lambda: any(call.outcome is Outcome.ANSWERED for call in world.calls()))
        found = {(call.summary, call.outcome, call.attempts) for call in world.calls()}
    # The second, of which the backup knows nothing, was past when it appeared.
    assert found == {
        ("Call Anna Janssens", Outcome.UNKNOWN, 0),
        ("Call +32468373903", Outcome.ANSWERED, 1),
    }
    (call,) = (call for call in world.calls() if call.outcome is Outcome.UNKNOWN)
    assert call.reason == MAY_HAVE_RUNG
    assert "whether 1 calls" in command(world, "check").stdout


def request_long_ago(connection: Connection) -> None:
    at = "2026-01-01T10:00:00.000000Z"
    connection.execute(
        "UPDATE call SET asked_at = ?, due_at = ?, state = 'claimed', claim_token = 'one'", (at, at)
    )
    connection.execute("UPDATE call SET state = 'requested', claim_token = NULL, attempts = 1")


def test_a_call_whose_request_had_left_is_looked_up_and_gets_no_other_attempt(world: World) -> None:
    with closing(open_ledger(ledger_of(world))) as ledger:
        ledger.write(request_long_ago)
    file = backed_up(world)
    assert command(world, "restore", str(file)).exit_code == 0
    with closing(open_ledger(ledger_of(world))) as ledger:
        row = ledger.read(lambda connection: dict(connection.execute("SELECT * FROM call").fetchone()))
    assert (row["state"], row["deadline_at"]) == (State.REQUESTED, row["due_at"])


def test_what_is_due_later_rings_once_somebody_has_resumed(world: World) -> None:
    result = command(world, "restore", str(backed_up(world)))
    assert "Call Anna Janssens" in result.stdout
    (row,) = rows(world, "plan")
    assert row["state"] == "planned"
    assert row["reason"].startswith("paused: “restored from backup.db")
    assert command(world, "resume").exit_code == 0
    (row,) = rows(world, "plan")
    assert (row["state"], row["reason"]) == ("planned", "")


def test_the_ledger_before_is_kept_aside_with_its_log_and_named_among_the_copies(world: World) -> None:
    file = backed_up(world)
    with closing(open_ledger(ledger_of(world))):
        before = ledger_of(world).read_bytes()
        assert command(world, "restore", str(file)).exit_code == 0
    kept, *log = sorted(world.folder.glob("ledger.db.before-*"))
    assert [path.name for path in log] == [kept.name + "-shm", kept.name + "-wal"]
    assert kept.read_bytes() == before
    with closing(open_ledger(ledger_of(world))) as ledger:
        assert {one.path for one in ledger.read(select_backups)} == {str(file), str(kept)}


def test_a_damaged_ledger_is_replaced_and_its_mark_goes(world: World) -> None:
    file = backed_up(world)
    ledger_of(world).write_bytes(b"\xff" * 9999)
    mark_damaged(ledger_of(world), "found in a test")
    assert command(world, "restore", str(file)).exit_code == 0
    assert not damage_path(ledger_of(world)).exists()
    assert [row["state"] for row in rows(world, "plan")] == ["planned"]


def test_a_log_without_its_ledger_is_not_taken_for_that_of_the_restored_one(world: World) -> None:
    file = backed_up(world)
    with closing(open_ledger(ledger_of(world))) as ledger:
        ledger.write(lambda connection: connection.execute("DELETE FROM pause").close())
        log = ledger_of(world).with_name("ledger.db-wal").read_bytes()
    ledger_of(world).unlink()
    ledger_of(world).with_name("ledger.db-wal").write_bytes(log)
    assert command(world, "restore", str(file)).exit_code == 0
    assert [row["state"] for row in rows(world, "plan")] == ["planned"]


def test_a_restore_is_refused_while_a_daemon_holds_the_ledger(world: World) -> None:
    file = backed_up(world)
    before = ledger_of(world).read_bytes()
    with running_daemon(read_config(world.config), SystemClock()), pytest.raises(DatabaseBusy, match="stop that"):
        raise_of(world, "restore", str(file))
    assert not list(world.folder.glob("ledger.db.before-*"))
    assert before[:16] == ledger_of(world).read_bytes()[:16]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "holds nothing at all"),
        (b"name;mobile\n" * 500, "not a database"),
        (b"SQLite format 3\0", "not a data"),
    ],
    ids=["empty", "a text", "cut off"],
)
def test_what_is_no_backup_is_refused_and_changes_nothing(world: World, data: bytes, said: str) -> None:
    file = world.folder / "bad.db"
    file.write_bytes(data)
    before = ledger_of(world).read_bytes()
    with pytest.raises(DatabaseError, match=said):
        raise_of(world, "restore", str(file))
    assert ledger_of(world).read_bytes() == before
    assert not list(world.folder.glob("*.part*"))


def test_a_restore_that_is_killed_half_way_keeps_the_daemon_from_starting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = backed_up(world)

    def killed(_folder: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("scheduler.duties.backup.sync_folder", killed)
    command(world, "restore", str(file))
    with pytest.raises(DatabaseCorrupt, match="restore"), running_daemon(read_config(world.config), SystemClock()):
        raise AssertionError
    monkeypatch.undo()
    assert command(world, "restore", str(file)).exit_code == 0


def test_a_file_that_was_copied_without_its_log_is_refused(world: World) -> None:
    file = backed_up(world)
    file.with_name("backup.db-wal").write_bytes(b"frames")
    with pytest.raises(DatabaseUnusable, match="isn't whole without"):
        raise_of(world, "restore", str(file))
