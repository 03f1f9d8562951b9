"""What asks for a call and won't ring, as the page tells it of a day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.ledger import open_ledger
from scheduler.ledger.collections import record_fetched
from tests.clocks import NOON
from tests.duties.test_replan import HOUR, World

DAY = timedelta(days=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with closing(open_ledger(tmp_path / "ledger.db")) as ledger:
        ledger.write(record_fetched, "sales", "a", "", NOON, news=True)
        yield World(ledger)


def silent(world: World) -> list[tuple[str, str]]:
    return [(name, one.summary) for name, one in world.duty.silent(NOON, NOON + DAY)]


def test_what_asks_for_a_call_and_names_nobody_is_told_with_its_title_and_why(world: World) -> None:
    world.write("one", NOON + HOUR, summary="Call Nobody Known", location="")
    world.replan()
    assert silent(world) == [("sales", "Call Nobody Known")]
    ((_, one),) = world.duty.silent(NOON, NOON + DAY)
    assert "Nobody Known" in one.reason


def test_what_rings_or_never_asked_is_not_told(world: World) -> None:
    world.write("one", NOON + HOUR)
    world.write("two", NOON + HOUR, summary="Lunch", location="")
    world.replan()
    assert silent(world) == []


def test_each_is_told_on_its_own_day_in_the_order_of_the_clock(world: World) -> None:
    world.write("late", NOON + 3 * HOUR, summary="Call Later", location="")
    world.write("soon", NOON + HOUR, summary="Call Sooner", location="")
    world.write("next", NOON + DAY, summary="Call Tomorrow", location="")
    world.replan()
    assert silent(world) == [("sales", "Call Sooner"), ("sales", "Call Later")]
