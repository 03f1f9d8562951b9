"""Which wall times are open, by weekday, public holiday and day of its own."""

from __future__ import annotations

from datetime import date

import pytest

from scheduler.calls.public_holidays import check_holidays, holiday_on
from scheduler.calls.week import EVERY_DAY, Week
from tests.calls.weeks import office, span

FRIDAY = date(2026, 11, 20)
SATURDAY = date(2026, 11, 21)
CHRISTMAS = date(2026, 12, 25)  # a Friday


def test_a_weekday_has_its_windows_and_the_weekend_none() -> None:
    week = office("09:00-12:30", "13:30-18:00")
    assert week.spans(FRIDAY) == (span("09:00-12:30"), span("13:30-18:00"))
    assert week.spans(SATURDAY) == ()


def test_a_window_past_midnight_goes_on_the_next_day_and_not_a_week_before() -> None:
    week = office("22:00-02:00")
    assert week.spans(FRIDAY) == (span("00:00-02:00"), span("22:00-24:00"))
    assert week.spans(SATURDAY) == (span("00:00-02:00"),)
    assert week.spans(date(2026, 11, 23)) == (span("22:00-24:00"),)  # after a Sunday


def test_a_public_holiday_is_closed_and_says_which_one_it_is() -> None:
    week = office("09:00-18:00", holidays=("NL", "BE"))
    assert week.spans(CHRISTMAS) == ()
    assert (week.why_closed(CHRISTMAS), week.why_closed(FRIDAY), week.why_closed(SATURDAY)) == (
        "Christmas Day",
        "",
        "",
    )


def test_a_holiday_of_a_region_is_one_there_alone() -> None:
    epiphany = date(2026, 1, 6)
    assert (holiday_on("DE-BY", epiphany), holiday_on("DE-BE", epiphany)) == ("Epiphany", "")


def test_a_day_of_its_own_beats_weekday_and_holiday() -> None:
    week = office("09:00-18:00", holidays=("BE",), d20261225="10:00-11:00", d20261120="", d20261121="10:00-16:00")
    assert week.spans(CHRISTMAS) == (span("10:00-11:00"),)
    assert (week.spans(FRIDAY), week.why_closed(FRIDAY)) == ((), "2026-11-20 is a closed day")
    assert week.spans(SATURDAY) == (span("10:00-16:00"),)


def test_a_day_that_differs_ends_the_window_of_the_evening_before_and_opens_none_for_the_next_morning() -> None:
    week = office("22:00-02:00", d20261120="")
    assert week.spans(date(2026, 11, 19)) == (span("00:00-02:00"), span("22:00-24:00"))
    assert week.spans(FRIDAY) == week.spans(SATURDAY) == ()


def test_a_week_of_which_nothing_is_said_is_always_open() -> None:
    assert Week().spans(SATURDAY) == EVERY_DAY[0]


@pytest.mark.parametrize("place", ["BE", "DE-BY", "GB-SCT"])
def test_countries_and_regions_are_known(place: str) -> None:
    check_holidays(place)


@pytest.mark.parametrize("place", ["XX", "BE-QQ", "Belgium", ""])
def test_a_place_without_known_holidays_is_refused(place: str) -> None:
    with pytest.raises(ValueError, match="no public holidays are known of"):
        check_holidays(place)
