"""How old what is shown is, where a calendar can't be read."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scheduler.cli import cli
from scheduler.clock import SystemClock
from scheduler.config import read_config
from scheduler.daemon import running_daemon
from scheduler.ledger import open_ledger
from scheduler.ledger.collections import select_collections
from tests.world import World, await_true, small_world, soon

HOUR = timedelta(hours=1)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A call was planned an hour ago; since then its calendar can't be read. No daemon runs."""
    found = small_world(tmp_path)
    found.put("one", soon(3600))
    assert command(found, "sync").exit_code == 0
    set_back(found, HOUR)
    (tmp_path / "sales.ics").write_text("<html>please log in</html>")
    command(found, "sync")
    return found


def command(world: World, *arguments: str) -> Result:
    return CliRunner().invoke(cli, [arguments[0], "--config", str(world.config), *arguments[1:]])


def unwrapped(result: Result) -> str:
    return " ".join(result.output.split())


def set_back(world: World, by: timedelta) -> None:
    """Its last fetch was so long ago."""
    at = f"{datetime.now(UTC) - by:%Y-%m-%dT%H:%M:%S.%fZ}"
    with closing(open_ledger(world.folder / "ledger.db")) as ledger:
        ledger.write(lambda c: c.execute("UPDATE collection SET good_at = ?, tried_at = ?", (at, at)).close())


@pytest.mark.parametrize("name", ["check", "plan", "calls"])
def test_the_age_of_what_is_known_is_told_beside_why_it_cant_be_read(world: World, name: str) -> None:
    result = command(world, name)
    assert result.exit_code == 1
    assert "last read well 1 h ago, at " in unwrapped(result)


def test_each_call_of_a_stale_calendar_says_so_in_plan_and_why(world: World) -> None:
    (row,) = json.loads(command(world, "plan", "--json").stdout)
    assert row["state"] == "planned"
    assert row["stale"].startswith("its calendar can't be read just now, last read well 1 h ago, at ")
    assert "planned: its calendar can't be read just now" in unwrapped(command(world, "plan"))
    assert "is planned. Its calendar can't be read just now, last read well 1 h" in unwrapped(
        command(world, "why", "one")
    )


def lines(world: World) -> dict[str, tuple[bool, str]]:
    rows = json.loads(command(world, "check", "--json").stdout)
    return {row["subject"]: (row["fine"], row["text"]) for row in rows}


def test_check_tells_how_old_a_calendar_is_that_is_read_well(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    command(world, "sync")
    fine, text = lines(world)["calendar sales, in the daemon"]
    assert (fine, text.startswith("last read well ")) == (True, True)
    set_back(world, 2 * HOUR)
    fine, text = lines(world)["calendar sales, in the daemon"]
    assert (fine, text.startswith("last read well 2 h ago, at ")) == (True, True)  # as no daemon runs


def test_an_empty_new_calendar_is_no_problem(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    command(world, "sync")
    found = lines(world)
    assert found["calendar sales"][0]
    assert found["calendar sales"][1].startswith("reached, 0 objects, 0 calls to come")
    assert found["calendar sales, in the daemon"][0]


def test_a_calendar_that_a_running_daemon_has_left_alone_is_a_problem(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    world.configure(lambda text: text.replace("200 ms", "1 min"))

    def is_read() -> bool:
        with closing(open_ledger(world.folder / "ledger.db", read_only=True)) as ledger:
            return any(row.good_at for row in ledger.read(select_collections))

    with running_daemon(read_config(world.config), SystemClock()):
        await_true(is_read)
        set_back(world, HOUR)
        fine, text = lines(world)["calendar sales, in the daemon"]
    assert not fine
    assert text.endswith("it should have been read since: see the log of the daemon")
