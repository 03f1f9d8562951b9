"""Opening hours as instants; the oracle of the property tests looks at wall clocks minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.calls.hours import FARTHEST, Hours
from scheduler.calls.week import Week
from tests.calls.weeks import BRUSSELS, NEW_YORK, WEEKS, ZONES, brussels, office

MINUTE = timedelta(minutes=1)
OFFICE = Hours(week=office("09:00-12:30", "13:30-18:00"), zones=(BRUSSELS,))
DAILY = office("09:00-17:00")


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-11-23 09:00", "2026-11-23 09:00"),
        ("2026-11-23 12:29:59", "2026-11-23 12:29:59"),
        ("2026-11-23 12:30", "2026-11-23 13:30"),
        ("2026-11-23 08:59:59.999999", "2026-11-23 09:00"),
        ("2026-11-20 18:00", "2026-11-23 09:00"),
    ],
)
def test_what_is_closed_opens_with_the_next_window(at: str, opens: str) -> None:
    assert OFFICE.next_opening(brussels(at)) == brussels(opens)


def test_a_window_ends_just_before_its_end() -> None:
    until = brussels("2026-11-23 18:00")
    assert OFFICE.closing(brussels("2026-11-23 14:00"), until) == until
    assert OFFICE.closing(brussels("2026-11-23 14:00"), until - MINUTE) is None
    assert not OFFICE.inside(until)


def test_windows_that_meet_are_one() -> None:
    hours = Hours(week=office("00:00-12:00", "12:00-24:00"), zones=(BRUSSELS,))
    at = brussels("2026-11-23 11:59")
    assert hours.closing(at, at + timedelta(days=7)) == brussels("2026-11-28 00:00")


def test_where_nothing_opens_for_a_month_there_is_no_opening() -> None:
    assert Hours(week=Week(days=((),) * 7), zones=(BRUSSELS,)).next_opening(brussels("2026-11-23 12:00")) is None


def test_several_zones_are_open_only_together() -> None:
    both = Hours(week=DAILY, zones=(BRUSSELS, NEW_YORK))
    opens_at = both.next_opening(brussels("2026-11-23 09:00"))
    assert opens_at == brussels("2026-11-23 15:00")
    assert both.closing(opens_at, opens_at + timedelta(days=1)) == brussels("2026-11-23 17:00")


def test_a_window_keeps_its_wall_time_over_a_change_of_the_clocks() -> None:
    hours = Hours(week=Week(days=DAILY.days[:1] * 7), zones=(BRUSSELS,))
    opened = [hours.next_opening(datetime(2026, 10, day, 0, tzinfo=UTC)) for day in (24, 25)]
    assert opened == [datetime(2026, 10, 24, 7, tzinfo=UTC), datetime(2026, 10, 25, 8, tzinfo=UTC)]


def test_what_would_open_in_the_hour_that_is_left_out_opens_at_its_end() -> None:
    """29 March 2026: 02:00 becomes 03:00 in Brussels, at 01:00 UTC."""
    hours = Hours(week=Week(days=office("02:30-05:00").days[:1] * 7), zones=(BRUSSELS,))
    assert hours.next_opening(datetime(2026, 3, 29, tzinfo=UTC)) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_what_would_close_in_the_hour_that_is_left_out_closes_before_it() -> None:
    hours = Hours(week=Week(days=office("01:00-02:30").days[:1] * 7), zones=(BRUSSELS,))
    at = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert hours.closing(at, at + timedelta(days=1)) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_a_window_in_the_hour_that_comes_twice_is_open_twice() -> None:
    """25 October 2026: 03:00 becomes 02:00 in Brussels, at 01:00 UTC."""
    hours = Hours(week=Week(days=office("02:15-02:45").days[:1] * 7), zones=(BRUSSELS,))
    first = hours.next_opening(datetime(2026, 10, 25, tzinfo=UTC))
    assert first == datetime(2026, 10, 25, 0, 15, tzinfo=UTC)
    assert hours.next_opening(first + 30 * MINUTE) == datetime(2026, 10, 25, 1, 15, tzinfo=UTC)


ZONE_SETS = st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True).map(tuple)
# Around the changes of the clocks too: of the autumn in Beirut, Brussels and New York, and of the spring.
INSTANTS = st.one_of(
    st.datetimes(datetime(2026, 10, 20), datetime(2026, 11, 10)),  # noqa: DTZ001
    st.datetimes(datetime(2027, 3, 24), datetime(2027, 4, 6)),  # noqa: DTZ001
).map(lambda at: at.replace(tzinfo=UTC))


def shows_open(week: Week, zone: tzinfo, instant: datetime) -> bool:
    """By the wall clock alone: the window of today, or of yesterday past midnight, unless today differs."""
    wall = instant.astimezone(zone).replace(tzinfo=None)
    days = [0] if week.differs(wall.date()) else [0, 1]
    for back in days:
        midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=back)
        for span in week.opening_on(midnight.date()):
            closes = min(span.closes, timedelta(days=1)) if back == 0 else span.closes
            if midnight + span.opens <= wall < midnight + closes and (
                back == 0 or span.closes > timedelta(days=1)
            ):
                return True
    return False


@settings(deadline=None)  # the first holiday takes a moment
@given(week=WEEKS, zones=ZONE_SETS, instant=INSTANTS)
def test_it_is_open_exactly_where_every_wall_clock_shows_a_window(
    week: Week, zones: tuple[tzinfo, ...], instant: datetime
) -> None:
    expected = all(shows_open(week, zone, instant) for zone in zones)
    assert Hours(week=week, zones=zones).inside(instant) == expected


@settings(deadline=None)  # the first holiday takes a moment
@given(week=WEEKS, zones=ZONE_SETS, instant=INSTANTS, looks=st.lists(st.floats(0, 1), max_size=30))
def test_the_next_opening_is_open_and_nothing_before_it_is(
    week: Week, zones: tuple[tzinfo, ...], instant: datetime, looks: list[float]
) -> None:
    hours = Hours(week=week, zones=zones)
    opens_at = hours.next_opening(instant)
    assert opens_at is None or (opens_at >= instant and hours.inside(opens_at))
    until = opens_at or instant + FARTHEST
    # The last moments, the first hours minute by minute, and anywhere.
    steps = [until - timedelta(microseconds=1), *(instant + n * MINUTE for n in range(180))]
    steps += [instant + look * (until - instant) for look in looks]
    assert not [at for at in steps if instant <= at < until and hours.inside(at)]


@settings(deadline=None)  # the first holiday takes a moment
@given(week=WEEKS, zones=ZONE_SETS, instant=INSTANTS)
def test_from_an_opening_to_the_next_closing_it_stays_open(
    week: Week, zones: tuple[tzinfo, ...], instant: datetime
) -> None:
    hours = Hours(week=week, zones=zones)
    opens_at = hours.next_opening(instant)
    if opens_at is None:
        return
    until = opens_at + timedelta(hours=3)
    closes_at = hours.closing(opens_at, until)
    assert closes_at is None or (opens_at < closes_at <= until and not hours.inside(closes_at))
    minutes = (opens_at + n * MINUTE for n in range(180))
    assert all(hours.inside(at) for at in minutes if at < (closes_at or until))
