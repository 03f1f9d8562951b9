"""What is past its retention goes, in slices; what is needed to ring nobody twice stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.calls.call import Key, Outcome, State
from scheduler.database import Connection, Database, write_instant
from scheduler.duties.prune import OVER_EVENT, PruneDuty, Retention
from scheduler.ledger import open_ledger
from scheduler.ledger.annotations import Annotation, record_annotation
from scheduler.ledger.calls import end_call, insert_call
from scheduler.ledger.collections import (
    StoredObject,
    record_fetched,
    select_collections,
    select_etags,
    select_objects,
    upsert_objects,
)
from scheduler.ledger.events import append_event
from scheduler.ledger.tombstones import insert_tombstones, select_digests
from tests.calls.builders import want
from tests.cli.test_commands import command
from tests.clocks import NOON
from tests.world import event, small_world

DAY = timedelta(days=1)
RETENTION = Retention(calls=100 * DAY, records=50 * DAY, history=100 * DAY, events=50 * DAY)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    with closing(open_ledger(tmp_path / "ledger.db")) as found:
        yield found


def duty(ledger: Database) -> PruneDuty:
    return PruneDuty(ledger, RETENTION, ["sales"])


def prune(ledger: Database, now: datetime = NOON) -> dict[str, int]:
    """Until nothing is left to do."""
    counts: dict[str, int] = {}
    pruning = duty(ledger)
    while (found := pruning.run_once(now)).more:
        for kind, count in found.counts.items():
            counts[kind] = counts.get(kind, 0) + count
    return counts


def add_call(ledger: Database, at: datetime, *, ended: bool = True, again_of: int | None = None) -> int:
    call_id = ledger.write(insert_call, want(at=at), at, again_of=again_of)
    ledger.write(append_event, at, "planned", call_id=call_id)
    if ended:
        ledger.write(end_call, call_id, Outcome.MISSED, "", at, leaving=[State.PLANNED])
    return call_id


def calls(ledger: Database) -> list[int]:
    def select(connection: Connection) -> list[int]:
        return [row["id"] for row in connection.execute("SELECT id FROM call ORDER BY id")]

    return ledger.read(select)


def execute(ledger: Database, statement: str, *parameters: object) -> None:
    ledger.write(lambda connection: connection.execute(statement, parameters).close())


def count(ledger: Database, table: str) -> int:
    def select(connection: Connection) -> int:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    return ledger.read(select)


def test_calls_past_their_retention_go_with_their_history_and_younger_ones_stay(ledger: Database) -> None:
    for hours in range(25):
        add_call(ledger, NOON - 101 * DAY - timedelta(hours=hours))
    young = add_call(ledger, NOON - 99 * DAY)
    assert prune(ledger)["call"] == 25
    assert calls(ledger) == [young]
    assert count(ledger, "event") == 1


def test_a_call_that_hasnt_ended_is_never_pruned(ledger: Database) -> None:
    open_call = add_call(ledger, NOON - 500 * DAY, ended=False)
    prune(ledger)
    assert calls(ledger) == [open_call]


def test_a_call_that_was_rung_again_stays_as_long_as_that_one(ledger: Database) -> None:
    first = add_call(ledger, NOON - 101 * DAY)
    second = add_call(ledger, NOON - 99 * DAY, again_of=first)
    prune(ledger)
    assert calls(ledger) == [first, second]
    prune(ledger, NOON + 3 * DAY)
    assert calls(ledger) == []


def test_records_go_sooner_than_their_calls_and_never_before_they_were_weighed(ledger: Database) -> None:
    old = write_instant(NOON - 51 * DAY)
    for raw, weighed in (("{}", old), ("[]", old)):
        execute(
            ledger,
            "INSERT INTO cdr (source, received_at, raw, weighed_at) VALUES ('list', ?, ?, ?)",
            old, raw, weighed,
        )  # fmt: skip
    call_id = add_call(ledger, NOON - 51 * DAY, ended=False)
    execute(
        ledger,
        "INSERT INTO attempt (call_id, number, reference, requested_at) VALUES (?, 1, 'r', ?)",
        call_id,
        old,
    )
    execute(ledger, "INSERT INTO cdr (attempt_id, source, received_at, raw) VALUES (1, 'callback', ?, '{}')", old)
    assert prune(ledger)["cdr"] == 2
    assert count(ledger, "cdr") == 1


def test_history_of_no_call_letters_commands_and_what_is_over_go(ledger: Database) -> None:
    old, older = write_instant(NOON - 101 * DAY), write_instant(NOON - 102 * DAY)
    young = write_instant(NOON)
    ledger.write(append_event, NOON - 101 * DAY, "alert", detail="old")
    ledger.write(append_event, NOON, "alert", detail="young")
    for at in (old, young):
        execute(ledger, "INSERT INTO command (kind, arguments, asked_at) VALUES ('place', '{}', ?)", at)
        execute(ledger, "INSERT INTO pause (since, until, reason) VALUES (?, ?, '')", older, at)
        execute(
            ledger, "INSERT INTO trouble (name, kind, title, since, over_at) VALUES ('', '', '', ?, ?)", older, at
        )
        execute(
            ledger,
            """INSERT INTO letter (recipient, key, kind, title, body, made_at, due_at, sent_at)
               VALUES ('', ?, '', '', '', ?, ?, ?)""",
            at, at, at, at,
        )  # fmt: skip
    execute(ledger, "INSERT INTO pause (since, reason) VALUES (?, 'goes on')", older)
    kinds = ("event", "command", "trouble", "letter", "pause")
    assert prune(ledger) == dict.fromkeys(kinds, 1)
    assert [count(ledger, kind) for kind in kinds] == [1, 1, 1, 1, 2]


def calendar(at: datetime, *lines: str) -> bytes:
    text = event("one", at, *lines)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{text}END:VCALENDAR\r\n".encode()


def store(ledger: Database, name: str, objects: dict[str, bytes], at: datetime = NOON) -> None:
    ledger.write(record_fetched, name, "", "", at, news=True)
    ledger.write(
        upsert_objects, name, [StoredObject(href=href, etag="e", data=data) for href, data in objects.items()]
    )


def test_an_event_that_is_over_loses_its_text_and_keeps_its_address(ledger: Database) -> None:
    over, recent, endless = (
        calendar(NOON - 60 * DAY),
        calendar(NOON - 40 * DAY),
        calendar(NOON - 900 * DAY, "RRULE:FREQ=WEEKLY"),
    )
    store(ledger, "sales", {"over": over, "recent": recent, "endless": endless})
    assert prune(ledger) == {"object": 1}
    found = {one.href: one.data for one in ledger.read(select_objects, "sales")}
    assert found == {"over": OVER_EVENT, "recent": recent, "endless": endless}
    # By these the next fetch sees that there is nothing to fetch.
    assert ledger.read(select_etags, "sales") == dict.fromkeys(("over", "recent", "endless"), "e")


def test_what_is_no_longer_configured_goes_once_it_wasnt_fetched_for_so_long(ledger: Database) -> None:
    cards = {str(number): b"BEGIN:VCARD" for number in range(250)}
    store(ledger, "address book old", cards, NOON - 51 * DAY)
    store(ledger, "address book left today", cards, NOON)
    store(ledger, "sales", {"one": calendar(NOON)}, NOON - 51 * DAY)
    assert prune(ledger) == {"object": 250}
    assert [one.name for one in ledger.read(select_collections)] == ["address book left today", "sales"]


def test_a_tombstone_lasts_until_its_time(ledger: Database) -> None:
    ledger.write(insert_tombstones, [b"a" * 32], NOON)
    ledger.write(insert_tombstones, [b"b" * 32], NOON + DAY)
    prune(ledger, NOON + timedelta(hours=1))
    assert ledger.read(select_digests) == {b"b" * 32}


def test_what_was_written_into_events_is_remembered_while_it_may_change(ledger: Database) -> None:
    for uid, until in (("over", NOON - 101 * DAY), ("to come", NOON)):
        key = Key(collection="sales", uid=uid, recurrence_id="")
        ledger.write(record_annotation, key, Annotation(told="digest"), NOON - 101 * DAY, silent_until=until)
    prune(ledger)
    assert count(ledger, "annotation") == 1


def test_events_are_looked_at_once_a_day(ledger: Database) -> None:
    pruning = duty(ledger)
    assert pruning.run_once(NOON).more
    assert not pruning.run_once(NOON + timedelta(hours=23)).more
    assert pruning.run_once(NOON + timedelta(hours=25)).more
    # A clock that was set back keeps nobody from looking.
    assert pruning.run_once(NOON - DAY).more


def test_no_slice_deletes_more_than_a_few_calls(ledger: Database) -> None:
    for number in range(60):
        add_call(ledger, NOON - 101 * DAY - number * timedelta(minutes=1))
    pruned = duty(ledger).run_once(NOON)
    assert pruned.more
    assert pruned.counts["call"] <= 10


def test_an_event_that_was_emptied_isnt_stored_again_while_its_calendar_goes_on_showing_it(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    now = datetime.now(UTC)
    world.put("old", now - 60 * DAY)
    assert command(world, "sync").exit_code == 0
    with closing(open_ledger(tmp_path / "ledger.db")) as ledger:
        assert prune(ledger, now) == {"object": 1}
    world.put("new", now + DAY)
    assert command(world, "sync").exit_code == 0
    with closing(open_ledger(tmp_path / "ledger.db")) as ledger:
        assert OVER_EVENT in [one.data for one in ledger.read(select_objects, "sales")]
    assert len(world.calls()) == 1
