"""Retries and limits in the daemon as a whole; what rang, and when, is read from the gateway."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from scheduler.calls.call import Outcome
from scheduler.clock import SystemClock
from scheduler.config import read_config
from scheduler.daemon import running_daemon
from scheduler.gateway.settings import Behaviour, LineScript
from tests.processes import command, command_json
from tests.world import World, await_true, soon, whole_world

OFFICE = ("+3228160257", "+3228160258", "+3228160259")
CUSTOMERS = ("+32468373901", "+32468373902", "+32468373903")
SECOND = timedelta(seconds=1)
_TALK = LineScript(number_prefix="+32468", after=timedelta(milliseconds=10), talk=timedelta(seconds=0.3))
_A_WHILE = LineScript(number_prefix=CUSTOMERS[0], after=timedelta(milliseconds=10), talk=SECOND)
_AWAY = LineScript(number_prefix=OFFICE[0], does=Behaviour.NO_ANSWER, after=timedelta(milliseconds=10))


@dataclass(frozen=True, kw_only=True)
class Ring:
    """One call at the gateway, from its request to the end of its conversation."""

    destination: str
    requested_at: datetime
    ended_at: datetime


@contextmanager
def office(folder: Path, calling: str, *scripts: LineScript) -> Iterator[World]:
    """Three managers, each with a phone of their own, and a daemon with these settings of ``[calling]``."""
    managers = "".join(
        f'[[manager]]\nname = "{number}"\nemails = ["{number[1:]}@example.com"]\norigin = "{number}"\n'
        for number in OFFICE
        if number != "+3228160258"  # Ann has it
    )
    with whole_world(folder, _TALK, *scripts) as world:
        world.configure(lambda text: f"{text}{managers}\n[calling]\n{calling}\n".replace("ann@", "3228160258@"))
        with running_daemon(read_config(world.config), SystemClock()):
            yield world


def put(world: World, at: datetime, origin: str, destination: str) -> None:
    who = f"ORGANIZER:mailto:{origin[1:]}@example.com"
    world.put(f"{origin}-{destination}", at, who, f"LOCATION:{destination}", summary="Call")


def rings(world: World) -> list[Ring]:
    """In the order in which they were asked for."""
    with closing(sqlite3.connect(world.folder / "gateway.db")) as database:
        rows = database.execute("SELECT destination, requested_at, ended_at FROM call ORDER BY requested_at")
        return [
            Ring(
                destination=destination,
                requested_at=datetime.fromisoformat(requested_at),
                ended_at=datetime.fromisoformat(ended_at),
            )
            for destination, requested_at, ended_at in rows
        ]


def await_ended(world: World, number: int) -> None:
    await_true(lambda: len(world.ended()) == number)


def test_a_manager_who_never_answers_is_rung_again_after_the_delay_and_not_past_the_deadline(
    tmp_path: Path,
) -> None:
    with office(tmp_path, 'grace = "3 s"\nretries = { origin = 9, after = "1 s" }', _AWAY) as world:
        put(world, soon(), OFFICE[0], CUSTOMERS[0])
        await_ended(world, 1)
    (call,) = world.ended()
    assert call.outcome is Outcome.ORIGIN_NO_ANSWER
    assert "not tried again: its deadline is " in call.reason
    rung = rings(world)
    assert 1 < len(rung) == call.attempts < 10
    assert all(then.requested_at - before.ended_at >= SECOND for before, then in pairwise(rung))
    assert call.due_at <= rung[0].requested_at
    assert rung[-1].requested_at <= call.deadline_at


def test_of_two_managers_the_second_rings_the_customer_when_the_first_is_done(tmp_path: Path) -> None:
    with office(tmp_path, 'grace = "20 s"', _A_WHILE) as world:
        at = soon()
        for origin in OFFICE[:2]:
            put(world, at, origin, CUSTOMERS[0])
        await_ended(world, 2)
        listed = command(world.config, "calls").stdout
    first, second = rings(world)
    assert first.ended_at <= second.requested_at
    assert {call.outcome for call in world.ended()} == {Outcome.ANSWERED}
    assert listed.count("maybe voicemail") == 2


def test_plan_foretells_that_one_of_two_managers_will_wait_for_the_customer(tmp_path: Path) -> None:
    with office(tmp_path, "") as world:
        at = soon(3600)
        for origin in OFFICE[:2]:
            put(world, at, origin, CUSTOMERS[0])
        await_true(lambda: len(world.calls()) == 2)
        plan = command_json(world.config, "plan")
    (foretold,) = [entry["reason"] for entry in plan if entry["reason"]]
    assert f"{OFFICE[0]} also calls {CUSTOMERS[0]}" in foretold


def test_a_customer_who_was_rung_so_often_today_is_rung_no_more(tmp_path: Path) -> None:
    with office(tmp_path, "rings_a_day = 1") as world:
        at = soon()
        for origin in OFFICE[:2]:
            put(world, at, origin, CUSTOMERS[0])
        put(world, at, OFFICE[2], CUSTOMERS[1])
        await_ended(world, 3)
    assert sorted(ring.destination for ring in rings(world)) == [*CUSTOMERS[:2]]
    (barred,) = [call for call in world.ended() if call.outcome is Outcome.BARRED]
    assert barred.reason == "the customer was rung once today (calling.rings_a_day)"


def test_no_call_begins_before_a_line_is_free(tmp_path: Path) -> None:
    with office(tmp_path, "calls_at_once = 1") as world:
        at = soon()
        for origin, customer in zip(OFFICE, CUSTOMERS, strict=True):
            put(world, at, origin, customer)
        await_ended(world, 3)
    rung = rings(world)
    assert len(rung) == 3
    assert all(before.ended_at <= then.requested_at for before, then in pairwise(rung))


def test_requests_reach_the_provider_no_faster_than_the_pace(tmp_path: Path) -> None:
    with office(tmp_path, "requests_per_second = 2") as world:
        at = soon()
        for origin, customer in zip(OFFICE, CUSTOMERS, strict=True):
            put(world, at, origin, customer)
        await_ended(world, 3)
    first, *_, last = rings(world)
    # A queue that was held up may catch up with a tenth of a second.
    assert last.requested_at - first.requested_at >= SECOND - timedelta(seconds=0.1)
