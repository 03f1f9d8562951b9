"""SQLite as ledger and gateway use it: one writer that commits in groups, readers with a view of their own."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.database import (
    Connection,
    ConstraintFailed,
    Database,
    MigrationDatabase,
    Migrations,
    read_instant,
    read_optional_instant,
    savepoint,
    write_instant,
)
from scheduler.errors import DatabaseBusy, DatabaseCorrupt, DatabaseError, DatabaseTooNew, DatabaseUnusable

PATIENCE = 20.0  # seconds; a bound for what must happen, never a wait


def migrations_of(*names: str) -> Migrations:
    found = Migrations("test")
    for name in names:
        found(name=name)(_creates(name))
    return found


def _creates(name: str) -> Callable[[MigrationDatabase], None]:
    def migrate(database: MigrationDatabase) -> None:
        database.execute(f"CREATE TABLE {name} (n INTEGER PRIMARY KEY)")

    return migrate


ONE_TABLE = migrations_of("entry")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "one.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    with closing(Database(path, ONE_TABLE)) as found:
        yield found


def insert(connection: Connection, number: int) -> int:
    connection.execute("INSERT INTO entry (n) VALUES (?)", (number,))
    return number


def insert_then_fail(connection: Connection, number: int) -> None:
    insert(connection, number)
    raise LookupError("changed my mind")


def numbers(connection: Connection) -> list[int]:
    return [row["n"] for row in connection.execute("SELECT n FROM entry ORDER BY n")]


class Held:
    """Keeps the writer busy, so that what is written meanwhile becomes one group."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._begun, self._released = threading.Event(), threading.Event()
        self._pool = ThreadPoolExecutor(80)  # more than any test writes at once

    def __enter__(self) -> Held:
        self._pool.submit(self._database.write, self._hold)
        assert self._begun.wait(PATIENCE)
        return self

    def __exit__(self, *error: object) -> None:
        self.release()
        self._pool.shutdown(wait=True)

    def release(self) -> None:
        self._released.set()

    def _hold(self, _connection: Connection) -> None:
        self._begun.set()
        self._released.wait(PATIENCE)

    def write(self, work: Callable[..., object], *args: object) -> Callable[[], object]:
        """Write from a thread of its own; call what this returns for the result."""
        before = self._database._queue.qsize()
        future = self._pool.submit(self._database.write, work, *args)
        for _ in range(int(PATIENCE / 0.001)):
            if self._database._queue.qsize() > before:
                break
            threading.Event().wait(0.001)
        return lambda: future.result(PATIENCE)


def test_what_was_written_is_read(database: Database) -> None:
    assert database.write(insert, 1) == 1
    assert database.read(numbers) == [1]


def test_a_peek_sees_what_was_written_and_keeps_no_state_of_the_file(database: Database) -> None:
    for number in (1, 2):
        database.write(insert, number)
        assert database.peek(numbers) == list(range(1, number + 1))
    assert [connection.in_transaction for connection in database._idle] == [False]


def test_a_peek_can_not_write(database: Database) -> None:
    with pytest.raises(DatabaseUnusable, match="readonly"):
        database.peek(insert, 1)


def test_what_was_written_is_there_after_a_restart(path: Path) -> None:
    with closing(Database(path, ONE_TABLE)) as first:
        first.write(insert, 1)
    with closing(Database(path, ONE_TABLE)) as second:
        assert second.read(numbers) == [1]


def test_a_failing_work_rolls_back_its_own_changes_and_no_other_ones(database: Database) -> None:
    with Held(database) as held:
        results = [held.write(insert, 1), held.write(insert_then_fail, 2), held.write(insert, 3)]
        held.release()
        with pytest.raises(LookupError, match="changed my mind"):
            results[1]()
        assert [results[0](), results[2]()] == [1, 3]
    assert database.read(numbers) == [1, 3]


def test_what_is_submitted_is_done_in_its_turn_and_tells_its_failure_to_who_asks(database: Database) -> None:
    done = database.submit(insert, 1)
    failed = database.submit(insert, 1)
    assert database.write(numbers) == [1]
    assert done.exception() is None
    assert isinstance(failed.exception(), ConstraintFailed)


def insert_all(connection: Connection, added: Sequence[int]) -> list[str]:
    for number in added:
        insert(connection, number)
    return [f"{number} of {len(added)}" for number in added]


