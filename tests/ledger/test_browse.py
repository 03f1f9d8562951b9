"""Looking back over many calls: searches in pages, a day, and outcomes counted by the quarter of an hour."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.calls.call import Outcome
from scheduler.database import Database
from scheduler.ledger.browse import Found, Place, Search, count_by_origin, count_by_time, find_calls, select_due
from scheduler.ledger.calls import end_call
from scheduler.ledger.life import UNSENT
from scheduler.phone import PhoneNumber
from tests.calls.builders import CUSTOMER, HOUR, MINUTE, ORIGIN, OTHER_CUSTOMER, SECOND_ORIGIN, want
from tests.clocks import NOON
from tests.ledger.desk import Desk
from tests.ledger.test_queries import steps_of

SEARCH = Search(since=NOON - 99 * HOUR, until=NOON + 99 * HOUR)
TO_OTHER = want("two", at=NOON + MINUTE, destination=OTHER_CUSTOMER)
FROM_SECOND = want("three", at=NOON + 2 * MINUTE, origin=SECOND_ORIGIN)


@pytest.fixture
def calls(desk: Desk) -> tuple[int, int, int]:
    """Three: of one phone to one customer, to another customer, and of another phone."""
    wanted = (want("one"), TO_OTHER, FROM_SECOND)
    return tuple(desk.plan(one) for one in wanted)  # type: ignore[return-value]


def found(ledger: Database, **narrowed: object) -> list[int]:
    page = ledger.read(find_calls, replace(SEARCH, **narrowed), None, 10)
    return [call.id for call in page.calls]


def end(ledger: Database, call_id: int, outcome: Outcome) -> None:
    assert ledger.write(end_call, call_id, outcome, "", NOON, leaving=UNSENT)


def test_the_latest_calls_come_first(ledger: Database, calls: tuple[int, int, int]) -> None:
    assert found(ledger) == [*reversed(calls)]


def test_a_number_is_found_as_that_of_the_customer_and_of_the_manager(
    ledger: Database, calls: tuple[int, int, int]
) -> None:
    one, two, three = calls
    assert found(ledger, number=OTHER_CUSTOMER) == [two]
    assert found(ledger, number=SECOND_ORIGIN) == [three]
    assert found(ledger, number=ORIGIN) == [two, one]
    assert found(ledger, number=PhoneNumber("+442079460199")) == []


def test_what_narrows_a_search_narrows_it_together(ledger: Database, calls: tuple[int, int, int]) -> None:
    one, two, _three = calls
    end(ledger, one, Outcome.MISSED)
    end(ledger, two, Outcome.MISSED)
    assert found(ledger, outcome=Outcome.MISSED) == [two, one]
    assert found(ledger, outcome=Outcome.MISSED, number=CUSTOMER) == [one]
    assert found(ledger, outcome=Outcome.MISSED, origin=SECOND_ORIGIN) == []
    assert found(ledger, number=CUSTOMER, origin=ORIGIN) == [one]


def test_only_what_is_due_in_the_time_is_found(ledger: Database, calls: tuple[int, int, int]) -> None:
    one, two, _three = calls
    assert found(ledger, until=NOON + 2 * MINUTE) == [two, one]
    assert found(ledger, since=NOON + MINUTE, until=NOON + 2 * MINUTE) == [two]


@pytest.mark.parametrize("words", ["50%_off", "50%", r"a\b", "BEN"])
def test_words_are_found_as_they_are_written_in_whatever_case(desk: Desk, words: str) -> None:
    call_id = desk.plan(replace(want("one"), summary=r"Call Ben: 50%_off a\b"))
    desk.plan(replace(TO_OTHER, summary="Call Anna: 500 offers, ab"))
    assert found(desk.ledger, words=words) == [call_id]


def test_calls_to_the_customer_of_a_name_are_found_whatever_their_title(
    ledger: Database, calls: tuple[int, int, int]
) -> None:
    assert found(ledger, words="zebra", customers=(OTHER_CUSTOMER,)) == [calls[1]]
    assert found(ledger, customers=(OTHER_CUSTOMER,)) == [*reversed(calls)]


def pages(ledger: Database, search: Search, limit: int) -> list[Found]:
    seen = [ledger.read(find_calls, search, None, limit)]
    while seen[-1].older is not None:
        seen.append(ledger.read(find_calls, search, seen[-1].older, limit))
        assert seen[-1].older is None or seen[-1].older < (seen[-2].older or seen[-1].older), "it doesn't go on"
    return seen


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(1, 4), walk=st.integers(1, 5), minutes=st.lists(st.integers(0, 3), max_size=8))
def test_page_by_page_every_call_is_found_once_wherever_the_search_pauses(
    ledger: Database, monkeypatch: pytest.MonkeyPatch, limit: int, walk: int, minutes: list[int]
) -> None:
    monkeypatch.setattr("scheduler.ledger.browse.WALK", walk)
    ledger.write(lambda c: c.execute("DELETE FROM call").close())
    desk = Desk(ledger)
    for number, minute in enumerate(minutes):
        destination = PhoneNumber(f"+1202555010{number}")
        desk.plan(replace(want(at=NOON + minute * MINUTE, destination=destination), summary=f"even {number % 2}"))
    for search in (SEARCH, replace(SEARCH, words="even 0"), replace(SEARCH, number=ORIGIN)):
        listed = [call for page in pages(ledger, search, limit) for call in page.calls]
        wanted = [n for n in range(len(minutes)) if search.words in f"even {n % 2}"]
        assert Counter(str(call.destination) for call in listed) == Counter(f"+1202555010{n}" for n in wanted)
        assert listed == sorted(listed, key=lambda call: (call.due_at, call.id), reverse=True)


def test_a_search_that_pauses_says_how_far_back_it_has_looked(
    ledger: Database, calls: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.ledger.browse.WALK", 1)
    page = ledger.read(find_calls, replace(SEARCH, words="zebra"), None, 10)
    assert page == Found(calls=(), older=Place(due_at=NOON + MINUTE, call_id=calls[1]), paused_at=NOON + MINUTE)


def test_a_day_is_listed_in_its_order(ledger: Database, calls: tuple[int, int, int]) -> None:
    assert [call.id for call in ledger.read(select_due, NOON, NOON + 2 * MINUTE, 10)] == [*calls[:2]]
    assert [call.id for call in ledger.read(select_due, NOON, NOON + HOUR, 1)] == [calls[0]]


def test_outcomes_are_counted_by_quarter_and_by_phone(desk: Desk) -> None:
    for minute in (0, 1, 14, 15, 59):
        call_id = desk.plan(want(at=NOON + minute * MINUTE))
        end(desk.ledger, call_id, Outcome.BUSY if minute == 14 else Outcome.MISSED)
    end(desk.ledger, desk.plan(FROM_SECOND), Outcome.MISSED)
    desk.plan(want(at=NOON + 3 * MINUTE))  # is to come
    by_time = desk.ledger.read(count_by_time, NOON, NOON + HOUR)
    assert {(one.since - NOON, one.outcome): one.calls for one in by_time} == {
        (timedelta(), Outcome.MISSED): 3,
        (timedelta(), Outcome.BUSY): 1,
        (15 * MINUTE, Outcome.MISSED): 1,
        (45 * MINUTE, Outcome.MISSED): 1,
    }
    by_origin = desk.ledger.read(count_by_origin, NOON, NOON + HOUR)
    assert {(one.origin, one.outcome): one.calls for one in by_origin} == {
        (ORIGIN, Outcome.MISSED): 4,
        (ORIGIN, Outcome.BUSY): 1,
        (SECOND_ORIGIN, Outcome.MISSED): 1,
    }


@pytest.mark.parametrize(
    "search",
    [
        SEARCH,
        replace(SEARCH, number=CUSTOMER, origin=ORIGIN, outcome=Outcome.BUSY),
        replace(SEARCH, origin=ORIGIN, words="ann"),
    ],
)
def test_a_search_follows_an_index_and_sorts_nothing(ledger: Database, search: Search) -> None:
    steps = steps_of(ledger, lambda c: find_calls(c, search, None, 10))
    walks = [step for step in steps if "call" in step]
    assert walks
    assert all("SEARCH call USING" in step and "due_at>? AND due_at<?" in step for step in walks)
    assert not [step for step in steps if "TEMP B-TREE" in step]


def test_a_day_and_its_counts_are_read_by_the_index_alone(ledger: Database) -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    works = (
        lambda c: select_due(c, at, at, 10),
        lambda c: count_by_time(c, at, at),
        lambda c: count_by_origin(c, at, at),
    )
    steps = [step for work in works for step in steps_of(ledger, work)]
    walks = [step for step in steps if "call" in step]
    assert len(walks) == 3
    assert all("INDEX call_due (due_at>? AND due_at<?)" in step for step in walks)
