"""Lanes: side by side, bounded, and none waits for another."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from scheduler.lanes import Lanes
from tests.world import await_true


@pytest.fixture
def lanes() -> Iterator[Lanes]:
    with closing(Lanes("test", at_once=4, in_a_lane=2)) as found:
        yield found


def test_a_lane_that_is_full_delays_no_other(lanes: Lanes) -> None:
    release, other = threading.Event(), threading.Event()
    for _ in range(10):
        lanes.add("slow", lambda: release.wait(10))
    lanes.add("quick", other.set)
    assert other.wait(10)
    release.set()


def test_a_lane_takes_so_many_at_once_and_the_rest_in_their_order(lanes: Lanes) -> None:
    entered, release, done = threading.Semaphore(0), threading.Semaphore(0), threading.Semaphore(0)
    order: list[int] = []

    def work(number: int) -> None:
        order.append(number)
        entered.release()
        release.acquire(timeout=10)
        done.release()

    for number in range(5):
        lanes.add("slow", lambda number=number: work(number))  # type: ignore[misc]
    for so_far in (2, 3, 4, 5):
        while len(order) < so_far:
            assert entered.acquire(timeout=10)
        assert len(order) == so_far
        release.release()
        assert done.acquire(timeout=10)
    release.release()
    assert sorted(order[:2]) == [0, 1]
    assert order[2:] == [2, 3, 4]


def test_waiting_ends_when_all_is_done_and_not_before(lanes: Lanes) -> None:
    release = threading.Event()
    for _ in range(3):
        lanes.add("slow", lambda: release.wait(10))
    assert not lanes.wait(0)
    release.set()
    assert lanes.wait(10)


def test_work_that_fails_gives_its_place_to_the_next(lanes: Lanes) -> None:
    done = threading.Event()

    def fail() -> None:
        raise RuntimeError("a defect")

    for _ in range(5):
        lanes.add("bad", fail)
    lanes.add("bad", done.set)
    assert done.wait(10)


def test_what_waits_when_it_closes_is_never_begun() -> None:
    lanes = Lanes("test", at_once=1, in_a_lane=1)
    entered, release, begun = threading.Event(), threading.Event(), threading.Event()

    def hold() -> None:
        entered.set()
        release.wait(10)

    lanes.add("one", hold)
    lanes.add("one", begun.set)
    assert entered.wait(10)
    closing_thread = threading.Thread(target=lanes.close)
    closing_thread.start()
    await_true(lambda: not lanes._waiting)
    release.set()
    closing_thread.join(10)
    assert not begun.is_set()
