"""Recurrence: the wall times that a rule means within a window (RFC 5545, 3.3.10).

dateutil can neither begin anywhere but at DTSTART nor be stopped while a rule matches nothing (it searches
up to the year 9999), and BYDAY=MO,3SA means nothing to it. Here only the window's periods are looked at, or
all since DTSTART where COUNT counts them, so what a rule costs is known beforehand.

A period is a year, a month, a week, a day or an hour, by FREQ, and is known by its number. Wall times are
naive: a series keeps its wall time over the summer, and the zone comes in afterwards.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import chain, islice, product, takewhile

from scheduler.calendars.rule import Rule

# Week 1 of the year 10000, which no datetime can hold, begins in 9999.
_LAST = datetime.combine(date(9998, 12, 31), time())
_DAYS_OF_A_YEAR = frozenset({"BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY"})


def walls(rule: Rule, first: datetime, low: datetime, high: datetime) -> Iterator[datetime]:
    """The wall times of a series from ``low`` to ``high``, in order; the caller has brought ``high`` below
    UNTIL.

    ``first`` (DTSTART) is always an instance and counts, in step with the rule or not.
    """
    full = _completed(rule, first)
    begin = first if full.count else max(first, low)
    matching = chain.from_iterable(_picked(full, period) for period in _periods(full, first, begin, high))
    series = islice(chain([first], (wall for wall in matching if wall > first)), full.count)
    return (wall for wall in takewhile(lambda wall: wall <= high, series) if wall >= low)


def _completed(rule: Rule, first: datetime) -> Rule:
    """The rule with what it leaves to DTSTART: the time of day, and the day where nothing says which."""
    by = {"BYMINUTE": (first.minute,), "BYSECOND": (first.second,), **rule.by}
    weekdays = rule.weekdays
    if rule.frequency != "HOURLY":
        by.setdefault("BYHOUR", (first.hour,))
    if not weekdays and not by.keys() & {"BYMONTHDAY", "BYYEARDAY"}:
        if rule.frequency == "WEEKLY" or "BYWEEKNO" in by:
            weekdays = ((0, first.weekday()),)
        elif rule.frequency in ("YEARLY", "MONTHLY"):
            by["BYMONTHDAY"] = (first.day,)
    if rule.frequency == "YEARLY" and not rule.weekdays and rule.by.keys().isdisjoint(_DAYS_OF_A_YEAR):
        by["BYMONTH"] = (first.month,)
    return replace(rule, by=by, weekdays=weekdays)


def _periods(rule: Rule, first: datetime, begin: datetime, high: datetime) -> range:
    """The periods that may have instances from ``begin`` to ``high``: one more on either side, as week 1 may
    begin in the year before.
    """
    origin = _period(rule, first)
    skipped = max((_period(rule, begin) - origin) // rule.interval - 1, 0)
    return range(origin + skipped * rule.interval, _period(rule, min(high, _LAST)) + 2, rule.interval)


def _period(rule: Rule, wall: datetime) -> int:
    """The number of the period that a wall time lies in."""
    if rule.frequency == "YEARLY":
        return wall.year
    if rule.frequency == "MONTHLY":
        return wall.year * 12 + wall.month - 1
    if rule.frequency == "WEEKLY":
        return (wall.toordinal() - 1 - rule.week_start) // 7  # day 1 was a Monday
    return wall.toordinal() if rule.frequency == "DAILY" else wall.toordinal() * 24 + wall.hour


def _picked(rule: Rule, period: int) -> list[datetime]:
    """What the rule means in one period, in order."""
    days = [day for day in _days(rule, period) if _matches(rule, day)]
    times = _times(rule, period) if days else ()
    found = [datetime.combine(day, clock) for day, clock in product(days, times)]
    if "BYSETPOS" not in rule.by:
        return found
    size = len(found)
    indexes = {position - 1 if position > 0 else size + position for position in rule.by["BYSETPOS"]}
    return [found[index] for index in sorted(indexes) if 0 <= index < size]


def _times(rule: Rule, period: int) -> list[time]:
    hours = rule.by.get("BYHOUR", ())
    if rule.frequency == "HOURLY":
        hours = (period % 24,) if not hours or period % 24 in hours else ()
    return [time(*clock) for clock in product(hours, rule.by["BYMINUTE"], rule.by["BYSECOND"])]


def _days(rule: Rule, period: int) -> list[date]:
    """The days of a period; of a year only those of the weeks or months that the rule names."""
    if rule.frequency == "YEARLY":
        if "BYWEEKNO" in rule.by:
            return _weeks(rule, period)
        return [day for month in rule.by.get("BYMONTH", range(1, 13)) for day in _month(period, month)]
    if rule.frequency == "MONTHLY":
        return _month(period // 12, period % 12 + 1)
    if rule.frequency == "WEEKLY":
        return _week(date.fromordinal(period * 7 + 1 + rule.week_start))
    return [date.fromordinal(period if rule.frequency == "DAILY" else period // 24)]


def _weeks(rule: Rule, year: int) -> list[date]:
    """The days of the weeks of BYWEEKNO, some of which may lie in the years beside."""
    first = _first_week(year, rule.week_start)
    size = (_first_week(year + 1, rule.week_start) - first).days // 7
    numbers = {number if number > 0 else size + 1 + number for number in rule.by["BYWEEKNO"]}
    starts = [first + timedelta(weeks=number - 1) for number in sorted(numbers) if 1 <= number <= size]
    return [day for start in starts for day in _week(start)]


def _first_week(year: int, week_start: int) -> date:
    """The start of week 1: the first with four days in the year, hence the one with 4 January."""
    fourth = date(year, 1, 4)
    return fourth - timedelta(days=(fourth.weekday() - week_start) % 7)


def _week(start: date) -> list[date]:
    return [start + timedelta(days=number) for number in range(7)]


def _month(year: int, month: int) -> list[date]:
    return [date(year, month, day) for day in range(1, _month_length(date(year, month, 1)) + 1)]


def _matches(rule: Rule, day: date) -> bool:
    """Whether a day is what every BY part says. Where the RFC's table has a part expand and not limit,
    all days of the period were there to begin with, so it comes to the same.
    """
    if rule.weekdays and not any(_is_weekday(rule, day, which) for which in rule.weekdays):
        return False
    by = rule.by
    if "BYMONTH" in by and day.month not in by["BYMONTH"]:
        return False
    if "BYMONTHDAY" in by and not _is_numbered(day.day, _month_length(day), by["BYMONTHDAY"]):
        return False
    return "BYYEARDAY" not in by or _is_numbered(_year_day(day), _year_length(day), by["BYYEARDAY"])


def _is_numbered(number: int, size: int, wanted: tuple[int, ...]) -> bool:
    """Whether one of ``size`` is wanted, by its number from the start or from the end (-1 is the last)."""
    return number in wanted or number - size - 1 in wanted


def _is_weekday(rule: Rule, day: date, which: tuple[int, int]) -> bool:
    """Whether a day is what one of BYDAY says: MO is every Monday, -1MO the last of the month or year."""
    number, weekday = which
    if day.weekday() != weekday:
        return False
    if number == 0 or rule.frequency not in ("YEARLY", "MONTHLY") or "BYWEEKNO" in rule.by:
        return True
    in_months = rule.frequency == "MONTHLY" or "BYMONTH" in rule.by
    place = day.day if in_months else _year_day(day)
    size = _month_length(day) if in_months else _year_length(day)
    return number == (place - 1) // 7 + 1 or number == -((size - place) // 7 + 1)


def _month_length(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _year_day(day: date) -> int:
    return day.timetuple().tm_yday


def _year_length(day: date) -> int:
    return 365 + isleap(day.year)
