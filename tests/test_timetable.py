"""The timetable as the daemon runs it: APScheduler itself over a real ledger, woken by the real clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from queue import SimpleQueue

import pytest

from scheduler.calls.call import State
from scheduler.calls.change import Cancel, Move
from scheduler.calls.policy import Policy
from scheduler.clock import SystemClock
from scheduler.database import Database
from scheduler.errors import DatabaseBusy
from scheduler.ledger import open_ledger
from scheduler.ledger.calls import Claim, insert_call, select_call
from scheduler.ledger.changes import apply_change
from scheduler.ledger.requesting import Requested
from scheduler.ledger.store import LedgerCallStore
from scheduler.phone import PhoneNumber
from scheduler.timetable import CallStore, Timetable
from tests.calls.builders import HOUR, MINUTE, OTHER_CUSTOMER, want
from tests.ledger.desk import request

PATIENCE = 20.0  # seconds; a bound for what must happen, never a wait
CLOCK = SystemClock()
ORIGINS = [PhoneNumber(f"+442079460{last:03}") for last in range(200)]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    with closing(open_ledger(tmp_path / "ledger.db")) as found:
        yield found


@contextmanager
def running(
    store: CallStore[Claim], place: Callable[[Claim], None], *, workers: int = 4
) -> Iterator[Timetable[Claim]]:
    timetable = Timetable(store, place, CLOCK, workers=workers)
    timetable.start()
    try:
        yield timetable
    finally:
        timetable.stop()


def claiming(ledger: Database) -> LedgerCallStore[Claim]:
    """A store that hands out its claims as they are."""
    return LedgerCallStore(ledger, lambda _connection, claims: claims)


def add(ledger: Database, number: int = 0, *, due_in: timedelta = timedelta()) -> int:
    now = CLOCK.now()
    return ledger.write(insert_call, want(at=now + due_in, origin=ORIGINS[number]), now)


def state(ledger: Database, call_id: int) -> State:
    call = ledger.read(select_call, call_id)
    assert call is not None
    return call.state


class Placed:
    """Stands where a call would be placed: says which came, and when it may go on."""

    def __init__(self, *, held: bool = False) -> None:
        self.claims: SimpleQueue[Claim] = SimpleQueue()
        self.released = threading.Event()
        if not held:
            self.released.set()

    def __call__(self, claim: Claim) -> None:
        self.claims.put(claim)
        assert self.released.wait(PATIENCE)

    def next(self) -> int:
        return self.claims.get(timeout=PATIENCE).call.id

    def take(self, number: int) -> list[int]:
        return [self.next() for _ in range(number)]


class CountingStore:
    """A ledger's store that counts how often it is asked, and fails while it is told to."""

    def __init__(self, ledger: Database) -> None:
        self._store = claiming(ledger)
        self.failing = False
        self.asked = 0
        self.failed = threading.Event()
        self.claimed: list[int] = []
        self.on_claim: Callable[[], None] = lambda: None

    def next_wake_at(self) -> datetime | None:
        self.asked += 1
        self._fail()
        return self._store.next_wake_at()

    def claim_due(self, now: datetime, limit: int) -> Sequence[Claim]:
        self._fail()
        claims = self._store.claim_due(now, limit)
        self.claimed += [claim.call.id for claim in claims]
        if claims:
            self.on_claim()
        return claims

    def _fail(self) -> None:
        if self.failing:
            self.failed.set()
            raise DatabaseBusy("held by somebody else")


def test_due_calls_are_handed_out_once_and_in_the_order_of_their_times(ledger: Database) -> None:
    late = add(ledger, 0, due_in=-timedelta(seconds=1))
    later = add(ledger, 1, due_in=-timedelta(seconds=3))
    latest = add(ledger, 2, due_in=-timedelta(seconds=2))
    placed = Placed()
    with running(claiming(ledger), placed, workers=1):
        assert placed.take(3) == [later, latest, late]
    assert placed.claims.empty()


