"""``export`` and ``erase``: all of one number, by a search of the ledger's bytes, and for good."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from scheduler.calls.call import Outcome, State
from scheduler.calls.tombstone import FORGOTTEN
from scheduler.clock import SystemClock
from scheduler.config import read_config
from scheduler.daemon import running_daemon
from scheduler.database import Connection, write_instant
from scheduler.errors import DecisionRefused
from scheduler.ledger import open_ledger
from scheduler.ledger.letters import NewLetter, insert_letter
from scheduler.ledger.tombstones import key_path
from tests.cli.test_commands import command, rows
from tests.world import World, await_true, small_world, soon, whole_world

ANNA = "0468 37 39 01"
BEN = "+32468373902"
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Anna Janssens\r\nTEL:tel:+32-468-37-\r\n 39-01\r\nEND:VCARD\r\n"
RECORD = '{"sessionId": "s", "origin": "3228160258", "destination": "32468373901"}'


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A planned call, by a contact's name; and one of somebody else."""
    found = small_world(tmp_path)
    found.put("one", soon(3600))
    found.put("other", soon(7200), "LOCATION:" + BEN, summary="Call Ben")
    assert command(found, "sync").exit_code == 0
    return found


def ledger_of(world: World) -> Path:
    return world.folder / "ledger.db"


def write_everywhere(connection: Connection) -> None:
    """What a number leaves behind in a year, in every table that has texts."""
    now = SystemClock().now()
    at = write_instant(now)
    for statement in (
        """INSERT INTO collection (name, tried_with, tried_at, problem)
           VALUES ('address book crm', '', ?, '0468373901')""",
        f"INSERT INTO object (collection, href, etag, data) VALUES ('address book crm', 'a', ?, '{CARD}')",
        f"INSERT INTO cdr (source, received_at, raw, weighed_at) VALUES ('list', ?, '{RECORD}', '')",
        "INSERT INTO pause (since, reason) VALUES (?, 'ask 468/37.39.01 first')",
        "INSERT INTO command (kind, arguments, asked_at) VALUES ('place', '{\"to\": \"+32 468 37 39 01\"}', ?)",
        "INSERT INTO trouble (name, kind, title, since) VALUES ('a', 'b', 'tel:+32468373901', ?)",
    ):
        connection.execute(statement.replace(f"'{CARD}'", f"CAST('{CARD}' AS BLOB)"), (at,))
    letter = NewLetter(
        recipient="ann@example.com", key="1", kind="call", title="", body="call 0032468373901", due_at=now
    )
    insert_letter(connection, letter, now)


def traces(world: World) -> dict[str, int]:
    """Where the digits stand, whatever is between them, by file."""
    digits = re.compile(rb"[^0-9a-z]{0,6}".join(b"%d" % int(digit) for digit in "468373901"))
    return {
        path.name: len(found)
        for path in world.folder.glob("ledger.db*")
        if (found := digits.findall(path.read_bytes()))
    }


def test_an_export_holds_the_calls_with_their_history_and_every_text_that_names_the_number(world: World) -> None:
    with closing(open_ledger(ledger_of(world))) as ledger:
        ledger.write(write_everywhere)
    result = command(world, "export", "--number", ANNA)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["number"] == "+32468373901"
    assert [row["summary"] for row in found["call"]] == ["Call Anna Janssens"]
    assert [row["uid"] for row in found["appointment"]] == ["one"]
    assert [row["kind"] for row in found["event"]] == ["planned"]
    assert [row["data"] for row in found["object"]] == [CARD]
    assert [row["raw"] for row in found["cdr"]] == [RECORD]
    assert {"pause", "command", "letter", "trouble", "collection"} < found.keys()
    assert "32468373902" not in result.stdout


def test_an_export_of_a_number_that_nobody_knows_is_empty(world: World) -> None:
    assert rows_of(world, "export", "--number", "+442079460123") == {"number": "+442079460123"}


