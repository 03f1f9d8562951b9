"""What people are told about calling hours, and whose clocks count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.calls.calling_hours import CallingHours, Clocks, Outside
from scheduler.calls.week import Week
from tests.calls.builders import CUSTOMER, ORIGIN, OTHER_CUSTOMER, SECOND_ORIGIN
from tests.calls.weeks import BRUSSELS, NEW_YORK, brussels, office

HOURS = CallingHours(week=office("09:00-18:00", holidays=("BE",), d20261127=""), clocks=Clocks(company=BRUSSELS))
MONDAY_NINE = brussels("2026-11-23 09:00")
FRIDAY_EVENING = brussels("2026-11-20 18:30")
CHRISTMAS_NOON = brussels("2026-12-25 12:00")
MANNERS = [replace(HOURS, outside=outside) for outside in Outside]


@pytest.mark.parametrize("hours", MANNERS)
def test_nothing_is_told_of_what_is_asked_for_within_the_hours(hours: CallingHours) -> None:
    assert not hours.closed(ORIGIN, CUSTOMER, MONDAY_NINE)
    assert not hours.skipped(ORIGIN, CUSTOMER, MONDAY_NINE)
    assert not hours.told(ORIGIN, CUSTOMER, MONDAY_NINE, MONDAY_NINE)


def test_without_hours_it_is_never_closed() -> None:
    assert not CallingHours().closed(ORIGIN, CUSTOMER, CHRISTMAS_NOON)
    assert not CallingHours().moves


def test_closed_hours_say_when_they_open_and_what_closes_the_day() -> None:
    assert HOURS.closed(ORIGIN, CUSTOMER, FRIDAY_EVENING) == "outside calling hours; they open Mon 23 Nov 09:00"
    assert HOURS.closed(ORIGIN, CUSTOMER, CHRISTMAS_NOON) == (
        "outside calling hours (Christmas Day); they open Mon 28 Dec 09:00"
    )
    assert "(2026-11-27 is a closed day)" in HOURS.closed(ORIGIN, CUSTOMER, brussels("2026-11-27 12:00"))


def test_a_moved_call_says_from_when_and_why() -> None:
    opens_at = brussels("2026-12-28 09:00")
    assert HOURS.told(ORIGIN, CUSTOMER, CHRISTMAS_NOON, opens_at) == (
        "moved from Fri 25 Dec 12:00, outside calling hours (Christmas Day)"
    )
    assert not HOURS.skipped(ORIGIN, CUSTOMER, CHRISTMAS_NOON)


def test_what_is_skipped_says_why() -> None:
    skipping = replace(HOURS, outside=Outside.SKIP)
    assert skipping.skipped(ORIGIN, CUSTOMER, CHRISTMAS_NOON) == "outside calling hours (Christmas Day)"
    assert not skipping.moves


def test_what_is_allowed_rings_and_says_that_it_is_outside() -> None:
    allowing = replace(HOURS, outside=Outside.ALLOW)
    assert not allowing.closed(ORIGIN, CUSTOMER, FRIDAY_EVENING)
    assert not allowing.skipped(ORIGIN, CUSTOMER, FRIDAY_EVENING)
    assert allowing.told(ORIGIN, CUSTOMER, FRIDAY_EVENING, FRIDAY_EVENING) == (
        "outside calling hours, and rings all the same (hours.outside)"
    )


def test_what_opens_at_no_time_is_skipped_even_where_it_is_to_be_moved() -> None:
    never = replace(HOURS, week=Week(days=((),) * 7))
    assert never.skipped(ORIGIN, CUSTOMER, MONDAY_NINE) == (
        "outside calling hours; they open at no time within 30 days"
    )


def test_what_finds_no_room_among_other_moved_calls_says_so() -> None:
    assert HOURS.told(ORIGIN, CUSTOMER, FRIDAY_EVENING, FRIDAY_EVENING) == (
        "outside calling hours, and will be missed: its phone is free at no time within 30 days"
    )


def test_a_phone_with_hours_of_its_own_has_those_alone() -> None:
    hours = CallingHours(by_origin={SECOND_ORIGIN: office("18:00-20:00")}, clocks=Clocks(company=BRUSSELS))
    assert hours.closed(SECOND_ORIGIN, CUSTOMER, MONDAY_NINE)
    assert not hours.closed(ORIGIN, CUSTOMER, MONDAY_NINE)
    assert hours.moves


def test_the_longest_prefix_then_the_country_then_the_company_says_whose_clocks_count() -> None:
    clocks = Clocks(
        company=BRUSSELS,
        by_prefix={"+44": NEW_YORK, "+4420794601": BRUSSELS},
        by_country={"GB": (NEW_YORK,), "BE": (NEW_YORK, BRUSSELS)},
    )
    assert clocks.of(OTHER_CUSTOMER) == (BRUSSELS,)
    assert replace(clocks, by_prefix={"+44": NEW_YORK}).of(OTHER_CUSTOMER) == (NEW_YORK,)
    assert clocks.of(CUSTOMER) == (NEW_YORK, BRUSSELS)
    assert replace(clocks, by_country={}).of(CUSTOMER) == (BRUSSELS,)
