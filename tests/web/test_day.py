"""The page of one day: each manager's calls on a line of its hours, and in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.calendars.diary import Silence
from scheduler.web.timeline import WIDTH, axis_of
from tests.calls.builders import HOUR, MINUTE, SECOND_ORIGIN, want
from tests.clocks import NOON
from tests.web.day import Day, fill
from tests.web.page import BRUSSELS, FACTS, Page, served


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with served(tmp_path) as found:
        yield found


@pytest.fixture
def day(page: Page) -> Day:
    return fill(page.desk)


def words(text: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", text).split())


@pytest.mark.usefixtures("day")
def test_each_managers_calls_are_listed_in_the_order_of_the_day(page: Page) -> None:
    text = words(page.get("/day").text)
    assert "Ann Peeters: 7 calls" in text
    stops = re.findall(r"\d\d:\d\d:\d\d Call (\w+)", text)
    assert stops == ["Emma", "Ben", "Chloé", "Dirk", "Gert", "Femke", "Hugo"]
    assert "11:00:00 Call Dirk Wouters , +32468373901 missed its time had passed" in text


@pytest.mark.usefixtures("day")
def test_a_phone_of_nobody_has_a_line_of_its_own_after_the_managers(page: Page) -> None:
    page.desk.plan(want("foreign", at=NOON + HOUR, origin=SECOND_ORIGIN))
    assert re.findall(r'<h2 id="lane-\d">([^<:]+)', page.get("/day").text) == ["Ann Peeters", str(SECOND_ORIGIN)]


@pytest.mark.usefixtures("day")
def test_managers_without_a_call_are_named_together(page: Page) -> None:
    ben = replace(FACTS.managers[0], name="Ben", origin=SECOND_ORIGIN)
    page.office.facts = replace(FACTS, managers=(*FACTS.managers, ben, replace(ben, name="Cleo", origin=None)))
    assert "No calls: Ben." in page.get("/day").text


@pytest.mark.usefixtures("day")
def test_another_day_has_its_own_calls(page: Page) -> None:
    page.desk.plan(replace(want("tomorrow", at=NOON + 24 * HOUR), summary="Call Tomorrow"))
    today, tomorrow = page.get("/day").text, page.get("/day?date=2026-11-24").text
    assert "Call Tomorrow" not in today
    assert "Tue 24 Nov 2026" in tomorrow
    assert "Ann Peeters: 1 call<" in tomorrow
    assert 'href="/day?date=2026-11-23"' in tomorrow
    assert "No call of this day is known." in page.get("/day?date=2026-11-21").text


def test_a_day_ends_at_midnight_by_the_companys_clocks(page: Page) -> None:
    page.desk.plan(want("late", at=NOON + 11 * HOUR - MINUTE))  # 23:59 in Brussels
    page.desk.plan(want("early", at=NOON + 11 * HOUR))
    assert "23:59:00" in page.get("/day").text
    assert "00:00:00" in page.get("/day?date=2026-11-24").text


def test_events_that_do_not_ring_stand_on_their_day(page: Page) -> None:
    silence = Silence(
        uid="one", recurrence_id="", starts_at=NOON, asks=True, reason="nobody knows Jan", summary="Call Jan"
    )
    asked_for = []

    def silent(since: datetime, until: datetime) -> tuple[tuple[str, Silence], ...]:
        asked_for.append((since, until))
        return (("sales", silence),)

    page.office.silent = silent
    assert "Call Jan : nobody knows Jan sales" in words(page.get("/day?date=2026-11-23").text)
    midnight = NOON - 13 * HOUR
    assert asked_for == [(midnight, midnight + 24 * HOUR)]


@pytest.mark.usefixtures("day")
def test_a_day_with_too_many_calls_says_so_and_leads_to_all(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.web.pages.day._MOST", 3)
    text = page.get("/day").text
    assert "Ann Peeters: 3 calls" in text
    assert 'href="/history?since=2026-11-23&amp;until=2026-11-23"' in text


@pytest.mark.parametrize("text", ["tomorrow", "9999-12-31", "0001-01-01", "2026-02-30"])
def test_no_day_is_told(page: Page, text: str) -> None:
    answer = page.get(f"/day?date={text}")
    assert (answer.status_code, "No such day" in answer.text) == (400, True)


@given(
    st.lists(st.integers(0, 24 * 60 - 1), max_size=5),
    st.sampled_from(["Europe/Brussels", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe"]),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
)
def test_every_call_and_the_office_hours_have_a_place_between_a_few_labels(
    minutes: list[int], name: str, day: date
) -> None:
    zone = ZoneInfo(name)
    start = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    instants = [start + timedelta(minutes=minute) for minute in minutes]
    axis = axis_of(day, instants, zone)
    office = [datetime(day.year, day.month, day.day, hour, tzinfo=zone).astimezone(UTC) for hour in (8, 18)]
    places = [axis.place(instant) for instant in (*instants, *office)]
    assert all(place is not None and 0 <= place <= WIDTH for place in places)
    assert 2 <= len(axis.labels) <= 8
    assert (axis.labels[0], axis.labels[-1]) == (axis.since, axis.until)
    gaps = {later - earlier for earlier, later in zip(axis.labels[:-1], axis.labels[1:], strict=True)}
    assert len(gaps) == 1


def test_what_is_not_on_the_line_has_no_place() -> None:
    axis = axis_of(NOON.date(), [], BRUSSELS)
    assert axis.place(NOON) == 500
    assert axis.place(NOON + 9 * HOUR) is None
