"""An emptied calendar, as an admin meets it: what is held, where that is shown, and how it is accepted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from scheduler.calls.call import Outcome, State
from scheduler.cli import cli
from scheduler.clock import SystemClock
from scheduler.config import read_config
from scheduler.daemon import running_daemon
from tests.servers import Client, radicale
from tests.world import World, await_true, event, small_world, soon, whole_world

PROBLEM = "calendar sales: 6 of its 6 coming calls vanished at once"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Six calls were planned; then the calendar came back empty. No daemon runs."""
    found = small_world(tmp_path)
    fill(found)
    assert command(found, "sync").exit_code == 0
    found.events.clear()
    found.write_calendar()
    command(found, "sync")
    return found


def fill(world: World) -> None:
    for number in range(1, 7):
        world.put(f"uid-{number}", soon(3600 * number))


def command(world: World, *arguments: str) -> Result:
    return CliRunner().invoke(cli, [arguments[0], "--config", str(world.config), *arguments[1:]])


def rows(world: World, *arguments: str) -> Any:
    return json.loads(command(world, *arguments, "--json").stdout)


def states(world: World) -> set[tuple[State, Outcome | None]]:
    return {(call.state, call.outcome) for call in world.calls()}


@pytest.mark.parametrize("arguments", [("sync",), ("plan",), ("calls",), ("why", "uid-1")], ids=" ".join)
def test_every_command_names_what_is_held_and_exits_1(world: World, arguments: tuple[str, ...]) -> None:
    result = command(world, *arguments)
    assert result.exit_code == 1
    assert f"problem: {PROBLEM}" in result.stderr
    assert "call-scheduler sync --accept sales" in result.stderr


def test_check_names_what_is_held_since_when_and_the_command_that_accepts_it(world: World) -> None:
    text = command(world, "check").stdout
    assert f"PROBLEM {PROBLEM}" in text
    assert "seen first" in text
    assert "lasts until somebody accepts it" in text
    assert "call-scheduler sync --accept sales" in text


def test_plan_and_calls_still_show_the_held_calls_as_such(world: World) -> None:
    for shown in (rows(world, "plan"), rows(world, "calls", "--planned")):
        assert {(row["state"], row["reason"].partition(":")[0]) for row in shown} == {("planned", "held")}
        assert {row["uid"] for row in shown} == {f"uid-{number}" for number in range(1, 7)}


def test_why_tells_that_the_event_is_gone_and_that_its_call_rings(world: World) -> None:
    text = command(world, "why", "uid-1").stdout
    assert "the event is in calendar sales no longer" in text
    assert "held: its appointment vanished together with others" in text
    assert "rings at" in text


def test_what_came_back_is_shown_as_any_other_call(world: World) -> None:
    fill(world)
    assert command(world, "sync").exit_code == 0
    for shown in (rows(world, "plan"), rows(world, "calls", "--planned")):
        assert {(row["state"], row["reason"]) for row in shown} == {("planned", "")}


def test_accepting_cancels_what_is_held_and_shows_it(world: World) -> None:
    result = command(world, "sync", "--accept", "sales")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("and that was accepted") == 6
    assert states(world) == {(State.ENDED, Outcome.CANCELLED)}
    assert "PROBLEM calendar sales" not in command(world, "check").stdout


def test_accepting_fetches_first_so_that_what_came_back_is_kept(world: World) -> None:
    fill(world)
    result = command(world, "sync", "--accept", "sales")
    assert "nothing of sales was held" in result.stdout
    assert states(world) == {(State.PLANNED, None)}


def test_accepting_a_loss_that_nobody_had_seen_yet_works_in_one_go(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    fill(world)
    command(world, "sync")
    world.events.clear()
    world.write_calendar()
    answer = rows(world, "sync", "--accept", "sales")
    assert answer["calendars"] == [{"calendar": "sales", "changed": 0, "deleted": 6, "problem": ""}]
    assert [row["outcome"] for row in answer["cancelled"]] == ["cancelled"] * 6


def test_accepting_works_while_the_calendar_cant_be_fetched_and_tells_that_too(world: World) -> None:
    (world.folder / "sales.ics").unlink()
    result = command(world, "sync", "--accept", "sales")
    assert result.exit_code == 1
    assert "sales.ics" in result.stdout
    assert states(world) == {(State.ENDED, Outcome.CANCELLED)}


def test_accepting_in_a_calendar_that_isnt_configured_is_wrong_usage(world: World) -> None:
    result = command(world, "sync", "--accept", "sale")
    assert result.exit_code == 2
    assert "no calendar is called 'sale'; there are sales" in result.stderr
    assert states(world) == {(State.PLANNED, None)}


def test_calls_of_an_emptied_caldav_calendar_ring_until_it_is_accepted_beside_the_daemon(tmp_path: Path) -> None:
    with radicale(tmp_path / "radicale", {"ann": "secret"}) as url, whole_world(tmp_path) as world:
        (world.folder / "password").write_text("secret")
        server = Client(url=url, user="ann", password="secret")
        server.make_calendar("/ann/sales/")
        world.configure(
            lambda text: text.replace(
                'file = "sales.ics"',
                f'caldav = "{url}ann/sales/"\nusername = "ann"\npassword = {{ file = "password" }}',
            )
        )
        for number in range(1, 7):
            text = event(f"uid-{number}", soon(3600 * number if number > 1 else 6))
            body = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests\r\n{text}END:VCALENDAR\r\n"
            server.put(f"/ann/sales/{number}.ics", body.encode())
        with running_daemon(read_config(world.config), SystemClock()):
            await_true(lambda: len(world.calls()) == 6)
            server.delete("/ann/sales/")
            server.make_calendar("/ann/sales/")
            await_true(lambda: command(world, "calls").stderr.count("vanished at once") == 1)
            await_true(lambda: len(world.ended()) == 1)
            assert [call.outcome for call in world.ended()] == [Outcome.ANSWERED]
            result = command(world, "sync", "--accept", "sales")
            assert result.exit_code == 0, result.output
        assert result.stdout.count("and that was accepted") == 5
        assert sorted(str(call.outcome) for call in world.calls()) == ["answered"] + ["cancelled"] * 5
