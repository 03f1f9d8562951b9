"""GET /cdr by window and page, over HTTP, on CDRs that were written straight into the database."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.gateway.line import never_connected
from scheduler.gateway.records import Records
from scheduler.gateway.server import running
from tests.gateway.support import NOON, Caller, accepted, settings_of

_session_ids = itertools.count(1)
_days = itertools.count(1)


class Archive:
    """A gateway whose database the test fills; each example takes a day of its own in the past."""

    def __init__(self, url: str, records: Records) -> None:
        self.records = records
        self.caller = Caller(url)
        # One token for them all: asking for it each time is most of what a request costs.
        self.headers = self.caller.bearer

    def add(self, requested_at: datetime) -> str:
        call = accepted(next(_session_ids), requested_at=requested_at)
        self.records.accept(call)
        end = never_connected(call, "Leg1-404-NotFound received", requested_at)
        self.records.end(call, end, visible_at=requested_at, callbacks=0)
        return str(call.session_id)

    def page(self, since: datetime, till: datetime, **parameters: int) -> dict[str, Any]:
        window = {"from": spelled(since), "till": spelled(till)}
        body: dict[str, Any] = self.caller.get_cdrs(**window, **parameters).json()
        return body


def spelled(instant: datetime) -> str:
    """With milliseconds, as on the operator's page."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03}Z"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    chosen = settings_of(tmp_path_factory.mktemp("pages"))
    with running(chosen) as url, closing(Records(chosen.database)) as records:
        yield Archive(url, records)


@pytest.fixture
def day() -> datetime:
    return NOON - timedelta(days=next(_days))


def ids_of(body: dict[str, Any]) -> list[str]:
    return [item["sessionId"] for item in body["items"]]


def test_an_empty_window_is_one_empty_page(archive: Archive, day: datetime) -> None:
    body = archive.page(day, day + timedelta(hours=1))
    assert body == {"items": [], "meta": {"currentPage": 0, "totalElements": 0, "lastPage": 0}}


def test_from_is_included_and_till_is_not(archive: Archive, day: datetime) -> None:
    first, second = archive.add(day), archive.add(day + timedelta(seconds=1))
    assert ids_of(archive.page(day, day + timedelta(seconds=1))) == [first]
    assert ids_of(archive.page(day + timedelta(seconds=1), day + timedelta(seconds=2))) == [second]


def test_a_page_beyond_the_last_is_empty_and_keeps_the_count(archive: Archive, day: datetime) -> None:
    archive.add(day)
    body = archive.page(day, day + timedelta(hours=1), page=7)
    assert body == {"items": [], "meta": {"currentPage": 7, "totalElements": 1, "lastPage": 0}}


def test_a_hundred_and_one_cdrs_are_two_pages_by_default(archive: Archive, day: datetime) -> None:
    for second in range(101):
        archive.add(day + timedelta(seconds=second))
    first = archive.page(day, day + timedelta(hours=1))
    assert (len(first["items"]), first["meta"]["lastPage"]) == (100, 1)
    assert len(archive.page(day, day + timedelta(hours=1), page=1)["items"]) == 1


def test_without_a_filter_every_cdr_counts(archive: Archive, day: datetime) -> None:
    archive.add(day)
    everything = archive.caller.get_cdrs(limit=1).json()["meta"]["totalElements"]
    assert everything == archive.caller.get_cdrs(limit=1, page=1).json()["meta"]["totalElements"] >= 1


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(offsets=st.lists(st.integers(0, 3000), max_size=12), limit=st.integers(1, 5))
def test_walking_the_pages_gives_each_cdr_once_in_the_order_of_requests(
    archive: Archive, offsets: list[int], limit: int
) -> None:
    day = NOON - timedelta(days=next(_days))
    added = {archive.add(day + timedelta(milliseconds=offset)): offset for offset in offsets}
    till = day + timedelta(hours=1)
    last_page = archive.page(day, till, limit=limit)["meta"]["lastPage"]
    bodies = [archive.page(day, till, limit=limit, page=page) for page in range(last_page + 1)]
    walked = [session_id for body in bodies for session_id in ids_of(body)]
    assert walked == sorted(added, key=lambda session_id: (added[session_id], int(session_id)))
    assert {body["meta"]["totalElements"] for body in bodies} == {len(offsets)}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(offsets=st.lists(st.integers(0, 3000), max_size=8), cut=st.integers(0, 3000))
def test_windows_that_touch_show_each_cdr_once(archive: Archive, offsets: list[int], cut: int) -> None:
    day = NOON - timedelta(days=next(_days))
    added = {archive.add(day + timedelta(milliseconds=offset)) for offset in offsets}
    middle = day + timedelta(milliseconds=cut)
    shown = ids_of(archive.page(day, middle)) + ids_of(archive.page(middle, day + timedelta(hours=1)))
    assert sorted(shown) == sorted(added)
