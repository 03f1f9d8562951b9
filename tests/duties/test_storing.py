"""A big fetch is stored in slices: nothing waits long behind it, and one that breaks off loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scheduler.database import Connection, Database
from scheduler.duties import sync
from scheduler.duties.storing import StoredAhead
from scheduler.duties.sync import SyncDuty
from scheduler.duties.synced import Synced, SyncedCalendar
from scheduler.duties.turns import next_fetch_at
from scheduler.errors import DatabaseBusy
from scheduler.ledger import open_ledger
from scheduler.ledger.collections import StoredObject, select_collection, select_etags, upsert_objects
from scheduler.sources.source import Fetched, FetchedObject, SourceState
from tests.clocks import NOON, SetClock
from tests.duties.test_sync import MINUTE, ScriptedSource, fetched

HREFS = tuple(f"{number}.ics" for number in range(5))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    with closing(open_ledger(tmp_path / "ledger.db")) as found:
        yield found


def big(*hrefs: str, etag: str = "1", token: str = "t1") -> Fetched:
    """Two of its objects fill a slice."""
    objects = tuple(FetchedObject(href=href, etag=etag, data=200_000 * b"x") for href in hrefs)
    return Fetched(state=SourceState(sync_token=token), changed=objects)


def duty(ledger: Database, *replies: Fetched) -> SyncDuty:
    calendar = SyncedCalendar(source=ScriptedSource(list(replies)), every=MINUTE, settings="a")
    return SyncDuty(ledger, [calendar], SetClock(), lambda _: None)


def sync_once(syncing: SyncDuty) -> Synced:
    [synced] = syncing.sync_all()
    return synced


def stored(ledger: Database) -> dict[str, str]:
    return ledger.read(select_etags, "sales")


def token(ledger: Database) -> str:
    row = ledger.read(select_collection, "sales")
    return SourceState.from_json(row.state).sync_token if row and row.state else ""


def break_off(_connection: Connection, *_arguments: object, **_named: object) -> bool:
    raise DatabaseBusy("the ledger is locked")


def test_a_big_fetch_holds_the_ledger_for_a_slice_at_a_time(ledger: Database) -> None:
    ahead = StoredAhead(ledger, "sales", {}, None)
    seen: list[int] = []
    write = ledger.write
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ledger, "write", lambda *work: (write(*work), seen.append(len(stored(ledger))))[0])
        assert ahead.store(big(*HREFS).changed, NOON)
    assert (seen, ahead.hrefs) == ([0, 2, 4], list(HREFS[:4]))  # the last one comes with the state


def test_in_slices_or_not_the_same_is_stored_and_told(ledger: Database) -> None:
    with closing(duty(ledger, big(*HREFS), big(*HREFS[1:], "new.ics", etag="2", token="t2"))) as syncing:
        first, second = sync_once(syncing), sync_once(syncing)
    assert (first.changed, first.anew, set(first.hrefs)) == (5, True, set(HREFS))
    assert (second.changed, second.anew, set(second.hrefs)) == (5, False, {*HREFS[1:], "new.ics"})
    assert stored(ledger) == {"0.ics": "1", "new.ics": "2"} | dict.fromkeys(HREFS[1:], "2")
    counts = ledger.read(lambda c: c.execute("SELECT detail FROM event WHERE kind = 'synced'").fetchall())
    assert [row["detail"] for row in counts] == [
        "sales: 5 new, 0 changed, 0 deleted",
        "sales: 1 new, 4 changed, 0 deleted",
    ]


@pytest.mark.parametrize("known", [True, False])
def test_what_a_fetch_stored_before_it_broke_off_is_handed_on_by_the_next_one(
    ledger: Database, *, known: bool
) -> None:
    before = [fetched("a.ics", token="t0")] if known else []
    with closing(duty(ledger, *before, big(*HREFS), fetched("4.ics", token="t2"))) as syncing:
        for _ in before:
            sync_once(syncing)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(sync, "store_fetched", break_off)
            assert sync_once(syncing).problem
        assert (len(stored(ledger)), token(ledger)) == (len(before) + 4, "t0" if known else "")
        assert set(HREFS) <= set(sync_once(syncing).hrefs)


def test_a_first_fetch_that_broke_off_is_made_again_from_the_beginning(ledger: Database) -> None:
    StoredAhead(ledger, "sales", {}, None).store(big(*HREFS).changed, NOON)
    with closing(duty(ledger, fetched("4.ics"))) as syncing:
        assert next_fetch_at(syncing.calendars[0], ledger.read(select_collection, "sales")) < NOON
        assert set(sync_once(syncing).hrefs) == set(HREFS)
    assert stored(ledger) == {"4.ics": "etag-4.ics"}  # what it doesn't name is gone


def test_no_slice_goes_over_what_a_look_stored_meanwhile(ledger: Database) -> None:
    with closing(duty(ledger, fetched(*HREFS))) as syncing:
        sync_once(syncing)
    ahead = StoredAhead(ledger, "sales", stored(ledger), _state(ledger))
    newer = StoredObject(href="2.ics", etag="newer", data=b"y")
    ledger.write(upsert_objects, "sales", [newer])
    assert not ahead.store(big(*HREFS, etag="2").changed, NOON)
    assert stored(ledger)["2.ics"] == "newer"
    assert ahead.hrefs == ["0.ics", "1.ics"]


def _state(ledger: Database) -> str:
    row = ledger.read(select_collection, "sales")
    assert row is not None
    return row.state
