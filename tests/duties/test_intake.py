"""What a fetch brings, beside what is stored: new names of old events, and objects that broke."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scheduler.calls.call import Call, Outcome, State
from scheduler.database import Connection, Database
from scheduler.duties.replan import ReplanDuty, Replanned
from scheduler.duties.sync import SyncDuty
from scheduler.duties.synced import Synced, SyncedCalendar
from scheduler.http import Http, HttpSettings
from scheduler.ledger import open_ledger
from scheduler.ledger.calls import claim_due, end_call, request_calls, select_calls
from scheduler.ledger.collections import select_objects
from scheduler.sources.ics import IcsSettings, IcsSource
from scheduler.sources.source import Fetched, FetchedObject, Source, SourceState
from tests.calendars.ics import SAMPLES, calendar
from tests.clocks import NOON, SetClock
from tests.duties.support import DESTINATION
from tests.duties.test_replan import rules
from tests.duties.test_sync import ScriptedSource

NAMES = ("first", "second")
EVE_OF_THE_SAMPLES = datetime.fromisoformat("2027-01-11T12:00:00+00:00")
HOUR = timedelta(hours=1)


class Bench:
    """One calendar, synced and planned with every look."""

    def __init__(self, ledger: Database, source: Source, now: datetime) -> None:
        self.ledger, self.clock = ledger, SetClock(now)
        self.replan = ReplanDuty(ledger, rules("sales"))
        self.source = source
        self.replanned = Replanned()

    def look(self) -> Synced:
        calendar = SyncedCalendar(source=self.source, every=HOUR, settings="a")
        with closing(SyncDuty(self.ledger, [calendar], self.clock, self._plan)) as duty:
            return duty.sync_all()[0]

    def _plan(self, fetched: Sequence[Synced]) -> None:
        touched = {one.name: one.hrefs for one in fetched if one.news}
        self.replanned = self.replan.run_once(self.clock.now(), touched=touched)

    def calls(self) -> list[Call]:
        span = timedelta(days=30)
        now = self.clock.now()
        return list(self.ledger.read(select_calls, since=now - span, until=now + span, limit=100))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    with closing(open_ledger(tmp_path / "ledger.db")) as found:
        yield found


@pytest.fixture
def feed(tmp_path: Path, ledger: Database) -> Iterator[Bench]:
    """A feed that gives other UIDs at each fetch: see :func:`_export`."""
    with closing(Http(HttpSettings())) as http:
        source = IcsSource(IcsSettings(name="sales", path=tmp_path / "feed.ics"), http)
        yield Bench(ledger, source, EVE_OF_THE_SAMPLES)


def _export(folder: Path, number: int) -> None:
    text = (SAMPLES / f"uids-anew-at-each-fetch-{NAMES[number % 2]}.ics").read_text()
    dialled = text.replace("SUMMARY:Call Anna Janssens", f"SUMMARY:Call {DESTINATION}")
    (folder / "feed.ics").write_text(dialled.replace("UID:", f"UID:{number}-"))


def test_events_with_new_uids_at_each_fetch_stay_the_same_calls(tmp_path: Path, feed: Bench) -> None:
    _export(tmp_path, 0)
    feed.look()
    planned = feed.calls()
    assert len(planned) == 4
    for number in range(1, 4):
        _export(tmp_path, number)
        assert not feed.look().news
        assert feed.replanned == Replanned()
        assert feed.calls() == planned
    assert feed.ledger.read(_count, "event") == 5  # one a call, and one of the first fetch
    assert feed.ledger.read(_count, "appointment") == 4


def test_an_event_with_a_new_uid_isnt_rung_again_after_its_call(tmp_path: Path, feed: Bench) -> None:
    _export(tmp_path, 0)
    feed.look()
    feed.clock.advance(timedelta(hours=21, seconds=1))
    rung = feed.calls()[0]
    feed.ledger.write(_ring, feed.clock.now())
    for number in (1, 2):
        _export(tmp_path, number)
        feed.look()
        states = [call.outcome for call in feed.calls()]
        assert states == [Outcome.ANSWERED, None, None, None]
    assert feed.calls()[0].id == rung.id


def test_an_edit_beside_new_uids_changes_the_edited_call_alone(tmp_path: Path, feed: Bench) -> None:
    _export(tmp_path, 0)
    feed.look()
    before = feed.calls()
    _export(tmp_path, 1)
    path = tmp_path / "feed.ics"
    path.write_text(path.read_text().replace("20270114T100000", "20270114T150000"))
    assert feed.look().changed == 1
    open_calls = [call for call in feed.calls() if call.state is State.PLANNED]
    assert [call.id in {one.id for one in before} for call in open_calls] == [True, True, False, True]


def at(hours: int, text: str = "Call") -> bytes:
    return calendar(f"DTSTART:{NOON + hours * HOUR:%Y%m%dT%H%M%SZ}", f"SUMMARY:{text} {DESTINATION}")


def reply(*objects: tuple[str, bytes], deleted: tuple[str, ...] = ()) -> Fetched:
    changed = tuple(FetchedObject(href=href, etag=str(hash(data)), data=data) for href, data in objects)
    return Fetched(state=SourceState(sync_token="t"), changed=changed, deleted=deleted)


def server(ledger: Database, *replies: Fetched) -> Bench:
    return Bench(ledger, ScriptedSource(list(replies)), NOON)


@pytest.mark.parametrize("garbage", [b"", b"<html>login</html>", at(3).replace(b"UID:one@example.com\r\n", b"")])
def test_an_object_that_broke_keeps_its_call_and_says_so(ledger: Database, garbage: bytes) -> None:
    bench = server(ledger, reply(("one.ics", at(1))), reply(("one.ics", garbage)))
    bench.look()
    bench.look()
    (call,) = bench.calls()
    assert (call.state, call.due_at) == (State.PLANNED, NOON + HOUR)
    (held,) = ledger.read(select_objects, "sales")
    assert held.problem.startswith("the event can't be read any more (")
    assert held.etag == str(hash(garbage))


def test_an_object_that_was_mended_counts_again(ledger: Database) -> None:
    bench = server(ledger, reply(("one.ics", at(1))), reply(("one.ics", b"")), reply(("one.ics", at(2))))
    for _ in range(3):
        bench.look()
    assert [call.due_at for call in bench.calls()] == [NOON + 2 * HOUR]
    assert [one.problem for one in ledger.read(select_objects, "sales")] == [""]


def test_an_object_that_broke_and_then_goes_takes_its_call_with_it(ledger: Database) -> None:
    bench = server(ledger, reply(("one.ics", at(1))), reply(("one.ics", b"")), reply(deleted=("one.ics",)))
    for _ in range(3):
        bench.look()
    assert [call.outcome for call in bench.calls()] == [Outcome.CANCELLED]


def test_an_object_moved_to_another_address_is_the_same_event_until_it_is_edited(ledger: Database) -> None:
    moved = reply(("new.ics", at(1)), deleted=("old.ics",))
    bench = server(ledger, reply(("old.ics", at(1))), moved, reply(("new.ics", at(2))))
    bench.look()
    (call,) = bench.calls()
    assert not bench.look().news
    assert bench.calls() == [call]
    bench.look()
    assert [(one.id, one.due_at) for one in bench.calls()] == [(call.id, NOON + 2 * HOUR)]


def test_a_copy_of_an_event_that_moved_to_another_address_and_time_is_an_event_of_its_own(
    ledger: Database,
) -> None:
    copy = at(1).replace(b"UID:one", b"UID:copy")
    bench = server(
        ledger,
        reply(("old.ics", at(1))),
        reply(("copy.ics", copy), ("new.ics", at(3)), deleted=("old.ics",)),
    )
    bench.look()
    bench.look()
    due = sorted(call.due_at for call in bench.calls() if call.state is State.PLANNED)
    assert due == [NOON + HOUR, NOON + 3 * HOUR]


def _count(connection: Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _ring(connection: Connection, now: datetime) -> None:
    """The due call is placed and answered."""
    (claim,) = claim_due(connection, now, 1, "token")
    assert request_calls(connection, [claim])
    assert end_call(connection, claim.call.id, Outcome.ANSWERED, "", now, leaving=[State.REQUESTED])
