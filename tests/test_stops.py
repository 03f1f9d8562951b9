"""What stops a daemon, or nearly does: real processes, and the machine's own limits."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.calls.call import Attempt, Call, State
from scheduler.database import Connection
from scheduler.errors import DatabaseError
from scheduler.ledger import open_ledger
from scheduler.ledger.alerts import select_alerts
from scheduler.ledger.attempts import select_attempts_since
from scheduler.ledger.calls import insert_call, select_calls
from scheduler.ledger.damage import mark_damaged
from scheduler.phone import PhoneNumber
from scheduler.service import run_daemon
from tests.calls.builders import want
from tests.processes import Running, daemon, gateway
from tests.system.company import Company, await_true, found_company, soon

ORIGINS = [PhoneNumber(f"+3228160{number}") for number in range(300, 330)]
SLOW_ANSWERS = """
[[gateway.script]]
number = "+"
after = "10 ms"
talk = "1 s"

[[gateway.fault]]
kind = "slow"
delay = "1 s"
"""
QUICK = SLOW_ANSWERS.split("[[gateway.fault]]", maxsplit=1)[0]
HOUR = timedelta(hours=1)
NO_MORE_FILES = ("Too many open files", "unable to open database file")  # as the system says it, and SQLite


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return found(tmp_path, QUICK)


def found(folder: Path, line: str) -> Company:
    company = found_company(folder, line=line)
    numbers = ", ".join(f'"{origin.e164}"' for origin in ORIGINS)
    text = company.config.read_text().replace('"+3228160258"]', f'"+3228160258", {numbers}]')
    company.config.write_text(text + "\n[calling]\nworkers = 8\n")
    (folder / "sales.ics").write_text("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests\r\nEND:VCALENDAR\r\n")
    return company


def plan_calls(company: Company, count: int, seconds: int = 0) -> None:
    """So many calls that somebody asked for, of an origin each, due in so many seconds."""

    def plan(connection: Connection) -> None:
        at = soon(seconds)
        for origin in ORIGINS[:count]:
            insert_call(connection, want(at=at, origin=origin), at)

    with closing(open_ledger(company.folder / "ledger.db")) as ledger:
        ledger.write(plan)


def calls_of(company: Company) -> tuple[Call, ...]:
    with closing(open_ledger(company.folder / "ledger.db", read_only=True)) as ledger:
        return ledger.read(select_calls, since=soon() - HOUR, until=soon() + HOUR, limit=999)


def attempts_of(company: Company) -> tuple[Attempt, ...]:
    with closing(open_ledger(company.folder / "ledger.db", read_only=True)) as ledger:
        return ledger.read(select_attempts_since, soon() - HOUR)


def alerts_of(company: Company) -> list[str]:
    with closing(open_ledger(company.folder / "ledger.db", read_only=True)) as ledger:
        return [alert.text for alert in ledger.read(select_alerts, soon() - HOUR)]


def accepted(company: Company) -> int:
    """How many calls the gateway has, or has had, in its own books."""
    with closing(sqlite3.connect(f"file:{company.folder}/gateway.db?mode=ro", uri=True)) as books:
        return int(books.execute("SELECT count(*) FROM call").fetchone()[0])


@contextmanager
def limited(running: Running, kind: int, soft: int) -> Iterator[None]:
    """The kernel's limit, set on the process from outside and taken away again."""
    before = resource.prlimit(running.process.pid, kind)
    resource.prlimit(running.process.pid, kind, (soft, before[1]))
    try:
        yield
    finally:
        resource.prlimit(running.process.pid, kind, before)


def test_sigterm_in_a_burst_finishes_what_is_in_flight_and_starts_nothing_new(tmp_path: Path) -> None:
    company = found(tmp_path, SLOW_ANSWERS)
    plan_calls(company, len(ORIGINS))
    with gateway(company.config):
        with daemon(company.config) as running:
            await_true(lambda: accepted(company) > 0)
            assert running.stop() == 0
        attempts = attempts_of(company)
        assert 0 < len(attempts) < len(ORIGINS)
        assert {attempt.answer for attempt in attempts} == {"accepted"}
        assert accepted(company) == len(attempts)
        states = [call.state for call in calls_of(company)]
        assert states.count(State.PLANNED) == len(ORIGINS) - len(attempts)
        assert State.CLAIMED not in states
        assert State.REQUESTED not in states


def test_without_room_for_an_intention_nothing_rings_and_with_room_again_it_does(company: Company) -> None:
    """A limit on the size of files is what a full disk is to whoever writes."""
    with gateway(company.config), daemon(company.config) as running:
        # Enough for the log, and not for two pages: the ledger is longer by far.
        with limited(running, resource.RLIMIT_FSIZE, 8192):
            plan_calls(company, 2)
            await_true(lambda: "no call is placed while it can't be written" in running.log.read_text())
            assert accepted(company) == 0
            assert [call.state for call in calls_of(company)] == [State.PLANNED, State.PLANNED]
        await_true(lambda: [call.state for call in calls_of(company)] == [State.ENDED, State.ENDED])
        await_true(lambda: bool(alerts_of(company)))
        assert running.process.poll() is None
    assert accepted(company) == len(attempts_of(company)) == 2
    assert "could not be written" in alerts_of(company)[0]


def test_out_of_file_descriptors_calls_may_wait_and_the_daemon_lives(company: Company) -> None:
    with gateway(company.config), daemon(company.config) as running:
        with limited(running, resource.RLIMIT_NOFILE, 3):
            plan_calls(company, 4)
            await_true(lambda: any(word in running.log.read_text() for word in NO_MORE_FILES))
        await_true(lambda: all(call.state is State.ENDED for call in calls_of(company)))
        assert running.process.poll() is None
    assert {call.outcome for call in calls_of(company)} == {"answered"}
    assert accepted(company) == 4


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "newer": (lambda path: written_by_a_newer_version(path), "was written by a newer version"),
    "damaged": (lambda path: path.write_bytes(b"\xff" * 9999), "give the last backup to `call-scheduler restore`"),
    "found damaged": (lambda path: mark_damaged(path, "malformed"), "was found damaged"),
    "a folder": (lambda path: path.mkdir(), "see that its folder exists, that both may be read and written"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_ledger_that_can_not_be_used_is_refused_with_what_to_do(company: Company, fault: str) -> None:
    spoil, sentence = REFUSED[fault]
    spoil(company.folder / "ledger.db")
    with pytest.raises(DatabaseError, match=sentence):
        run_daemon(company.config)


def written_by_a_newer_version(path: Path) -> None:
    open_ledger(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO _sqlite_migrations VALUES (999, 'ledger', 'm9999_later', '')")
        connection.commit()
