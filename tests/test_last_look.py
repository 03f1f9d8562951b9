"""The daemon's last look as a whole: files that change, or go, seconds before a call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.calls.call import Call, Outcome, State
from scheduler.clock import SystemClock
from scheduler.config import read_config
from scheduler.daemon import running_daemon
from tests.world import World, await_true, event, soon, whole_world

_HELD = """
[[calendar]]
name = "support"
file = "support.ics"
every = "1 h"
origin = "+3228160259"
when_unreachable = "hold"

[[contacts]]"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two calendars that are fetched once, so that nothing but the last look sees a change."""
    with whole_world(tmp_path) as world:
        world.configure(lambda text: text.replace('"200 ms"', '"1 h"', 1).replace("\n[[contacts]]", _HELD))
        yield world


def test_what_changes_seconds_before_is_honoured_and_what_cannot_be_looked_at_is_held(world: World) -> None:
    at = soon(6)
    world.put("changed", at)
    world.put("deleted", at, summary="Call 0468 37 39 03")
    support = world.folder / "support.ics"
    support.write_text(f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{event('held', at)}END:VCALENDAR\r\n", newline="")
    with running_daemon(read_config(world.config), SystemClock()) as daemon:
        await_true(lambda: len(world.calls()) == 3)
        del world.events["deleted"]
        world.put("changed", at, summary="Call 0468 37 39 02")
        support.unlink()
        await_true(lambda: len(world.ended()) == 2 and _held(world) is not None)
        assert daemon.alive()
    assert {(str(call.destination), call.outcome, call.attempts) for call in world.ended()} == {
        ("+32468373902", Outcome.ANSWERED, 1),
        ("+32468373903", Outcome.CANCELLED, 0),
    }
    held = _held(world)
    assert held is not None
    assert held.reason.startswith("calendar support could not be looked at: ")
    assert held.attempts == 0


def _held(world: World) -> Call | None:
    return next((call for call in world.calls() if call.state is State.PLANNED and call.reason), None)
