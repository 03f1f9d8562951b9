from __future__ import annotations

from datetime import UTC

from scheduler.clock import SystemClock


def test_the_wall_clock_is_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_the_boot_clock_never_steps_back() -> None:
    clock = SystemClock()
    readings = [clock.boot_seconds() for _ in range(100)]
    assert readings == sorted(readings)
    assert readings[0] > 0
