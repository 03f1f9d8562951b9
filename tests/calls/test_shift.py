"""Calls that are asked for outside calling hours: when they become due instead."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.calls.call import PlannedCall
from scheduler.calls.calling_hours import CallingHours, Clocks, Outside
from scheduler.calls.policy import Policy
from scheduler.calls.shift import shift_into_hours
from scheduler.calls.week import Week
from tests.calls.builders import CUSTOMER, MINUTE, ORIGIN, OTHER_CUSTOMER, SECOND_ORIGIN, want
from tests.calls.weeks import BRUSSELS, NEW_YORK, POLICIES, TIMES, brussels, office

WEEK = office("09:00-12:30", "13:30-18:00")
HOURS = CallingHours(week=WEEK, clocks=Clocks(company=BRUSSELS))


MONDAY_NINE = brussels("2026-11-23 09:00")
FRIDAY_EVENING = brussels("2026-11-20 18:30")


def shift(*calls: PlannedCall, hours: CallingHours = HOURS) -> list[PlannedCall]:
    policy = Policy(hours=hours)
    return sorted(shift_into_hours(calls, policy), key=lambda call: (call.asked_at, call.destination))


def test_without_calling_hours_every_call_is_due_when_it_is_asked_for() -> None:
    call = want(at=FRIDAY_EVENING)
    assert shift(call, hours=CallingHours()) == [call]


def test_a_call_within_the_hours_keeps_its_times() -> None:
    call = want(at=MONDAY_NINE)
    assert shift(call) == [call]


def test_a_call_outside_becomes_due_at_the_next_opening_and_stays_the_call_that_it_is() -> None:
    (call,) = shift(want(at=FRIDAY_EVENING))
    assert (call.asked_at, call.due_at, call.deadline_at) == (
        FRIDAY_EVENING,
        MONDAY_NINE,
        MONDAY_NINE + 5 * MINUTE,
    )
    assert call.slot == want(at=FRIDAY_EVENING).slot


def test_a_deadline_never_reaches_past_the_closing() -> None:
    (call,) = shift(want(at=brussels("2026-11-23 17:58")))
    assert (call.due_at, call.deadline_at) == (brussels("2026-11-23 17:58"), brussels("2026-11-23 18:00"))


def test_moved_calls_of_one_origin_come_one_after_another_in_the_order_that_they_were_asked_for() -> None:
    times = [FRIDAY_EVENING + n * MINUTE for n in (40, 0, 20)]
    calls = shift(*(want(str(at), at=at) for at in times))
    assert [call.due_at for call in calls] == [MONDAY_NINE + n * 10 * MINUTE for n in range(3)]


def test_moved_calls_of_different_origins_share_the_opening() -> None:
    calls = shift(want("one", at=FRIDAY_EVENING), want("two", at=FRIDAY_EVENING, origin=SECOND_ORIGIN))
    assert [call.due_at for call in calls] == [MONDAY_NINE] * 2


def test_a_moved_call_makes_way_for_those_that_are_due_anyway() -> None:
    ordinary = want("ordinary", at=MONDAY_NINE + 5 * MINUTE)
    moved, kept = shift(ordinary, want("moved", at=FRIDAY_EVENING))
    assert (kept.due_at, moved.due_at) == (MONDAY_NINE + 5 * MINUTE, MONDAY_NINE + 15 * MINUTE)


def test_moved_calls_that_a_window_has_no_room_for_go_on_in_the_next_one() -> None:
    hours = replace(HOURS, week=office("09:00-09:15"))
    calls = shift(*(want(str(n), at=FRIDAY_EVENING + n * MINUTE) for n in range(3)), hours=hours)
    assert [call.due_at for call in calls] == [
        MONDAY_NINE,
        MONDAY_NINE + 10 * MINUTE,
        MONDAY_NINE + timedelta(days=1),
    ]


def test_a_call_that_gets_no_room_within_a_month_keeps_the_time_that_it_asks_for() -> None:
    mondays = Week(days=(office("09:00-09:05").days[0], *((),) * 6))
    calls = shift(
        *(want(str(n), at=FRIDAY_EVENING + n * MINUTE) for n in range(6)), hours=replace(HOURS, week=mondays)
    )
    assert [call.due_at - call.asked_at > timedelta() for call in calls] == [True] * 4 + [False] * 2


@pytest.mark.parametrize("outside", [Outside.SKIP, Outside.ALLOW])
def test_what_isnt_to_be_moved_keeps_the_time_that_it_asks_for(outside: Outside) -> None:
    call = want(at=FRIDAY_EVENING)
    assert shift(call, hours=replace(HOURS, outside=outside)) == [call]


def test_what_never_opens_keeps_the_time_that_it_asks_for() -> None:
    call = want(at=FRIDAY_EVENING)
    assert shift(call, hours=replace(HOURS, week=Week(days=((),) * 7))) == [call]


def test_the_hours_of_a_manager_are_those_of_the_phone_that_rings_first() -> None:
    hours = replace(HOURS, by_origin={SECOND_ORIGIN: office("18:00-20:00")})
    late = brussels("2026-11-23 18:30")
    one, two = shift(want("one", at=late), want("two", at=late, origin=SECOND_ORIGIN), hours=hours)
    assert {one.origin: one.due_at, two.origin: two.due_at} == {
        ORIGIN: MONDAY_NINE + timedelta(days=1),
        SECOND_ORIGIN: late,
    }


def test_where_the_customers_clocks_count_they_decide() -> None:
    clocks = Clocks(company=BRUSSELS, by_prefix={"+4420": NEW_YORK}, by_country={"GB": (BRUSSELS,)})
    hours = replace(HOURS, clocks=clocks)
    belgian, british = shift(
        want("one", at=MONDAY_NINE, destination=OTHER_CUSTOMER), want("two", at=MONDAY_NINE, destination=CUSTOMER),
        hours=hours,
    )  # fmt: skip
    assert british.due_at == brussels("2026-11-23 15:00")
    assert belgian.due_at == MONDAY_NINE


CALLS = st.lists(
    st.builds(
        lambda at, origin, destination: want(f"{at} {origin}", at=at, origin=origin, destination=destination),
        TIMES,
        st.sampled_from([ORIGIN, SECOND_ORIGIN]),
        st.sampled_from([CUSTOMER, OTHER_CUSTOMER]),
    ),
    max_size=12,
    unique_by=lambda call: call.slot,
)


@settings(deadline=None)  # the first holiday takes a moment
@given(calls=CALLS, policy=POLICIES)
def test_whatever_is_placed_in_time_is_placed_inside_the_hours(calls: list[PlannedCall], policy: Policy) -> None:
    for call in shift_into_hours(calls, policy):
        assert call.asked_at <= call.due_at <= call.deadline_at <= call.due_at + policy.grace
        hours = policy.hours.of(call.origin, call.destination)
        if hours is None or policy.hours.skipped(call.origin, call.destination, call.asked_at):
            assert call.due_at == call.asked_at
        elif call.due_at > call.asked_at or hours.inside(call.asked_at):
            assert hours.inside(call.due_at)
            assert hours.closing(call.due_at, call.deadline_at - timedelta(microseconds=1)) is None


@settings(deadline=None)  # the first holiday takes a moment
@given(calls=CALLS, policy=POLICIES)
def test_moved_calls_keep_their_order_and_their_distance(calls: list[PlannedCall], policy: Policy) -> None:
    shifted = list(shift_into_hours(calls, policy))
    assert {call.slot for call in shifted} == {call.slot for call in calls}
    for origin in (ORIGIN, SECOND_ORIGIN):
        mine = sorted((c for c in shifted if c.origin == origin), key=lambda c: (c.asked_at, c.destination))
        moved = [call for call in mine if call.due_at > call.asked_at]
        assert [call.due_at for call in moved] == sorted(call.due_at for call in moved)
        for one in moved:
            others = [call.due_at for call in mine if call is not one]
            assert all(abs(one.due_at - other) >= policy.hours.stagger for other in others)


@settings(deadline=None)  # the first holiday takes a moment
@given(calls=CALLS, policy=POLICIES, seed=st.randoms())
def test_the_order_of_the_calls_decides_nothing(calls: list[PlannedCall], policy: Policy, seed: Random) -> None:
    shuffled = list(calls)
    seed.shuffle(shuffled)
    assert {call.slot: call for call in shift_into_hours(shuffled, policy)} == {
        call.slot: call for call in shift_into_hours(calls, policy)
    }