def test_a_call_is_handed_out_when_it_is_due_and_not_before(ledger: Database) -> None:
    came_at: SimpleQueue[datetime] = SimpleQueue()
    with running(claiming(ledger), lambda _claim: came_at.put(CLOCK.now())) as timetable:
        call_id = add(ledger, due_in=timedelta(seconds=0.3))
        timetable.wake()
        came = came_at.get(timeout=PATIENCE)
    call = ledger.read(select_call, call_id)
    assert call is not None
    assert came >= call.due_at


def test_a_call_of_tomorrow_stays_planned(ledger: Database) -> None:
    tomorrow, today = add(ledger, 0, due_in=timedelta(days=1)), add(ledger, 1)
    placed = Placed()
    with running(claiming(ledger), placed):
        assert placed.next() == today
    assert state(ledger, tomorrow) is State.PLANNED


def test_a_call_added_later_is_found_when_the_timetable_is_woken(ledger: Database) -> None:
    placed = Placed()
    with running(claiming(ledger), placed) as timetable:
        call_id = add(ledger)
        timetable.wake()
        assert placed.next() == call_id


def test_a_call_added_without_a_word_is_found_at_the_next_heartbeat(ledger: Database) -> None:
    placed = Placed()
    with running(claiming(ledger), placed):
        assert placed.claims.empty()
        call_id = add(ledger)
        assert placed.next() == call_id


def test_a_burst_beyond_what_fits_is_placed_to_the_last_call(ledger: Database) -> None:
    calls = [add(ledger, number) for number in range(60)]
    placed = Placed()
    with running(claiming(ledger), placed, workers=3):
        assert sorted(placed.take(60)) == calls


def test_a_full_pool_claims_no_more_than_fit_and_does_not_spin(ledger: Database) -> None:
    for number in range(10):
        add(ledger, number)
    store, placed = CountingStore(ledger), Placed(held=True)
    with running(store, placed, workers=3) as timetable:
        placed.take(2)
        beat_at = wait_for_beat(timetable)
        asked = store.asked
        while wait_for_beat(timetable) < beat_at + timedelta(seconds=1):
            pass
        assert len(store.claimed) == 3
        assert store.asked == asked, "a pool that is full has nothing to ask"
        placed.released.set()
        placed.take(8)
    assert sorted(store.claimed) == list(range(1, 11))


def wait_for_beat(timetable: Timetable[Claim]) -> datetime:
    """Until the loop has come by once more."""
    before = timetable.beat_at()
    for _ in range(int(PATIENCE / 0.01)):
        beat_at = timetable.beat_at()
        if beat_at is not None and beat_at != before:
            return beat_at
        threading.Event().wait(0.01)
    raise AssertionError("the timetable's loop has stopped")


def test_a_ledger_that_fails_for_a_while_costs_no_call_and_does_not_end_the_loop(ledger: Database) -> None:
    store, placed = CountingStore(ledger), Placed()
    with running(store, placed) as timetable:
        store.failing = True
        call_id = add(ledger)
        timetable.wake()
        assert store.failed.wait(PATIENCE)
        wait_for_beat(timetable)
        assert placed.claims.empty()
        store.failing = False
        assert placed.next() == call_id


def test_a_placing_that_raises_frees_its_worker(ledger: Database) -> None:
    calls = [add(ledger, number) for number in range(6)]
    placed: SimpleQueue[int] = SimpleQueue()

    def fail(claim: Claim) -> None:
        placed.put(claim.call.id)
        raise LookupError("a defect in placing")

    with running(claiming(ledger), fail, workers=1):
        assert sorted(placed.get(timeout=PATIENCE) for _ in calls) == calls


