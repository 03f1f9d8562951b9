"""What check and why tell of outcomes that couldn't be written into their events."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from scheduler.calendars.annotation import GUESTS
from scheduler.calls.call import Key
from scheduler.cli import cli
from scheduler.ledger import open_ledger
from scheduler.ledger.annotations import Annotation, record_annotation
from tests.world import World, small_world, soon

ON = 'caldav = "http://127.0.0.1:9/ann/"\noutcomes = "event"'


@pytest.fixture
def world(tmp_path: Path) -> World:
    return small_world(tmp_path)


def test_why_says_why_an_outcome_is_not_in_its_event(world: World) -> None:
    world.put("one", soon(3600))
    note(world, GUESTS)
    result = CliRunner().invoke(cli, ["why", "--config", str(world.config), "one"])
    assert f"outcome       isn't written into the event: {GUESTS}" in result.output
    (row,) = json.loads(CliRunner().invoke(cli, ["why", "--config", str(world.config), "one", "--json"]).stdout)
    assert row["not_written"] == GUESTS


def told(world: World, *, problem: str = "", on: bool = True) -> list[str]:
    """The lines of check about outcomes, after one event was written into, or wasn't."""
    world.configure(lambda text: text.replace('file = "sales.ics"', ON) if on else text)
    note(world, problem)
    output = CliRunner().invoke(cli, ["check", "--config", str(world.config)]).output
    return [line for line in output.splitlines() if "outcomes in calendar sales" in line]


def note(world: World, problem: str) -> None:
    key = Key(collection="sales", uid="one", recurrence_id="")
    with closing(open_ledger(world.folder / "ledger.db")) as ledger:
        annotation = Annotation(told="0123456789abcdef", problem=problem)
        ledger.write(record_annotation, key, annotation, datetime.now(UTC))


def test_a_calendar_that_cannot_be_written_is_a_problem_with_its_remedy(world: World) -> None:
    (line,) = told(world, problem="calendar.example.com doesn't let this user change its events (403) (let it)")
    assert line.startswith("PROBLEM")
    assert "not written into 1 event: calendar.example.com doesn't let this user" in line


def test_events_with_guests_are_told_and_are_as_they_should_be(world: World) -> None:
    (line,) = told(world, problem=GUESTS)
    assert line.startswith("ok")


def test_what_was_written_before_it_was_switched_off_is_told(world: World) -> None:
    (line,) = told(world, on=False)
    assert line.startswith("ok")
    assert 'its outcomes are "off"' in line


def test_where_all_is_well_nothing_is_told(world: World) -> None:
    assert told(world) == []
