from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.gateway.line.simulated import LineScripts, SimulatedLine, decide_end
from scheduler.gateway.settings import Behaviour, LineScript
from tests.gateway.support import DESTINATION, NOON, ORIGIN, SetClock, accepted

SECOND = timedelta(seconds=1)


def scripts_of(*scripts: LineScript, longest_call: timedelta = timedelta(hours=2)) -> LineScripts:
    return LineScripts(
        scripts=scripts,
        default=LineScript(number_prefix=""),
        ring_time=30 * SECOND,
        longest_call=longest_call,
    )


def test_an_unscripted_call_rings_a_second_each_and_talks_five() -> None:
    end = decide_end(accepted(), scripts_of())
    assert end.call_one_setup_at == NOON + SECOND
    assert end.call_two_setup_at == NOON + 2 * SECOND
    assert end.call_two_release_at == end.call_one_release_at == end.ended_at == NOON + 7 * SECOND
    assert end.release_info == "Leg2-BYE received"


@pytest.mark.parametrize(
    ("does", "release"),
    [
        (Behaviour.BUSY, "486-BusyHere received"),
        (Behaviour.NO_ANSWER, "480-TemporarilyUnavailable received"),
        (Behaviour.NOT_FOUND, "404-NotFound received"),
        (Behaviour.REFUSED, "603-Decline received"),
    ],
)
def test_a_failing_phone_ends_the_call_with_its_leg_and_sip_code(does: Behaviour, release: str) -> None:
    origin_fails = LineScript(number_prefix=ORIGIN.e164, does=does, after=3 * SECOND)
    first = decide_end(accepted(), scripts_of(origin_fails))
    assert first.release_info == f"Leg1-{release}"
    assert first.call_one_setup_at == first.call_one_release_at == NOON
    assert first.ended_at == NOON + 3 * SECOND

    destination_fails = LineScript(number_prefix=DESTINATION.e164, does=does, after=3 * SECOND)
    second = decide_end(accepted(), scripts_of(destination_fails))
    assert second.release_info == f"Leg2-{release}"
    assert (second.call_one_setup_at, second.call_one_release_at) == (NOON + SECOND, NOON + 4 * SECOND)
    assert second.call_two_setup_at is None


def test_a_phone_that_rings_longer_than_the_ring_time_is_given_up() -> None:
    late = LineScript(number_prefix=DESTINATION.e164, after=31 * SECOND)
    end = decide_end(accepted(), scripts_of(late))
    assert end.release_info == "Leg2-487-RequestTerminated received"
    assert end.ended_at == NOON + 31 * SECOND


def test_a_conversation_is_cut_at_the_longest_call() -> None:
    chatty = LineScript(number_prefix=DESTINATION.e164, talk=timedelta(hours=1))
    end = decide_end(accepted(), scripts_of(chatty, longest_call=timedelta(minutes=10)))
    assert end.ended_at == NOON + 2 * SECOND + timedelta(minutes=10)
    assert end.release_info == "Leg2-BYE sent"


def test_the_longest_matching_prefix_decides() -> None:
    scripts = scripts_of(
        LineScript(number_prefix="+32468", does=Behaviour.NOT_FOUND),
        LineScript(number_prefix="+32468373901", does=Behaviour.BUSY),
        LineScript(number_prefix="+32", does=Behaviour.ANSWER),
    )
    assert scripts.for_number(DESTINATION).does is Behaviour.BUSY
    assert scripts.for_number(ORIGIN).number_prefix == "+32"


def test_place_returns_when_the_call_is_over_by_the_clock() -> None:
    clock = SetClock()

    async def sleep(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))

    end = asyncio.run(SimulatedLine(scripts_of(), clock, sleep).place(accepted()))
    assert clock.now() == end.ended_at == NOON + 7 * SECOND


lengths = st.timedeltas(min_value=timedelta(0), max_value=timedelta(minutes=2))
line_scripts = st.builds(
    LineScript,
    number_prefix=st.sampled_from(("", "+32", ORIGIN.e164, DESTINATION.e164)),
    does=st.sampled_from(Behaviour),
    after=lengths,
    talk=lengths,
)


@given(st.lists(line_scripts, max_size=4))
def test_every_script_ends_a_call_with_its_instants_in_order(scripts: list[LineScript]) -> None:
    end = decide_end(accepted(), scripts_of(*scripts, longest_call=timedelta(minutes=1)))
    assert NOON <= end.call_one_setup_at <= end.call_one_release_at <= end.ended_at
    assert (end.call_two_setup_at is None) == (end.call_two_release_at is None)
    if end.call_two_setup_at and end.call_two_release_at:
        assert end.call_one_setup_at <= end.call_two_setup_at <= end.call_two_release_at
        assert end.call_two_release_at - end.call_two_setup_at <= timedelta(minutes=1)