def test_stopping_finishes_what_is_in_hand_and_claims_nothing_more(ledger: Database) -> None:
    calls = [add(ledger, number) for number in range(5)]
    store, placed = CountingStore(ledger), Placed(held=True)
    timetable = Timetable(store, placed, CLOCK, workers=3)
    timetable.start()
    placed.next()
    stopper = threading.Thread(target=timetable.stop)
    stopper.start()
    assert stopper.is_alive()
    placed.released.set()
    stopper.join(PATIENCE)
    assert sorted(store.claimed) == calls[:3]
    assert sorted(placed.take(2)) == calls[1:3]
    assert [state(ledger, call_id) for call_id in calls[3:]] == [State.PLANNED, State.PLANNED]


def test_what_is_claimed_while_stopping_is_still_placed(ledger: Database) -> None:
    """The moment that APScheduler alone loses: its loop hands over what it has just claimed."""
    store, placed = CountingStore(ledger), Placed()
    calls = [add(ledger, number) for number in range(5)]
    claimed, go_on = threading.Event(), threading.Event()

    def between_claim_and_handing_over() -> None:
        claimed.set()
        assert go_on.wait(PATIENCE)

    store.on_claim = between_claim_and_handing_over
    timetable = Timetable(store, placed, CLOCK, workers=5)
    timetable.start()
    assert claimed.wait(PATIENCE)
    stopper = threading.Thread(target=timetable.stop)
    stopper.start()
    for _ in range(int(PATIENCE / 0.01)):
        if timetable._jobs.closed:
            break
        threading.Event().wait(0.01)
    go_on.set()
    stopper.join(PATIENCE)
    assert not stopper.is_alive()
    assert sorted(placed.take(5)) == calls


@pytest.mark.parametrize("change", ["moved", "cancelled"])
def test_a_call_changed_while_it_is_claimed_is_not_placed(ledger: Database, change: str) -> None:
    call_id = add(ledger)
    placed = Placed(held=True)
    asked: SimpleQueue[object] = SimpleQueue()

    def place(claim: Claim) -> None:
        placed(claim)
        asked.put(ledger.write(request, claim, "reference", CLOCK.now(), Policy()))

    with running(claiming(ledger), place):
        placed.next()
        call = ledger.read(select_call, call_id)
        assert call is not None
        later = want(at=CLOCK.now() + HOUR, destination=OTHER_CUSTOMER, origin=call.origin)
        changed = Move(call=call, wanted=later) if change == "moved" else Cancel(call=call, reason="gone")
        ledger.write(apply_change, changed, CLOCK.now())
        placed.released.set()
        assert asked.get(timeout=PATIENCE) is None
    assert state(ledger, call_id) is (State.PLANNED if change == "moved" else State.ENDED)


def test_a_claim_that_nobody_touched_is_placed(ledger: Database) -> None:
    call_id = add(ledger)
    asked: SimpleQueue[object] = SimpleQueue()
    with running(
        claiming(ledger),
        lambda claim: asked.put(ledger.write(request, claim, "reference", CLOCK.now(), Policy())),
    ):
        assert isinstance(asked.get(timeout=PATIENCE), Requested)
    assert state(ledger, call_id) is State.REQUESTED


def test_the_watchdog_sees_the_loop_come_by(ledger: Database) -> None:
    timetable = Timetable(claiming(ledger), Placed(), CLOCK, workers=1)
    assert timetable.beat_at() is None
    timetable.start()
    first = wait_for_beat(timetable)
    assert wait_for_beat(timetable) > first
    timetable.stop()
    assert CLOCK.now() - first < HOUR + MINUTE


def test_nobody_adds_moves_or_removes_calls_through_apscheduler(ledger: Database) -> None:
    with running(claiming(ledger), Placed()) as timetable:
        jobs = timetable._jobs
        for change in (jobs.add_job, jobs.update_job):
            with pytest.raises(TypeError, match="in the ledger"):
                change(None)
        with pytest.raises(TypeError, match="in the ledger"):
            jobs.remove_all_jobs()
        assert jobs.get_all_jobs() == []
