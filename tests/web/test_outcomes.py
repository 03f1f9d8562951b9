"""The page of outcomes: bars and numbers by day, manager and hour, by the company's clocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.calls.call import Outcome
from scheduler.ledger.browse import OriginTally, TimeTally
from scheduler.ledger.life import stop
from scheduler.web.chart import WIDTH, Chart, by_day, by_hour, by_manager
from tests.calls.builders import HOUR, MINUTE, ORIGIN, SECOND_ORIGIN, want
from tests.clocks import NOON
from tests.web.day import fill
from tests.web.page import BRUSSELS, FACTS, Page, served


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with served(tmp_path) as found:
        yield found


def rows(page: Page, chart: str, address: str = "/outcomes") -> list[str]:
    """Of a chart's table, as text."""
    found = re.search(rf"<h2 id=\"chart-\d\">{chart}</h2>(.*?)</section>", page.get(address).text, re.DOTALL)
    assert found, f"there is no chart {chart}"
    table = found[1].partition("<tbody>")[2]
    return [" ".join(re.sub("<[^>]+>", " ", row).split()) for row in table.split("</tr>")[:-1]]


def test_without_calls_no_empty_chart_is_drawn(page: Page) -> None:
    text = page.get("/outcomes").text
    assert "0 calls of the last 7 days ended" in text
    assert "<table" not in text


def test_each_chart_tells_its_numbers_beside_its_bars(page: Page) -> None:
    fill(page.desk)
    assert rows(page, "By day")[-2:] == [
        "Sun 22 Nov 0",
        "Mon 23 Nov 1 answered, 1 busy, 1 missed, 1 unknown 4",
    ]
    assert rows(page, "By manager") == ["Ann Peeters 1 answered, 1 busy, 1 missed, 1 unknown 4"]
    assert rows(page, "By hour of the day") == [
        "07:00 1 unknown 1", "08:00 0", "09:00 0", "10:00 1 answered, 1 busy 2", "11:00 1 missed 1",
    ]  # fmt: skip


def test_a_period_reaches_from_its_first_midnight_to_tonight(page: Page) -> None:
    for hours in (-24 * 6 - 13, -24 * 6 - 13.01, 10.9, 11):  # around midnight in Brussels, at both ends
        call_id = page.desk.plan(want(at=NOON + hours * HOUR))
        page.ledger.write(stop, call_id, Outcome.MISSED, "", NOON)
    assert "2 calls of the last 7 days ended" in page.get("/outcomes").text
    assert "3 calls of the last 31 days ended" in page.get("/outcomes?days=31").text
    assert "of the last 7 days" in page.get("/outcomes?days=1000000").text


def tally(outcome: Outcome, calls: int, after: float = 0) -> TimeTally:
    return TimeTally(since=NOON + after * HOUR, outcome=outcome, calls=calls)


def test_a_day_and_an_hour_are_those_of_the_zone() -> None:
    tallies = [tally(Outcome.BUSY, 1, 10), tally(Outcome.BUSY, 2, 11)]  # 23:00 and midnight in Brussels
    chart = by_day(tallies, NOON.date(), 2, BRUSSELS)
    assert [(bar.label, bar.calls) for bar in chart.bars] == [("Mon 23 Nov", 1), ("Tue 24 Nov", 2)]
    hours = by_hour([tally(Outcome.BUSY, 1, 0.25), tally(Outcome.BUSY, 1)], ZoneInfo("Asia/Kathmandu"))
    assert [(bar.label, bar.calls) for bar in hours.bars] == [("17:00", 1), ("18:00", 1)]  # 5 h 45 min ahead


def test_managers_come_by_name_and_phones_of_nobody_last() -> None:
    zoe = replace(FACTS.managers[0], name="Zoë")
    counted = [OriginTally(origin=one, outcome=Outcome.BUSY, calls=1) for one in (SECOND_ORIGIN, ORIGIN)]
    chart = by_manager(counted, replace(FACTS, managers=(zoe,)))
    assert [bar.label for bar in chart.bars] == ["Zoë", str(SECOND_ORIGIN)]


@given(st.dictionaries(st.sampled_from(Outcome), st.integers(1, 10_000), min_size=1))
def test_the_parts_of_a_bar_follow_one_another_and_the_longest_fills_the_line(counts: dict[Outcome, int]) -> None:
    tallies = [tally(outcome, calls) for outcome, calls in counts.items()]
    chart = by_day(tallies, date(2026, 11, 23), 1, BRUSSELS)
    parts = chart.parts(chart.bars[0])
    assert [(part.outcome, part.calls) for part in parts] == [
        (one, counts[one]) for one in Outcome if one in counts
    ]
    ends = [0.0, *(part.start + part.width for part in parts)]
    assert ends[-1] == pytest.approx(WIDTH, abs=0.02)
    assert [part.start for part in parts] == pytest.approx(ends[:-1], abs=0.02)


def test_bars_are_as_long_as_their_numbers() -> None:
    tallies = [tally(Outcome.ANSWERED, 3), tally(Outcome.ANSWERED, 1, 24)]
    chart: Chart = by_day(tallies, NOON.date(), 2, BRUSSELS)
    assert [chart.parts(bar)[0].width for bar in chart.bars] == [1000, pytest.approx(333.33)]


def test_a_call_shortly_before_midnight_is_that_days(page: Page) -> None:
    call_id = page.desk.plan(want(at=NOON + 11 * HOUR - MINUTE))
    page.ledger.write(stop, call_id, Outcome.MISSED, "", NOON)
    assert rows(page, "By day")[-1] == "Mon 23 Nov 1 missed 1"
