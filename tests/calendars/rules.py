"""Recurrence rules for tests: any text, and rules that the standard allows."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st
from icalendar.prop import vRecur

from scheduler.calendars.rule import Rule, read_rule

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY")
_MONTH_DAYS = [*range(1, 32), *range(-31, 0)]
_YEAR_DAYS = [*range(1, 367), *range(-366, 0)]
_WEEKS = [*range(1, 54), *range(-53, 0)]


def rule(text: str) -> Rule:
    return read_rule(vRecur.from_ical(text))


def parts_of(text: str) -> dict[str, str]:
    """``FREQ=DAILY;COUNT=3`` → {"FREQ": "DAILY", "COUNT": "3"}."""
    return dict(part.split("=", 1) for part in text.split(";"))


@st.composite
def rules(draw: st.DrawFn) -> str:
    """A rule without COUNT and UNTIL whose parts go with its FREQ (RFC 5545, 3.3.10, the table)."""
    frequency = draw(st.sampled_from(_FREQUENCIES))
    parts = [f"FREQ={frequency}", *_intervals(draw), *_days(draw, frequency), *_clocks(draw)]
    if frequency in ("YEARLY", "MONTHLY", "WEEKLY") and any(part.startswith("BY") for part in parts):
        parts += _maybe(draw, "BYSETPOS", [1, 2, 3, -1, -2], most=2, one_in=4)
    return ";".join(parts + _maybe(draw, "WKST", WEEKDAYS, most=1, one_in=3))


@st.composite
def any_rule_texts(draw: st.DrawFn) -> str:
    """Anything that looks like a rule, its numbers often beyond what is possible."""
    names = ["FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYSECOND", "BYMINUTE", "BYHOUR", "BYDAY", "BYSETPOS"]
    names += ["BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH"]
    words = st.sampled_from(
        [*_FREQUENCIES, "MINUTELY", "SECONDLY", *WEEKDAYS, "-1FR", "5MO", "99991231", "19000101"]
    )
    numbers = st.integers(-60, 60).map(str) | st.sampled_from(["0", "366", "-366", "99999", "100000", "20000"])
    values = st.lists(words | numbers, min_size=1, max_size=24).map(",".join)
    parts = draw(st.lists(st.tuples(st.sampled_from(names), values | words | numbers), max_size=5))
    likely = [f"FREQ={draw(st.sampled_from(_FREQUENCIES))}"] if draw(st.booleans()) else []
    return ";".join([*likely, *(f"{name}={value}" for name, value in parts)])


def _intervals(draw: st.DrawFn) -> list[str]:
    return [f"INTERVAL={draw(st.integers(2, 5))}"] if draw(st.booleans()) else []


def _days(draw: st.DrawFn, frequency: str) -> list[str]:
    parts = _maybe(draw, "BYMONTH", range(1, 13), one_in=3)
    if frequency == "YEARLY":
        parts += _maybe(draw, "BYWEEKNO", _WEEKS, one_in=6) or _maybe(draw, "BYYEARDAY", _YEAR_DAYS, one_in=5)
    if frequency != "WEEKLY":
        parts += _maybe(draw, "BYMONTHDAY", _MONTH_DAYS, one_in=4)
    if draw(st.integers(1, 3)) == 1:
        parts.append(f"BYDAY={draw(_weekdays(frequency, parts))}")
    return parts


def _weekdays(frequency: str, parts: list[str]) -> st.SearchStrategy[str]:
    """MO,FR or -1MO,FR where ordinals are allowed."""
    ordinals = [""]
    if frequency == "MONTHLY" or any(part.startswith("BYMONTH=") for part in parts):
        ordinals = ["", "1", "2", "3", "4", "5", "-1", "-2"]
    elif frequency == "YEARLY":
        ordinals = ["", "1", "9", "20", "53", "-1", "-30"]
    if frequency not in ("YEARLY", "MONTHLY") or any(part.startswith("BYWEEKNO") for part in parts):
        ordinals = [""]
    days = st.tuples(st.sampled_from(ordinals), st.sampled_from(WEEKDAYS)).map("".join)
    return st.lists(days, min_size=1, max_size=3, unique=True).map(",".join)


def _clocks(draw: st.DrawFn) -> list[str]:
    hours = _maybe(draw, "BYHOUR", range(24), one_in=5)
    minutes = _maybe(draw, "BYMINUTE", range(60), most=2, one_in=8)
    return hours + minutes + _maybe(draw, "BYSECOND", range(60), most=2, one_in=12)


def _maybe(
    draw: st.DrawFn, name: str, values: Sequence[int] | Sequence[str], *, most: int = 3, one_in: int
) -> list[str]:
    if draw(st.integers(1, one_in)) > 1:
        return []
    chosen = draw(st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True))
    return [f"{name}={','.join(map(str, chosen))}"]
