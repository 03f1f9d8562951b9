"""The statements of the last look: which calls are near, what means them, and when their calendars were seen."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.calls.call import Key
from scheduler.calls.change import Add, Cancel, Recorded
from scheduler.calls.last_look import Look, Nearing, Sight
from scheduler.database import Connection, Database
from scheduler.ledger.calls import release_claim
from scheduler.ledger.changes import apply_change, select_recorded
from scheduler.ledger.collections import (
    StoredObject,
    record_failed,
    record_fetched,
    record_planned,
    upsert_objects,
)
from scheduler.ledger.events import select_events
from scheduler.ledger.looks import (
    is_overtaken,
    next_due_after,
    record_looked,
    record_unlooked,
    select_hrefs,
    select_nearing,
    select_sights,
    select_sights_of_call,
)
from tests.calls.builders import OTHER_CUSTOMER, key, want
from tests.clocks import NOON
from tests.ledger.desk import Desk

SECOND = timedelta(seconds=1)


@pytest.fixture
def sales(ledger: Database) -> Database:
    """A ledger whose calendar ``sales`` was fetched at noon."""
    ledger.write(record_fetched, "sales", "a", "state", NOON, news=True)
    return ledger


def add(ledger: Database, *keys: Key | str, seconds: float = 3) -> None:
    ledger.write(apply_change, Add(wanted=want(*keys, at=NOON + seconds * SECOND)), NOON - SECOND)


def recorded(ledger: Database) -> Recorded:
    (one,) = ledger.read(select_recorded, NOON)
    return one


def nearing(ledger: Database) -> tuple[Nearing, ...]:
    return ledger.read(select_nearing, NOON, NOON + 3 * SECOND)


def keep(ledger: Database, href: str, etag: str = "1", uid: str = "one") -> None:
    ledger.write(upsert_objects, "sales", [StoredObject(href=href, etag=etag, data=b"", uid=uid)])


def test_a_call_is_near_once_for_each_of_its_appointments(ledger: Database) -> None:
    add(ledger, "one", key(collection="support"))
    at = NOON + 3 * SECOND
    assert {(one.collection, one.uid, one.due_at, one.tried_at) for one in nearing(ledger)} == {
        ("sales", "one", at, at),
        ("support", "one", at, at),
    }


def test_a_call_that_waits_is_near_when_it_is_tried_again(ledger: Database) -> None:
    add(ledger, "one", seconds=-60)
    (claim,) = Desk(ledger).claim(NOON - 60 * SECOND)
    ledger.write(release_claim, claim, NOON + 3 * SECOND, "its origin is in another call")
    (found,) = nearing(ledger)
    assert (found.due_at, found.tried_at) == (NOON - 60 * SECOND, NOON + 3 * SECOND)


def test_of_what_is_kept_back_the_first_come_first(ledger: Database) -> None:
    for seconds in (3, 1, 2):
        add(ledger, f"{seconds}", seconds=seconds)
    assert [one.uid for one in ledger.read(select_nearing, NOON, NOON + 9 * SECOND, 2)] == ["1", "2"]


@pytest.mark.parametrize(("seconds", "near"), [(0, False), (0.001, True), (3, True), (3.001, False)])
def test_a_call_is_near_from_the_look_until_it_is_due(ledger: Database, seconds: float, near: bool) -> None:
    add(ledger, "one", seconds=seconds)
    assert bool(nearing(ledger)) is near


def test_what_is_claimed_or_cancelled_or_asked_for_by_hand_is_not_near(ledger: Database) -> None:
    add(ledger, "one")
    ledger.write(apply_change, Cancel(call=recorded(ledger).call, reason="gone"), NOON)
    Desk(ledger).plan(want(at=NOON + SECOND, destination=OTHER_CUSTOMER))
    add(ledger, "two", seconds=2)
    Desk(ledger).claim(NOON + 2 * SECOND)
    assert nearing(ledger) == ()


def test_the_next_call_to_come_is_not_one_that_waits(ledger: Database) -> None:
    add(ledger, "waits", seconds=1)
    (claim,) = Desk(ledger).claim(NOON + SECOND)
    ledger.write(lambda c: c.execute("UPDATE call SET state = 'planned', claim_token = NULL").close())
    ledger.write(lambda c: c.execute("UPDATE call SET wake_at = ?", ("2026-11-23T12:00:06.000000Z",)).close())
    add(ledger, "comes", seconds=60)
    assert claim.call.due_at == NOON + SECOND
    assert ledger.read(next_due_after, NOON) == NOON + 60 * SECOND
    assert ledger.read(next_due_after, NOON + 60 * SECOND) is None


def test_objects_are_found_by_the_uid_that_their_source_told(sales: Database) -> None:
    keep(sales, "1.ics")
    keep(sales, "copy.ics")
    keep(sales, "2.ics", uid="two")
    keep(sales, "untold.ics", uid="")
    found = sales.read(select_hrefs, "sales", {"one", "two", "three", ""})
    assert found == {"one": {"1.ics", "copy.ics"}, "two": {"2.ics"}}


def test_more_uids_than_one_statement_takes_are_all_found(sales: Database) -> None:
    for number in range(501):
        keep(sales, f"{number}.ics", uid=f"uid{number}")
    assert len(sales.read(select_hrefs, "sales", {f"uid{number}" for number in range(501)})) == 501


def test_a_calendar_is_seen_by_planned_fetches_and_by_looks(sales: Database) -> None:
    sales.write(record_planned, "sales", NOON)
    sales.write(record_looked, "sales", NOON + SECOND)
    sight = Sight(collection="sales", planned_at=NOON, looked_at=NOON + SECOND)
    assert sales.read(select_sights) == {"sales": sight}
    add(sales, "one", key(uid="again"))
    assert sales.read(select_sights_of_call, 1) == (sight,)


def test_a_failed_look_stands_in_the_history_of_its_calls_once_and_in_the_calendar_until_it_is_seen(
    sales: Database,
) -> None:
    add(sales, "one")
    look = Look(
        collection="sales",
        asked_at=NOON,
        uids=frozenset({"one"}),
        call_ids=frozenset({1}),
        rings_at=NOON + 3 * SECOND,
    )
    for _ in range(2):
        sales.write(record_unlooked, look, "its answer", "no answer", NOON)
    told = [(one.kind, one.detail) for one in sales.read(select_events, 1)]
    assert told == [("planned", ""), ("not_looked_at", "calendar sales: no answer")]
    assert sales.read(select_sights)["sales"].problem == "its answer"
    sales.write(record_looked, "sales", NOON)
    assert sales.read(select_sights)["sales"].problem == ""


def test_a_good_fetch_ends_the_problem_of_a_look(sales: Database) -> None:
    sales.write(lambda c: c.execute("UPDATE collection SET look_problem = 'down'").close())
    sales.write(record_failed, "sales", "a", "down too", NOON, forbidden=False)
    assert sales.read(select_sights)["sales"].problem == "down"
    sales.write(record_fetched, "sales", "a", "state", NOON, news=False)
    assert sales.read(select_sights)["sales"].problem == ""


ETAGS = {"1.ics": "1", "2.ics": "1"}


@pytest.mark.parametrize(
    ("change", "touched", "overtaken"),
    [
        pytest.param("", ["1.ics"], False, id="nobody came between"),
        pytest.param("", ["3.ics"], False, id="a new object"),
        pytest.param("UPDATE collection SET state = 'other'", [], True, id="a fetch came between"),
        pytest.param("UPDATE object SET etag = '2' WHERE href = '1.ics'", ["1.ics"], True, id="a look changed it"),
        pytest.param("DELETE FROM object WHERE href = '1.ics'", ["1.ics"], True, id="a look deleted it"),
        pytest.param("DELETE FROM object WHERE href = '2.ics'", ["1.ics"], False, id="a look at another object"),
    ],
)
def test_a_fetch_is_overtaken_by_what_was_stored_since_it_began(
    sales: Database, change: str, touched: list[str], overtaken: bool
) -> None:
    keep(sales, "1.ics")
    keep(sales, "2.ics")

    def found(connection: Connection) -> bool:
        if change:
            connection.execute(change)
        return is_overtaken(connection, "sales", "state", ETAGS, touched)

    assert sales.write(found) is overtaken


def test_a_first_fetch_is_overtaken_by_another_first_fetch(ledger: Database, sales: Database) -> None:
    assert ledger.read(is_overtaken, "support", None, {}, ["1.ics"]) is False
    assert sales.read(is_overtaken, "sales", None, {}, ["1.ics"]) is True