def test_what_has_queued_up_for_one_work_is_done_at_once_in_its_turn(database: Database) -> None:
    with Held(database) as held:
        futures = [database.submit_among(insert_all, number) for number in (3, 1)]
        between = database.submit(numbers)
        futures.append(database.submit_among(insert_all, 2))
        held.release()
        assert [future.result(PATIENCE) for future in futures] == ["3 of 2", "1 of 2", "2 of 1"]
        assert between.result(PATIENCE) == [1, 3]
    assert database.read(numbers) == [1, 2, 3]


def test_of_many_that_are_done_at_once_a_bad_one_costs_itself_alone(database: Database) -> None:
    with Held(database) as held:
        good, bad, another = (database.submit_among(insert_all, number) for number in (1, 1, 2))
        held.release()
        assert isinstance(bad.exception(PATIENCE), ConstraintFailed)
        assert [good.result(PATIENCE), another.result(PATIENCE)] == ["1 of 1", "2 of 1"]
    assert database.read(numbers) == [1, 2]


def test_what_was_submitted_is_on_disk_once_the_database_is_closed(path: Path) -> None:
    with closing(Database(path, ONE_TABLE)) as database:
        for number in range(0, 200, 2):
            database.submit(insert, number)
            database.submit_among(insert_all, number + 1)
    with closing(Database(path, ONE_TABLE)) as database:
        assert database.read(numbers) == list(range(200))


def test_a_part_that_fails_inside_a_savepoint_costs_itself_alone(database: Database) -> None:
    def work(connection: Connection) -> None:
        insert(connection, 1)
        for number in (2, 1, 3):
            with suppress(ConstraintFailed), savepoint(connection):
                insert(connection, number + 10)
                insert(connection, number)

    database.write(work)
    assert database.read(numbers) == [1, 2, 3, 12, 13]


def test_writes_that_queue_up_are_committed_together(database: Database) -> None:
    commits: list[int] = []

    def watch(connection: Connection) -> None:
        connection.set_trace_callback(lambda sql: commits.append(1) if sql == "COMMIT" else None)

    database.write(watch)
    with Held(database) as held:
        results = [held.write(insert, number) for number in range(60)]
        before = len(commits)
        held.release()
        assert [result() for result in results] == list(range(60))
    # That of the work that held the writer, and one for the sixty.
    assert len(commits) - before == 2


def test_a_commit_waits_until_it_is_safe_from_a_power_failure(database: Database) -> None:
    (full,) = database.write(lambda connection: tuple(connection.execute("PRAGMA synchronous").fetchone()))
    assert full == 2


def test_a_broken_promise_of_the_schema_is_told_as_such(database: Database) -> None:
    database.write(insert, 1)
    with pytest.raises(ConstraintFailed):
        database.write(insert, 1)


def test_many_threads_write_and_read_at_once(database: Database) -> None:
    def work(number: int) -> bool:
        database.write(insert, number)
        return number in database.read(numbers)

    with ThreadPoolExecutor(32) as pool:
        assert all(pool.map(work, range(500)))
    assert database.read(numbers) == list(range(500))


def test_threads_that_come_and_go_leave_no_connections_behind(database: Database) -> None:
    for _ in range(20):
        thread = threading.Thread(target=database.read, args=(numbers,))
        thread.start()
        thread.join(PATIENCE)
    assert len(database._idle) == 1


def test_a_read_sees_one_moment_even_while_others_write(database: Database) -> None:
    database.write(insert, 1)

    def look_twice(connection: Connection) -> tuple[list[int], list[int]]:
        first = numbers(connection)
        database.write(insert, 2)
        return first, numbers(connection)

    assert database.read(look_twice) == ([1], [1])
    assert database.read(numbers) == [1, 2]


def test_a_read_can_not_write(database: Database) -> None:
    with pytest.raises(DatabaseUnusable, match="readonly"):
        database.read(insert, 1)


