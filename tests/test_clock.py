from __future__ import annotations

from datetime import UTC

import pytest

from scheduler.clock import Sync, SystemClock


def test_the_wall_clock_is_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_the_boot_clock_never_steps_back() -> None:
    clock = SystemClock()
    readings = [clock.boot_seconds() for _ in range(100)]
    assert readings == sorted(readings)
    assert readings[0] > 0


def test_all_clocks_are_read_in_one_moment() -> None:
    clock = SystemClock()
    before = clock.boot_seconds()
    reading = clock.reading()
    assert before <= reading.boot <= clock.boot_seconds()
    assert reading.wall.tzinfo is UTC
    assert reading.monotonic <= reading.boot + 0.1


def test_a_process_that_was_stopped_between_two_clocks_reads_them_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    times = iter([10.0, 15.0, 15.0, 15.0])
    monkeypatch.setattr(clock, "boot_seconds", lambda: next(times))
    assert clock.reading().boot == 15.0


def test_the_kernel_says_whether_the_clock_is_synchronised() -> None:
    assert SystemClock().sync() in Sync


def test_a_kernel_that_may_not_be_asked_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.clock._LIBC", type("Libc", (), {"adjtimex": staticmethod(lambda _: -1)}))
    assert SystemClock().sync() is Sync.UNKNOWN