def rows_of(world: World, *arguments: str) -> Any:
    result = command(world, *arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_after_an_erase_no_spelling_of_it_is_left_in_any_byte_of_the_ledger(world: World) -> None:
    with closing(open_ledger(ledger_of(world))) as ledger:
        ledger.write(write_everywhere)
        assert traces(world)
    erased = rows_of(world, "erase", "--number", ANNA, "--yes", "--json")
    assert traces(world) == {}
    assert (erased["calls"], erased["called_off"], erased["whole"]) == (1, 1, True)
    assert erased["calendars"] == {"address book crm": 1}
    assert {"cdr", "pause", "command", "letter", "trouble", "collection", "object"} <= erased["texts"].keys()
    assert [call.summary for call in world.calls()] == ["Call Ben"]
    assert rows_of(world, "export", "--number", ANNA) == {"number": "+32468373901"}


def test_what_was_deleted_long_before_is_no_trace_either(world: World) -> None:
    with closing(sqlite3.connect(ledger_of(world))) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("INSERT INTO pause (since, reason) VALUES ('now', ?)", (f"tel:{ANNA}" * 5000,))
        connection.commit()
        connection.execute("DELETE FROM pause")
        connection.commit()
    assert traces(world)["ledger.db"] > 1000
    rows_of(world, "erase", "--number", ANNA, "--yes", "--json")
    assert traces(world) == {}


def test_an_event_with_the_number_in_its_very_name_is_deleted(world: World) -> None:
    world.put("call-0468373901", soon(5000), "LOCATION:" + ANNA, summary="Call")
    assert command(world, "sync").exit_code == 0
    erased = rows_of(world, "erase", "--number", ANNA, "--yes", "--json")
    assert (erased["calls"], erased["calendars"]) == (2, {"sales": 1})
    assert traces(world) == {}
    assert command(world, "sync").exit_code == 0
    assert [call.summary for call in world.calls()] == ["Call Ben"]


def test_an_erased_call_isnt_planned_anew_while_its_event_stands_and_why_says_so(world: World) -> None:
    rows_of(world, "erase", "--number", ANNA, "--yes", "--json")
    world.put("one", soon(3600), "DESCRIPTION:changed since")
    assert command(world, "sync").exit_code == 0
    assert [call.summary for call in world.calls()] == ["Call Ben"]
    assert FORGOTTEN in " ".join(command(world, "why", "Anna").stdout.split())
    assert [row["reason"] for row in rows(world, "plan") if row["uid"] == "one"] == [FORGOTTEN]


def test_a_new_event_of_an_erased_number_rings(world: World) -> None:
    rows_of(world, "erase", "--number", ANNA, "--yes", "--json")
    world.put("new", soon(4000))
    assert command(world, "sync").exit_code == 0
    assert [call.summary for call in world.calls()] == ["Call Anna Janssens", "Call Ben"]


def test_an_event_whose_number_was_erased_from_its_copy_says_so(world: World) -> None:
    rows_of(world, "erase", "--number", BEN, "--yes", "--json")
    assert traces_of_ben(world) == 0
    assert FORGOTTEN in " ".join(command(world, "why", "other").stdout.split())
    world.put("other", soon(7300), "LOCATION:" + BEN, summary="Call Ben")
    assert command(world, "sync").exit_code == 0
    assert [call.summary for call in world.calls()] == ["Call Anna Janssens"]


def traces_of_ben(world: World) -> int:
    return ledger_of(world).read_bytes().count(b"468373902")


def test_an_event_that_only_mentions_the_number_rings_as_before(world: World) -> None:
    world.put("other", soon(7200), "LOCATION:" + BEN, "DESCRIPTION:or 0468 37 39 01", summary="Call Ben")
    assert command(world, "sync").exit_code == 0
    rows_of(world, "erase", "--number", ANNA, "--yes", "--json")
    assert command(world, "sync").exit_code == 0
    assert [(call.summary, call.state) for call in world.calls()] == [("Call Ben", State.PLANNED)]


def test_the_backups_that_still_hold_it_are_named(world: World) -> None:
    file = world.folder / "backup.db"
    command(world, "backup", str(file))
    text = command(world, "erase", "--number", ANNA, "--yes").stdout
    assert f"still in the backup {file} of 20" in text


def test_the_companys_own_numbers_arent_erased(world: World) -> None:
    error = command(world, "erase", "--number", "+3228160258", "--yes").exception
    assert isinstance(error, DecisionRefused)
    assert "one of the company's own numbers" in str(error)


def test_without_a_yes_nothing_is_erased(world: World) -> None:
    assert command(world, "erase", "--number", ANNA).exit_code == 1
    assert len(world.calls()) == 2


def test_a_lost_key_is_told_by_check(world: World) -> None:
    rows_of(world, "erase", "--number", ANNA, "--yes", "--json")
    key = key_path(ledger_of(world))
    assert key.stat().st_mode & 0o777 == 0o600
    key.unlink()
    assert "ledger.db.key is missing" in command(world, "check").stdout


@contextmanager
def called_world(folder: Path) -> Iterator[World]:
    """A daemon runs, and has called Anna."""
    with whole_world(folder) as world, running_daemon(read_config(world.config), SystemClock()):
        world.put("one", soon(), "LOCATION:" + ANNA)
        await_true(lambda: [call.outcome for call in world.calls()] == [Outcome.ANSWERED])
        world.put("two", soon(3600), "LOCATION:tel:+32-468-37-39-01", summary="Call")
        await_true(lambda: len(world.calls()) == 2)
        yield world


def test_beside_a_daemon_a_call_that_rang_and_one_to_come_leave_no_trace(tmp_path: Path) -> None:
    with called_world(tmp_path) as world:
        erased = rows_of(world, "erase", "--number", ANNA, "--yes", "--json")
        assert (erased["calls"], erased["called_off"], erased["whole"]) == (2, 1, True)
        assert traces(world) == {}
        # What the daemon keeps in memory of its calendars brings nothing back.
        world.put("three", soon(3600), "LOCATION:" + BEN, summary="Call")
        await_true(lambda: len(world.calls()) == 1)
        assert [str(call.destination) for call in world.calls()] == [BEN]
