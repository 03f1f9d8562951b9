"""What two readings of the clocks say of the wall clock."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.calls.timekeeping import NOT_SYNCHRONISED, Belief, judge, slept, stepped
from scheduler.clock import Reading, Sync
from tests.clocks import NOON

HOUR = timedelta(hours=1)
START = Reading(wall=NOON, boot=1_000.0, monotonic=900.0)
SURE = Belief(anchor=START)


def later(seconds: float = 60.0, *, step: timedelta = timedelta(), asleep: float = 0.0) -> Reading:
    passed = timedelta(seconds=seconds)
    return Reading(
        wall=NOON + passed + step,
        boot=START.boot + seconds,
        monotonic=START.monotonic + seconds - asleep,
    )


def test_time_that_passes_is_no_step() -> None:
    assert not stepped(SURE, later(86_400))


@pytest.mark.parametrize("step", [HOUR, -HOUR, timedelta(seconds=2.1)], ids=str)
def test_a_step_of_an_unsynchronised_clock_is_doubted_and_changes_no_time_yet(step: timedelta) -> None:
    reading = later(step=step)
    belief = judge(SURE, reading, Sync.UNSYNCHRONISED)
    assert "waiting until it is synchronised" in belief.doubt
    assert belief.now(reading) == NOON + timedelta(seconds=60)


def test_the_doubt_says_how_far_the_clock_jumped_and_in_which_direction() -> None:
    assert judge(SURE, later(step=HOUR), Sync.UNKNOWN).doubt.startswith("the clock jumped ahead by 1 h")
    assert judge(SURE, later(step=-HOUR), Sync.UNKNOWN).doubt.startswith("the clock jumped back by 1 h")


def test_small_steps_add_up() -> None:
    belief = SURE
    for number in (1, 2, 3):
        belief = judge(belief, later(number, step=timedelta(seconds=number)), Sync.UNSYNCHRONISED)
        assert bool(belief.doubt) == (number > 2)


def test_a_synchronised_clock_is_believed_wherever_it_stands() -> None:
    reading = later(step=HOUR)
    belief = judge(SURE, reading, Sync.SYNCHRONISED)
    assert (belief.doubt, belief.now(reading)) == ("", reading.wall)
    assert not stepped(belief, later(61, step=HOUR))


def test_a_step_that_is_taken_back_is_forgotten() -> None:
    doubted = judge(SURE, later(step=HOUR), Sync.UNSYNCHRONISED)
    assert judge(doubted, later(61), Sync.UNSYNCHRONISED) == SURE


def test_a_clock_that_is_to_be_synchronised_first_stays_in_doubt_over_a_step_and_back() -> None:
    first = Belief(anchor=START, doubt=NOT_SYNCHRONISED, sync_first=NOT_SYNCHRONISED)
    stepped_once = judge(first, later(step=HOUR), Sync.UNSYNCHRONISED)
    back = judge(stepped_once, later(61), Sync.UNSYNCHRONISED)
    assert back.doubt == NOT_SYNCHRONISED
    assert judge(back, later(62), Sync.SYNCHRONISED) == Belief(anchor=START)


def test_a_suspend_is_no_step_but_is_seen() -> None:
    reading = later(3_600, asleep=3_000)
    assert not stepped(SURE, reading)
    assert slept(START, reading) == timedelta(seconds=3_000)