def test_a_read_that_fails_leaves_its_connection_usable(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        database.read(lambda _connection: 1 // 0)
    assert database.read(numbers) == []


def test_a_write_inside_a_write_is_refused(database: Database) -> None:
    with pytest.raises(RuntimeError, match="inside a write"):
        database.write(lambda _connection: database.write(insert, 1))
    assert database.write(insert, 2) == 2


def test_closing_finishes_what_is_queued(path: Path) -> None:
    database = Database(path, ONE_TABLE)
    with Held(database) as held:
        results = [held.write(insert, number) for number in range(70)]
        closer = threading.Thread(target=database.close)
        closer.start()
        held.release()
        assert [result() for result in results] == list(range(70))
        closer.join(PATIENCE)
    with closing(Database(path, ONE_TABLE)) as again:
        assert again.read(numbers) == list(range(70))


def test_after_closing_a_write_or_read_is_refused_at_once(path: Path) -> None:
    database = Database(path, ONE_TABLE)
    database.close()
    database.close()
    assert not database.alive
    with pytest.raises(DatabaseUnusable, match="is closed"):
        database.write(insert, 1)
    with pytest.raises(DatabaseUnusable, match="is closed"):
        database.read(numbers)


def test_closing_lets_a_read_that_is_going_on_finish(path: Path) -> None:
    database = Database(path, ONE_TABLE)
    database.write(insert, 1)

    def close_meanwhile(connection: Connection) -> list[int]:
        database.close()
        return numbers(connection)

    assert database.read(close_meanwhile) == [1]


def test_closing_leaves_one_file(path: Path) -> None:
    database = Database(path, ONE_TABLE)
    database.write(insert, 1)
    database.read(numbers)
    database.close()
    assert list(path.parent.iterdir()) == [path]


def test_opening_makes_the_missing_directories(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "one.db"
    with closing(Database(path, ONE_TABLE)) as database:
        assert database.write(insert, 1) == 1


def test_a_file_where_the_directory_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("not a directory")
    with pytest.raises(DatabaseUnusable, match="a"):
        Database(tmp_path / "a" / "one.db", ONE_TABLE)


def test_a_directory_where_the_file_should_be_is_told(path: Path) -> None:
    path.mkdir()
    with pytest.raises(DatabaseUnusable, match="unable to open"):
        Database(path, ONE_TABLE)


def test_reading_only_what_does_not_exist_is_told_and_makes_nothing(path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="exists"):
        Database(path, ONE_TABLE, read_only=True)
    assert not path.exists()


def test_opened_for_reading_only_it_reads_beside_a_writer_and_never_writes(database: Database, path: Path) -> None:
    with closing(Database(path, ONE_TABLE, read_only=True)) as reader:
        database.write(insert, 1)
        assert reader.read(numbers) == [1]
        with pytest.raises(DatabaseUnusable, match="reading only"):
            reader.write(insert, 2)


def test_a_file_that_is_no_database_is_told_and_left_alone(path: Path) -> None:
    path.write_bytes(b"Dear Ben, " * 1000)
    for read_only in (False, True):
        with pytest.raises(DatabaseCorrupt, match="restore"):
            Database(path, ONE_TABLE, read_only=read_only)
    assert path.read_bytes() == b"Dear Ben, " * 1000


def test_a_damaged_page_is_told(path: Path) -> None:
    with closing(Database(path, ONE_TABLE)) as database:
        database.write(lambda c: [insert(c, n) for n in range(5000)])
    damaged = bytearray(path.read_bytes())
    damaged[-4096:] = b"\xff" * 4096
    path.write_bytes(bytes(damaged))
    with closing(Database(path, ONE_TABLE)) as database, pytest.raises(DatabaseCorrupt, match="malformed"):
        database.read(numbers)


def test_a_database_that_another_one_holds_is_busy(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.write(lambda connection: connection.execute("PRAGMA busy_timeout = 0").close())
    monkeypatch.setattr("scheduler.database.connection._BUSY_SECONDS", 0.0)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusy, match="locked"):
            database.write(insert, 1)
        with pytest.raises(DatabaseBusy, match="locked"):
            Database(path, ONE_TABLE)
        other.execute("ROLLBACK")
    assert database.write(insert, 1) == 1


def test_a_full_disk_fails_everyone_of_the_group_that_met_it_and_nobody_after(database: Database) -> None:
    def fill(connection: Connection) -> None:
        connection.execute("INSERT INTO note VALUES (zeroblob(10000000))")

    def limit(connection: Connection, pages: int) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    database.write(lambda connection: connection.execute("CREATE TABLE note (text BLOB)").close())
    database.write(limit, 20)
    with pytest.raises(DatabaseUnusable, match="full"):
        database.write(fill)
    assert database.alive
    assert database.write(insert, 1) == 1
    database.write(limit, 2**30)
    database.write(fill)


def test_a_transaction_that_sqlite_itself_gave_up_fails_its_group_with_the_cause(database: Database) -> None:
    def give_up(connection: Connection) -> None:
        insert(connection, 2)
        connection.execute("INSERT OR ROLLBACK INTO entry (n) VALUES (2)")

    with Held(database) as held:
        results = [held.write(insert, 1), held.write(give_up), held.write(insert, 3)]
        held.release()
        for result in results:
            with pytest.raises(ConstraintFailed):
                result()
    assert database.read(numbers) == []
    assert database.write(insert, 4) == 4


def test_a_mistake_in_a_statement_is_not_called_damage(database: Database) -> None:
    with pytest.raises(DatabaseError, match="no such table") as mistake:
        database.read(lambda connection: connection.execute("SELECT * FROM nowhere").fetchall())
    assert type(mistake.value) is DatabaseError
    with pytest.raises(DatabaseError, match="binding") as mistake:
        database.read(lambda connection: connection.execute("SELECT ?").fetchall())
    assert type(mistake.value) is DatabaseError


def test_a_later_version_upgrades_what_an_earlier_one_wrote(path: Path) -> None:
    with closing(Database(path, migrations_of("entry"))) as first:
        first.write(insert, 1)
    with closing(Database(path, migrations_of("entry", "second"))) as later:
        assert later.read(numbers) == [1]
        assert later.read(lambda c: c.execute("SELECT count(*) FROM second").fetchone()[0]) == 0


def test_what_a_newer_version_wrote_is_refused_and_left_alone(path: Path) -> None:
    Database(path, migrations_of("entry", "second")).close()
    for read_only in (False, True):
        with pytest.raises(DatabaseTooNew, match="second"):
            Database(path, migrations_of("entry"), read_only=read_only)


def test_what_another_program_keeps_is_refused_and_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as foreign:
        foreign.execute("CREATE TABLE bookmark (url)")
    for read_only in (False, True):
        with pytest.raises(DatabaseUnusable, match="holds tables of something else"):
            Database(path, migrations_of("entry"), read_only=read_only)
    with closing(sqlite3.connect(path)) as foreign:
        assert foreign.execute("SELECT name FROM sqlite_master").fetchall() == [("bookmark",)]


def test_reading_only_does_not_upgrade(path: Path) -> None:
    Database(path, migrations_of("entry")).close()
    with pytest.raises(DatabaseUnusable, match="older version"):
        Database(path, migrations_of("entry", "second"), read_only=True)


def test_an_upgrade_that_fails_leaves_the_version_that_was(path: Path) -> None:
    Database(path, migrations_of("entry")).close()
    broken = migrations_of("entry", "second")
    broken(name="third")(lambda database: database.execute("CREATE TABLE second (n INTEGER)"))
    with pytest.raises(DatabaseError, match="already exists"):
        Database(path, broken)
    with closing(Database(path, migrations_of("entry"))) as unchanged:
        tables = unchanged.read(lambda c: c.execute("SELECT count(*) FROM sqlite_master WHERE name = 'second'"
                                                    ).fetchone()[0])  # fmt: skip
    assert tables == 0


def test_many_that_open_a_new_file_at_once_upgrade_it_once(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: Database(path, migrations_of("entry", "second")), range(8)))
    for database in opened:
        database.close()


INSTANTS = st.datetimes(timezones=st.timezones()).filter(lambda at: 1 < at.year < 9999)


@given(instant=INSTANTS)
def test_an_instant_comes_back_as_it_was(instant: datetime) -> None:
    back = read_instant(write_instant(instant))
    assert back == instant.astimezone(UTC)
    assert back.tzinfo is UTC


@given(first=INSTANTS, second=INSTANTS)
def test_instants_sort_as_texts(first: datetime, second: datetime) -> None:
    in_time = first.astimezone(UTC) < second.astimezone(UTC)
    assert (write_instant(first) < write_instant(second)) == in_time


def test_both_instants_of_an_hour_that_clocks_show_twice_are_told_apart() -> None:
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Brussels"))
    assert write_instant(first) == "2026-10-25T00:30:00.000000Z"
    assert write_instant(first.replace(fold=1)) == "2026-10-25T01:30:00.000000Z"


def test_no_instant_stays_none() -> None:
    assert read_optional_instant(None) is None
    assert read_optional_instant("2026-11-23T12:00:00.000000Z") == datetime(2026, 11, 23, 12, tzinfo=UTC)
