"""Weeks for tests, written as people say them, and what property tests draw."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from scheduler.calls.calling_hours import CallingHours, Clocks, Outside
from scheduler.calls.policy import Policy
from scheduler.calls.week import Span, Week

BRUSSELS = ZoneInfo("Europe/Brussels")
NEW_YORK = ZoneInfo("America/New_York")
# Clocks that change at midnight, by half an hour or by two, that never change, and far from UTC both ways.
ZONES = tuple(
    ZoneInfo(name)
    for name in (
        "Europe/Brussels", "America/New_York", "Asia/Beirut", "America/Havana", "America/Santiago", "America/Nuuk",
        "Australia/Lord_Howe", "Antarctica/Troll", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Niue", "UTC",
    )
)  # fmt: skip


def brussels(text: str) -> datetime:
    """The instant at which clocks in Brussels show this."""
    return datetime.fromisoformat(text).replace(tzinfo=BRUSSELS).astimezone(UTC)


def span(text: str) -> Span:
    """``09:00-12:30``; what ends before it begins ends on the next day."""
    opens, closes = (timedelta(hours=int(part[:2]), minutes=int(part[3:])) for part in text.split("-"))
    return Span(opens=opens, closes=closes if closes > opens else closes + timedelta(days=1))


def office(*spans: str, holidays: tuple[str, ...] = (), **own_days: str) -> Week:
    """The same spans from Monday to Friday; ``d20261224="09:00-12:00"`` is a day of its own, "" a closed one."""
    weekday = tuple(span(one) for one in spans)
    return Week(
        days=(weekday,) * 5 + ((),) * 2,
        own_days={
            date.fromisoformat(day[1:]): tuple(span(one) for one in text.split()) for day, text in own_days.items()
        },
        holidays=holidays,
    )


_MINUTE = timedelta(minutes=1)
_MINUTES = st.integers(0, 24 * 60 - 1).map(lambda minutes: timedelta(minutes=minutes))
SPANS = st.lists(
    st.builds(
        lambda opens, length: Span(opens=opens, closes=opens + length),
        _MINUTES,
        _MINUTES.map(lambda length: length + timedelta(minutes=1)),
    ),
    max_size=3,
).map(tuple)
WEEKS = st.builds(
    Week,
    days=st.tuples(*[SPANS] * 7),
    own_days=st.dictionaries(st.dates(date(2026, 10, 20), date(2026, 11, 30)), SPANS, max_size=5),
    holidays=st.sampled_from([(), ("BE",), ("BE", "DE-BY")]),
)
POLICIES = st.builds(
    lambda week, zone, stagger, grace, outside: Policy(
        grace=grace,
        hours=CallingHours(week=week, clocks=Clocks(company=zone), stagger=stagger, outside=outside),
    ),
    WEEKS,
    st.sampled_from(ZONES),
    st.integers(0, 90).map(lambda minutes: minutes * _MINUTE),
    st.integers(0, 600).map(lambda minutes: minutes * _MINUTE),
    st.sampled_from(Outside),
)
TIMES = st.integers(0, 4 * 24 * 60).map(lambda minutes: brussels("2026-10-24 00:00") + minutes * _MINUTE)
