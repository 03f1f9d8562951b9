"""Recurrence rules (RFC 5545, 3.3.10): read into numbers, and refused where they mean nothing or too much."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import prod

from icalendar.prop import vRecur

from scheduler.calendars.written import WrittenTime, written_time

FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY")
_CLOCK_PARTS = {"BYHOUR": range(24), "BYMINUTE": range(60), "BYSECOND": range(60)}
_DAY_PARTS = {
    "BYMONTH": range(1, 13),
    "BYWEEKNO": range(1, 54),
    "BYYEARDAY": range(1, 367),
    "BYMONTHDAY": range(1, 32),
    "BYSETPOS": range(1, 367),
}
_COUNTED_FROM_THE_END = frozenset({"BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYSETPOS"})
_NUMBERED = {**_CLOCK_PARTS, **_DAY_PARTS}
_BY_PARTS = frozenset((*_NUMBERED, "BYDAY", "WKST"))
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WEEKDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_MONTH_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MOST_IN_A_DAY = 24
_OLDEST_YEAR = 1900
_HOURLY_YEARS = 10
_MOST_COUNTED = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An RRULE in numbers."""

    frequency: str
    interval: int = 1
    by: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # BYMONTH → (1, 7); never empty
    weekdays: tuple[tuple[int, int], ...] = ()  # BYDAY: (-1, 4) is the last Friday, (0, 4) every Friday
    week_start: int = 0  # WKST; Monday is 0
    until: WrittenTime | None = None
    count: int | None = None

    def without_clock(self) -> Rule:
        return replace(self, by={name: values for name, values in self.by.items() if name not in _CLOCK_PARTS})


def read_rule(recur: vRecur) -> Rule:
    """:raises ValueError: parts that we would have to guess at; the sentence is for people."""
    parts = {
        name.upper(): tuple(str(value).upper() for value in recur[name])
        for name in recur
        if name.upper() != "UNTIL"
    }
    frequency = "".join(parts.pop("FREQ", ()))
    interval, count = _number(parts, "INTERVAL"), _number(parts, "COUNT")
    if parts.pop("RSCALE", ("GREGORIAN",)) != ("GREGORIAN",) or parts.pop("SKIP", ("OMIT",)) != ("OMIT",):
        raise ValueError("it repeats by another calendar than the Gregorian, or skips days (RSCALE, SKIP)")
    if unknown := sorted(parts.keys() - _BY_PARTS):
        raise ValueError(f"it repeats by {', '.join(unknown)}, which isn't part of the standard")
    return Rule(
        frequency=frequency,
        interval=1 if interval is None else interval,
        by={name: _numbers(name, parts[name]) for name in _NUMBERED if name in parts},
        weekdays=tuple(_weekday(value) for value in parts.get("BYDAY", ())),
        week_start=_week_start(parts.get("WKST", ("MO",))),
        until=written_time(recur["UNTIL"][0]) if "UNTIL" in recur else None,
        count=count,
    )


def _number(parts: dict[str, tuple[str, ...]], name: str) -> int | None:
    values = parts.pop(name, None)
    if values is None:
        return None
    if len(values) != 1:
        raise ValueError(f"{name} isn't one number")
    return int(values[0])


def _numbers(name: str, values: tuple[str, ...]) -> tuple[int, ...]:
    """A BY part's numbers, in order and once each."""
    numbers = sorted({int(value) for value in values})
    positive = [abs(number) for number in numbers] if name in _COUNTED_FROM_THE_END else numbers
    if not numbers or not all(number in _NUMBERED[name] for number in positive):
        raise ValueError(f"{name}={','.join(values)} isn't possible")
    return tuple(numbers)


def _weekday(value: str) -> tuple[int, int]:
    match = _WEEKDAY.fullmatch(value)
    if match is None or (match[1] and not 1 <= abs(int(match[1])) <= 53):
        raise ValueError(f"BYDAY={value} isn't possible")
    return int(match[1] or 0), _WEEKDAYS.index(match[2])


def _week_start(values: tuple[str, ...]) -> int:
    if len(values) != 1 or values[0] not in _WEEKDAYS:
        raise ValueError(f"WKST={','.join(values)} isn't a day of the week")
    return _WEEKDAYS.index(values[0])


def refusal(rule: Rule, first: datetime, last: datetime) -> str:
    """Why a rule is never expanded up to ``last``, in words; "" where it may be.

    Looked at beforehand, so that what an expansion costs is known: a calendar is a stranger's.
    """
    if rule.frequency not in FREQUENCIES:
        return f"it repeats {rule.frequency or 'without saying how often'}: HOURLY is the most often allowed"
    if first.year < _OLDEST_YEAR:
        return f"it starts before {_OLDEST_YEAR}"
    if rule.frequency == "HOURLY" and last.year - first.year > _HOURLY_YEARS:
        return f"it has repeated every hour for more than {_HOURLY_YEARS} years: give it a later start"
    if not 1 <= rule.interval <= 99_999:
        return f"INTERVAL={rule.interval} isn't between 1 and 99999"
    if rule.count is not None and rule.count < 1:
        return f"COUNT={rule.count} isn't at least 1"
    return _too_often(rule, first, last) or _never(rule)


def _too_often(rule: Rule, first: datetime, last: datetime) -> str:
    times_a_day = prod(len(rule.by.get(part, (0,))) for part in _CLOCK_PARTS)
    if times_a_day > _MOST_IN_A_DAY:
        return f"it repeats more than {_MOST_IN_A_DAY} times a day"
    if rule.count is not None and (last - first).days * times_a_day > _MOST_COUNTED:
        return f"its COUNT may have to be counted over more than {_MOST_COUNTED} times: give it a later start"
    return ""


def _never(rule: Rule) -> str:
    if not _has_possible_day(rule):
        return "it repeats on a day that no month has"
    if rule.frequency != "YEARLY" and rule.by.keys() & {"BYYEARDAY", "BYWEEKNO"}:
        return "BYYEARDAY and BYWEEKNO go with FREQ=YEARLY only"
    if rule.frequency in ("DAILY", "HOURLY") and "BYSETPOS" in rule.by:
        return f"BYSETPOS doesn't go with FREQ={rule.frequency}"
    return ""


def _has_possible_day(rule: Rule) -> bool:
    longest = max(_MONTH_LENGTHS[month - 1] for month in rule.by.get("BYMONTH", range(1, 13)))
    return any(abs(day) <= longest for day in rule.by.get("BYMONTHDAY", (1,)))
