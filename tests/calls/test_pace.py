"""Requests leave evenly, whatever the loop that asks for them does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scheduler.calls.pace import Pace

START = 1000.0


def test_without_a_limit_as_many_leave_as_ask() -> None:
    pace = Pace(a_second=0)
    assert pace.taken(START).room(START, 7) == 7
    assert pace.taken(START).wait(START) == 0


def test_after_a_rest_one_may_leave_and_the_next_an_interval_later() -> None:
    pace = Pace(a_second=50)
    assert pace.room(START, 10) == 1
    pace = pace.taken(START)
    assert (pace.room(START, 10), round(pace.wait(START), 6)) == (0, 0.02)
    assert pace.room(START + 0.02, 10) == 1


def test_a_queue_that_is_a_little_late_catches_up() -> None:
    pace = Pace(a_second=50).taken(START)
    assert pace.room(START + 0.061, 10) == 3
    assert pace.room(START + 0.061, 2) == 2


def test_a_limit_that_is_lifted_or_set_counts_from_then_on() -> None:
    assert Pace(a_second=0, next_at=START + 9).room(START, 3) == 3


@given(
    a_second=st.integers(1, 200),
    pauses=st.lists(st.floats(0, 0.3), min_size=1, max_size=60),
)
def test_no_second_ever_holds_more_than_may_leave_and_what_was_caught_up(
    a_second: int, pauses: list[float]
) -> None:
    pace, now, left = Pace(a_second=a_second), START, list[float]()
    for pause in pauses:
        now += pause
        while pace.room(now, 1):
            pace = pace.taken(now)
            left.append(now)
    caught_up = 0.1 * a_second
    for at in left:
        assert sum(at <= one < at + 1 for one in left) <= a_second + caught_up + 1.001


def test_a_thousand_at_once_leave_as_evenly_as_arithmetic_has_it() -> None:
    pace, now, left = Pace(a_second=50), START, 0
    while left < 1000:
        for _ in range(pace.room(now, 32)):
            pace = pace.taken(now)
            left += 1
        now += 0.003  # a loop that comes by when it likes
    assert abs(now - START - 999 / 50) < 0.1
