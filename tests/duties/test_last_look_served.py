"""The last look at real CalDAV servers, through a proxy that counts, stalls and breaks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from scheduler.calls.call import Outcome, State
from scheduler.calls.last_look import WhenUnreachable
from scheduler.duties.sync import SyncDuty
from scheduler.duties.synced import SyncedCalendar
from scheduler.ledger import open_ledger
from tests.clocks import NOON
from tests.duties.support import DESTINATION
from tests.duties.test_last_look import BEFORE, OTHER, SECOND, Bench, event
from tests.servers import Client, Proxy, Reply, Seen, radicale, xandikos
from tests.sources.worlds import CaldavWorld

_numbers = count(1)


@pytest.fixture(scope="module", params=["radicale", "xandikos"])
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "radicale":
        with radicale(folder, {"alice": "secret"}) as url:
            yield Client(url=url, user="alice", password="secret")
    else:
        with xandikos(folder) as url:
            yield Client(url=url)


@pytest.fixture
def world(client: Client) -> Iterator[CaldavWorld]:
    home = f"/{client.user}/" if client.user else "/user/calendars/"
    with Proxy(client.url) as proxy:
        yield CaldavWorld(proxy, client, f"{home}look{next(_numbers)}/", "Look")


class ServedBench(Bench):
    """A bench whose calendar is on a real server."""

    def serve(
        self, world: CaldavWorld, *, when: WhenUnreachable = WhenUnreachable.PLACE, before: timedelta = BEFORE
    ) -> None:
        """Fetch the calendar for the first time, and look at it from then on."""
        self.world = world
        calendar = SyncedCalendar(source=world.source, every=3600 * SECOND, settings="a")
        self.syncing = SyncDuty(self.ledger, [calendar], self.clock, lambda _: None)
        self.attend(world.source, when=when, before=before)
        self.sync()

    def sync(self) -> None:
        with closing(self.syncing):
            (synced,) = self.syncing.sync_all()
        assert not synced.problem
        self.replan.run_once(self.clock.now(), touched={synced.name: synced.hrefs})
        self.syncing = SyncDuty(self.ledger, self.syncing.calendars, self.clock, lambda _: None)
        self.world.proxy.seen.clear()

    def put(self, uid: str, seconds: float = 0, number: str = str(DESTINATION)) -> None:
        """An event so many seconds after noon."""
        self.world.client.put(self.world.href(uid), event(uid, NOON + seconds * SECOND, number))

    def requests(self) -> list[str]:
        return [seen.method for seen in self.world.proxy.seen]


@pytest.fixture
def bench(tmp_path: Path, world: CaldavWorld) -> Iterator[ServedBench]:
    with closing(open_ledger(tmp_path / "ledger.db")) as ledger:
        bench = ServedBench(ledger)
        bench.world = world
        yield bench
        bench.duty.close()


def test_what_was_changed_four_seconds_before_is_honoured_and_the_next_fetch_adds_nothing(
    bench: ServedBench, world: CaldavWorld
) -> None:
    numbers = {uid: f"+442079460{n}" for n, uid in enumerate(("same", "deleted", "moved", "changed"), 100)}
    for uid, number in numbers.items():
        bench.put(uid, number=number)
    bench.serve(world)
    bench.clock.advance(56 * SECOND)
    world.remove("deleted")
    bench.put("moved", 600, numbers["moved"])
    bench.put("changed", number=OTHER)
    assert bench.look() == 1
    planned = {(str(one.destination), one.due_at - NOON) for one in bench.calls() if one.state is State.PLANNED}
    assert planned == {
        (numbers["same"], timedelta()),
        (numbers["moved"], 600 * SECOND),
        (OTHER, timedelta()),
    }
    after = bench.history(), bench.calls()
    bench.sync()
    assert (bench.history(), bench.calls()) == after


def test_an_unchanged_event_costs_one_request(bench: ServedBench, world: CaldavWorld) -> None:
    bench.put("one")
    bench.serve(world)
    bench.look()
    assert bench.requests() == ["REPORT"]
    assert bench.place() == [str(DESTINATION)]


@pytest.mark.parametrize("when", WhenUnreachable)
def test_a_server_that_is_down_makes_a_call_ring_or_wait_as_configured(
    bench: ServedBench, world: CaldavWorld, when: WhenUnreachable
) -> None:
    bench.put("one")
    bench.serve(world, when=when)
    world.go_down()
    bench.look()
    holds = when is WhenUnreachable.HOLD
    assert bench.place() == ([] if holds else [str(DESTINATION)])
    world.recover()
    world.remove("one")
    bench.look(-4)
    assert bench.place(6) == []
    outcomes = [call.outcome for call in bench.calls()]
    assert outcomes == ([Outcome.CANCELLED] if holds else [None])


@pytest.mark.parametrize("when", WhenUnreachable)
def test_a_server_that_stalls_delays_no_call_that_isnt_to_be_held(
    bench: ServedBench, world: CaldavWorld, when: WhenUnreachable
) -> None:
    release, asked = threading.Event(), threading.Event()

    def stall(_: Seen) -> Reply | None:
        asked.set()
        release.wait(10)
        return None

    bench.put("one")
    bench.serve(world, when=when, before=SECOND)
    world.proxy.instead = stall
    bench.clock.advance(59 * SECOND)
    assert bench.duty.run_once(bench.clock.now()).looks == 1
    assert asked.wait(10)
    assert bench.place() == ([] if when is WhenUnreachable.HOLD else [str(DESTINATION)])
    assert bench.duty.settle(10)
    release.set()
    assert "not_looked_at: calendar office: 127.0.0.1" in " ".join(bench.history())


def test_an_event_that_moved_to_another_href_still_rings(bench: ServedBench, world: CaldavWorld) -> None:
    bench.put("one")
    bench.serve(world)
    world.remove("one")
    world.client.put(f"{world.path}elsewhere.ics", event("one", NOON, OTHER))
    bench.look()
    assert bench.place() == [OTHER]


# Only Radicale takes a whole calendar at once.
@pytest.mark.parametrize("client", ["radicale"], indirect=True)
def test_a_burst_costs_a_handful_of_requests_and_not_one_a_call(bench: ServedBench, world: CaldavWorld) -> None:
    burst = [event(f"burst{n}", NOON, f"+44207946{n:04}") for n in range(150)]
    world.client.ask("PUT", world.path, _one_calendar(burst), {"Content-Type": "text/calendar"})
    bench.serve(world)
    bench.put("burst7", number=OTHER)
    bench.look()
    assert len(bench.requests()) <= 3
    assert OTHER in {str(call.destination) for call in bench.calls()}
    assert len(bench.calls()) == 150


def _one_calendar(objects: list[bytes]) -> bytes:
    head, tail = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test\r\n", b"END:VCALENDAR\r\n"
    return head + b"".join(one.removeprefix(head).removesuffix(tail) for one in objects) + tail
