"""A clock that was ahead, and is set back: what was seen by it keeps no calendar from being asked now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.calls.call import Outcome, State
from scheduler.calls.last_look import WhenUnreachable
from scheduler.clock import Sync, SystemClock
from scheduler.config import read_config
from scheduler.daemon import running_daemon
from scheduler.database import Database
from scheduler.duties.sync import SyncDuty
from scheduler.duties.synced import SyncedCalendar
from scheduler.ledger import open_ledger
from scheduler.sources.source import Fetched
from tests.clocks import NOON, SetClock
from tests.duties import test_last_look as looking
from tests.duties.test_last_look import DOWN, Bench, event
from tests.duties.test_last_look import bench as bench
from tests.duties.test_sync import UNCHANGED, ScriptedSource, fetched
from tests.world import await_true, soon, whole_world

AHEAD = timedelta(hours=2)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    with closing(open_ledger(tmp_path / "ledger.db")) as found:
        yield found


@pytest.mark.parametrize("second", [fetched("2.ics"), UNCHANGED], ids=["news", "nothing new"])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_calendar_that_was_fetched_by_it_is_fetched_at_once(
    ledger: Database, second: Fetched, restarted: bool
) -> None:
    source = ScriptedSource([fetched("1.ics"), second, UNCHANGED])
    calendar, clock = SyncedCalendar(source=source, every=MINUTE, settings="a"), SetClock(NOON + AHEAD)
    duty = SyncDuty(ledger, [calendar], clock, lambda _: None)
    duty.sync_all()
    duty.sync_all()
    assert duty.run_once(clock.now()) == 0
    if restarted:
        duty.close()
        duty = SyncDuty(ledger, [calendar], clock, lambda _: None)
    clock.step(-AHEAD)
    assert duty.run_once(clock.now()) == 1
    await_true(lambda: len(source.asked) == 3)
    duty.close()


def ahead(bench: Bench, *, when: WhenUnreachable = WhenUnreachable.PLACE) -> looking.ScriptedSource:
    """A calendar that was fetched, and looked at, two hours ahead; the clock is right again."""
    source = looking.ScriptedSource(
        objects={"one.ics": event("one", NOON), "two.ics": event("two", NOON + AHEAD, "+32468373902")}
    )
    bench.watch(source, when=when)
    bench.clock.step(AHEAD)
    bench.fetch()
    bench.clock.advance(57 * SECOND)
    assert bench.duty.run_once(bench.clock.now()).looks == 1
    assert bench.duty.settle(10)
    bench.clock.step(-AHEAD)
    return source


def test_an_event_that_was_deleted_since_does_not_ring(bench: Bench) -> None:
    source = ahead(bench)
    del source.objects["one.ics"]
    assert bench.look(2) == 1
    assert bench.place() == []


def test_a_call_is_held_for_a_calendar_that_was_last_seen_by_it(bench: Bench) -> None:
    source = ahead(bench, when=WhenUnreachable.HOLD)
    source.fault = DOWN
    bench.look(2)
    assert bench.place() == []


class AheadClock(SystemClock):
    """The machine's clock, so far ahead until it is set right."""

    ahead = AHEAD

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def sync(self) -> Sync:
        return Sync.UNSYNCHRONISED if self.ahead else Sync.SYNCHRONISED


def test_a_daemon_that_started_with_it_follows_its_calendars_once_it_is_right(tmp_path: Path) -> None:
    with whole_world(tmp_path) as world:
        world.put("gone", soon(5 * 3600))
        clock = AheadClock()
        with running_daemon(read_config(world.config), clock):
            await_true(lambda: len(world.calls()) == 1)
            clock.ahead = timedelta()
            world.delete("gone")
            world.put("late", soon(4))
            await_true(lambda: len(world.ended()) == 2)
    outcomes = {call.outcome for call in world.calls() if call.state is State.ENDED}
    assert outcomes == {Outcome.CANCELLED, Outcome.ANSWERED}
