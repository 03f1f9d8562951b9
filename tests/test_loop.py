"""A loop wakes when asked, survives its errors, and stops at once."""

from __future__ import annotations

import gc
import logging
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from scheduler.errors import ProviderError
from scheduler.loop import Loop, let_calls_pass, let_go

NEVER = timedelta(hours=1)


def test_it_runs_at_once_and_again_when_woken() -> None:
    rounds = threading.Semaphore(0)
    loop = Loop("test", rounds.release, NEVER)
    loop.start()
    assert rounds.acquire(timeout=10)
    loop.wake()
    assert rounds.acquire(timeout=10)
    loop.stop()
    assert not loop.alive


def test_a_wake_up_during_a_round_brings_another_one() -> None:
    entered, go_on, rounds = threading.Event(), threading.Event(), threading.Semaphore(0)

    def once() -> None:
        entered.set()
        go_on.wait(10)
        rounds.release()

    loop = Loop("test", once, NEVER)
    loop.start()
    assert entered.wait(10)
    loop.wake()
    go_on.set()
    assert rounds.acquire(timeout=10)
    assert rounds.acquire(timeout=10)
    loop.stop()


def test_a_round_may_say_when_the_next_one_is_due() -> None:
    rounds = threading.Semaphore(0)

    def once() -> None:
        loop.every = timedelta(milliseconds=1)
        rounds.release()

    loop = Loop("test", once, NEVER)
    loop.start()
    for _ in range(3):
        assert rounds.acquire(timeout=10)
    loop.stop()


@pytest.mark.parametrize(
    ("error", "traceback"), [(ProviderError("no token"), False), (RuntimeError("a defect"), True)]
)
def test_an_error_is_told_and_the_next_round_comes(
    error: Exception, traceback: bool, caplog: pytest.LogCaptureFixture
) -> None:
    rounds = threading.Semaphore(0)

    def once() -> None:
        rounds.release()
        raise error

    with caplog.at_level(logging.WARNING):
        loop = Loop("test", once, NEVER)
        loop.start()
        assert rounds.acquire(timeout=10)
        loop.wake()
        assert rounds.acquire(timeout=10)
        loop.stop()
    # What the provider said is for the log; a defect of ours is for its traceback as well.
    assert bool(caplog.records[0].exc_info) is traceback


def test_calls_pass_what_computes_and_no_full_collection_stops_them_often() -> None:
    before = (sys.getswitchinterval(), gc.get_threshold())
    try:
        let_calls_pass()
        assert sys.getswitchinterval() < 0.001
        assert gc.get_threshold()[:2] == before[1][:2]
        assert gc.get_threshold()[2] >= 100 * 10
    finally:
        sys.setswitchinterval(before[0])
        gc.set_threshold(*before[1])


class Freed:
    """Tells when it is freed."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell

    def __del__(self) -> None:
        self._tell()


def test_what_is_let_go_is_freed_some_at_a_time() -> None:
    objects: list[Freed] = []
    left: Counter[int] = Counter()
    objects += [Freed(lambda: left.update([len(objects)])) for _ in range(2000)]
    let_go(objects)
    assert (objects, left.total()) == ([], 2000)
    assert max(left.values()) < 500
