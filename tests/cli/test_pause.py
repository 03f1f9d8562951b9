"""``pause`` and ``resume`` beside a daemon and without one, and what other commands tell of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scheduler.calls.call import Outcome, State
from scheduler.clock import SystemClock
from scheduler.config import read_config
from scheduler.daemon import running_daemon
from tests.cli.test_commands import command, rows
from tests.world import World, await_true, small_world, soon, whole_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    found = small_world(tmp_path)
    found.put("one", soon(3600))
    assert command(found, "sync").exit_code == 0
    return found


def the_row(world: World, *arguments: str) -> Any:
    (row,) = rows(world, *arguments)
    return row


def test_a_pause_shows_beside_the_coming_calls_with_its_reason_and_end(world: World) -> None:
    result = command(world, "pause", "--until", "+2 h", "--reason", "the line is being moved")
    assert result.exit_code == 0, result.output
    assert "To end it: call-scheduler resume" in result.stdout
    row = the_row(world, "plan")
    assert row["state"] == "planned"
    assert row["reason"].startswith("paused: “the line is being moved”, until 2")
    assert "paused: “the line is being moved”" in command(world, "why", "one").stdout


def test_a_pause_that_ends_before_a_call_is_due_leaves_it_alone(world: World) -> None:
    command(world, "pause", "--until", "+10 min")
    assert the_row(world, "plan")["reason"] == ""


@pytest.mark.parametrize(
    "scope",
    [(), ("--manager", "ann"), ("--origin", "02 816 02 58"), ("--calendar", "sales")],
    ids=" ".join,
)
def test_check_names_each_pause_and_the_command_that_ends_it(world: World, scope: tuple[str, ...]) -> None:
    command(world, "pause", *scope)
    text = command(world, "check").stdout
    ending = text.partition("to end it: call-scheduler ")[2].partition(")")[0]
    assert "PROBLEM pause of" in text
    assert command(world, *ending.split()).exit_code == 0
    assert "PROBLEM pause of" not in command(world, "check").stdout


def test_a_pause_of_another_phone_leaves_the_call_alone(world: World) -> None:
    command(world, "pause", "--origin", "+3228160259")
    assert the_row(world, "plan")["reason"] == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--manager", "Bob"), "no one manager is called 'Bob'; there are Ann"),
        (("--origin", "+442079460100"), "isn't one of the company's own numbers"),
        (("--origin", "112"), "emergency"),
        (("--calendar", "sale"), "no calendar is called 'sale'; there are sales"),
        (("--calendar", "sales", "--manager", "Ann"), "name one of"),
        (("--until", "-1 h"), "past already"),
    ],
    ids=str,
)
def test_a_pause_of_what_there_isnt_is_wrong_usage(world: World, arguments: tuple[str, ...], said: str) -> None:
    result = command(world, "pause", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_resuming_what_isnt_paused_is_told_and_names_what_still_is(world: World) -> None:
    command(world, "pause", "--manager", "Ann")
    result = command(world, "resume")
    assert result.exit_code == 1
    assert "there was no pause of everything" in result.stderr
    assert "still paused: pause of origin +3228160258" in result.stderr


def test_beside_the_daemon_a_pause_holds_through_a_restart_and_a_resume_rings_at_once(tmp_path: Path) -> None:
    with whole_world(tmp_path) as world:
        with running_daemon(read_config(world.config), SystemClock()):
            command(world, "pause", "--reason", "lunch")
            world.put("one", soon())
            await_true(lambda: [call.reason for call in world.calls()] == ["paused: “lunch”"])
        with running_daemon(read_config(world.config), SystemClock()):
            assert [(call.state, call.attempts) for call in world.calls()] == [(State.PLANNED, 0)]
            assert command(world, "resume").exit_code == 0
            await_true(lambda: [call.outcome for call in world.calls()] == [Outcome.ANSWERED])
