"""Recurrence rules (RFC 5545, 3.3.10): read, refused where expanding them would hang, turned into wall times.

dateutil's rrule is given naive wall times: a series keeps its wall time over the summer, so the zone
comes in afterwards, one instance at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice, takewhile
from math import prod

from dateutil.rrule import rrulestr
from icalendar.prop import vRecur

from scheduler.calendars.zone import WrittenTime, written_time

_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY")
_CLOCK_PARTS = ("BYHOUR", "BYMINUTE", "BYSECOND")
_DAY_PARTS = ("BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS", "WKST")
_BY_PARTS = frozenset((*_CLOCK_PARTS, *_DAY_PARTS))
_MONTH_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MOST_IN_A_DAY = 24
_OLDEST_YEAR = 1900
_HOURLY_YEARS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An RRULE, its limits apart: dateutil compares UNTIL in one type only and doesn't count DTSTART."""

    frequency: str
    interval: int = 1
    by: Mapping[str, tuple[str, ...]]  # BYDAY → ("MO", "TU"); WKST too
    until: WrittenTime | None = None
    count: int | None = None


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
        by=parts,
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


def refusal(rule: Rule, first: datetime, last: datetime) -> str:
    """Why a rule is never expanded, in words; "" where it may be.

    Looked at beforehand, as dateutil can't be stopped: a rule that never matches runs to the year 9999,
    and ``INTERVAL=0`` for ever.
    """
    if rule.frequency not in _FREQUENCIES:
        return f"it repeats {rule.frequency or 'without saying how often'}: HOURLY is the most often allowed"
    if first.year < _OLDEST_YEAR:
        return f"it starts before {_OLDEST_YEAR}"
    if rule.frequency == "HOURLY" and last.year - first.year > _HOURLY_YEARS:
        return f"it has repeated every hour for more than {_HOURLY_YEARS} years: give it a later start"
    if not 1 <= rule.interval <= 99_999:
        return f"INTERVAL={rule.interval} isn't between 1 and 99999"
    if rule.count is not None and rule.count < 1:
        return f"COUNT={rule.count} isn't at least 1"
    if _times_a_day(rule) > _MOST_IN_A_DAY:
        return f"it repeats more than {_MOST_IN_A_DAY} times a day"
    return _never(rule) or _invalid(rule, first)


def _never(rule: Rule) -> str:
    if not _has_possible_day(rule):
        return "it repeats on a day that no month has"
    if rule.frequency != "YEARLY" and rule.by.keys() & {"BYYEARDAY", "BYWEEKNO"}:
        return "BYYEARDAY and BYWEEKNO go with FREQ=YEARLY only"
    if rule.frequency in ("DAILY", "HOURLY") and "BYSETPOS" in rule.by:
        return f"BYSETPOS doesn't go with FREQ={rule.frequency}"
    return ""


def _invalid(rule: Rule, first: datetime) -> str:
    try:
        rrulestr(_text(rule), dtstart=first)
    except ValueError as error:
        return f"its rule can't be used ({error})"
    return ""


def _times_a_day(rule: Rule) -> int:
    return prod(len(rule.by.get(part, ("",))) for part in _CLOCK_PARTS)


def _has_possible_day(rule: Rule) -> bool:
    months = [int(month) for month in rule.by.get("BYMONTH", range(1, 13))]
    days = [abs(int(day)) for day in rule.by.get("BYMONTHDAY", (1,))]
    lengths = [_MONTH_LENGTHS[month - 1] for month in months if 1 <= month <= 12]
    return all(days) and any(day <= length for day in days for length in lengths)


def walls(rule: Rule, first: datetime, last: datetime) -> Iterator[datetime]:
    """The wall times of a series up to ``last``, which the caller has brought below UNTIL.

    ``first`` (DTSTART) is always an instance and counts, in step with the rule or not.
    """
    others = (wall for wall in rrulestr(_text(rule), dtstart=first) if wall != first)
    series = islice(chain([first], others), rule.count)
    return takewhile(lambda wall: wall <= last, series)


def _text(rule: Rule) -> str:
    by = "".join(f";{name}={','.join(values)}" for name, values in rule.by.items())
    return f"FREQ={rule.frequency};INTERVAL={rule.interval}{by}"
