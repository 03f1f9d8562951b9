"""Where ical.js 2.2.1 says something else than RFC 5545: each with a rule that shows it.

Only rules of exactly these shapes are left out of the comparison; the rest of what is compared is as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from tests.calendars.rules import parts_of

Parts = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A shape of rule, and an example: its start and the two times after it that the RFC means."""

    name: str
    why: str  # what RFC 5545, 3.3.10, says
    concerns: Callable[[Parts], bool]
    only_from_day: int = 1  # of the month of the start
    start: str
    rule: str
    means: tuple[str, ...]


def _numbered(parts: Parts) -> bool:
    return any(letter.isdigit() for letter in parts.get("BYDAY", ""))


def _has_clock(parts: Parts) -> bool:
    return bool(parts.keys() & {"BYHOUR", "BYMINUTE", "BYSECOND"})


def _has_rare_day(parts: Parts) -> bool:
    return any(abs(int(day)) > 28 for day in parts.get("BYMONTHDAY", "0").split(","))


DIFFERENCES = (
    Difference(
        name="weeks of the year are not built",
        why="BYWEEKNO expands a YEARLY rule (the table)",
        concerns=lambda parts: "BYWEEKNO" in parts,
        start="20270517T090000",
        rule="FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
        means=("2028-05-15T09:00:00", "2029-05-14T09:00:00"),
    ),
    Difference(
        name="positions are looked at in months with BYDAY alone",
        why="BYSETPOS goes with any FREQ and any other BY part",
        concerns=lambda parts: (
            "BYSETPOS" in parts
            and (parts["FREQ"] != "MONTHLY" or "BYDAY" not in parts or "BYMONTHDAY" in parts or _has_clock(parts))
        ),
        start="20270108T090000",
        rule="FREQ=WEEKLY;BYDAY=MO,FR;BYSETPOS=-1",
        means=("2027-01-15T09:00:00", "2027-01-22T09:00:00"),
    ),
    Difference(
        name="the position of a numbered weekday is missed where the month begins with it",
        why="BYSETPOS picks from all that the other parts mean in a month",
        concerns=lambda parts: parts["FREQ"] == "MONTHLY" and "BYSETPOS" in parts and _numbered(parts),
        start="20250804T090000",
        rule="FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=-1",
        means=("2025-09-01T09:00:00", "2025-10-06T09:00:00"),
    ),
    Difference(
        name="days from the end of the month never limit",
        why='"-10 represents the tenth to the last day of the month", with DAILY and HOURLY too',
        concerns=lambda parts: parts["FREQ"] in ("DAILY", "HOURLY") and "-" in parts.get("BYMONTHDAY", ""),
        start="20270115T090000",
        rule="FREQ=DAILY;BYMONTHDAY=15,-1",
        means=("2027-01-31T09:00:00", "2027-02-15T09:00:00"),
    ),
    Difference(
        name="days from the end of the month are those of one month",
        why='"-10 represents the tenth to the last day of the month", of each month',
        concerns=lambda parts: parts["FREQ"] == "YEARLY" and "-" in parts.get("BYMONTHDAY", ""),
        start="20261024T090000",
        rule="FREQ=YEARLY;BYMONTH=6,10;BYMONTHDAY=-8",
        means=("2027-06-23T09:00:00", "2027-10-24T09:00:00"),
    ),
    Difference(
        name="a day that a month doesn't have is the next month's",
        why='"invalid dates (e.g., February 30) MUST be ignored"',
        concerns=lambda parts: parts["FREQ"] == "YEARLY" and "BYMONTH" in parts and "BYDAY" not in parts,
        only_from_day=29,
        start="20270930T090000",
        rule="FREQ=YEARLY;BYMONTH=2,9",
        means=("2028-09-30T09:00:00", "2029-09-30T09:00:00"),
    ),
    Difference(
        name="days of the month are those of the month of the start",
        why="BYMONTHDAY expands a YEARLY rule, as BYDAY does: without BYMONTH in every month",
        concerns=lambda parts: parts["FREQ"] == "YEARLY" and "BYMONTHDAY" in parts and "BYMONTH" not in parts,
        start="20270115T090000",
        rule="FREQ=YEARLY;BYMONTHDAY=15",
        means=("2027-02-15T09:00:00", "2027-03-15T09:00:00"),
    ),
    Difference(
        name="a tenth weekday of the year is read as a zeroth",
        why="an ordinal of BYDAY has one or two digits (weekdaynum)",
        concerns=lambda parts: (
            parts["FREQ"] == "YEARLY" and "BYMONTH" not in parts and any(map(str.isdigit, parts.get("BYDAY", "")))
        ),
        start="20270517T090000",
        rule="FREQ=YEARLY;BYDAY=20MO",
        means=("2028-05-15T09:00:00", "2029-05-14T09:00:00"),
    ),
    Difference(
        name="days of the year go with nothing else",
        why="BYYEARDAY expands or limits beside BYMONTH, BYMONTHDAY and numbered BYDAY",
        concerns=lambda parts: (
            "BYYEARDAY" in parts and (bool(parts.keys() & {"BYMONTH", "BYMONTHDAY"}) or _numbered(parts))
        ),
        start="20270101T090000",
        rule="FREQ=YEARLY;BYYEARDAY=1,-1;BYMONTH=1",
        means=("2028-01-01T09:00:00", "2029-01-01T09:00:00"),
    ),
    Difference(
        name="hours of the day aren't kept in step with the interval",
        why="BYHOUR limits an HOURLY rule",
        concerns=lambda parts: parts["FREQ"] == "HOURLY" and "BYHOUR" in parts,
        start="20270115T040000",
        rule="FREQ=HOURLY;INTERVAL=4;BYHOUR=2,4",
        means=("2027-01-16T04:00:00", "2027-01-17T04:00:00"),
    ),
    Difference(
        name="months are stepped through and not limited",
        why="BYMONTH limits a MONTHLY rule",
        concerns=lambda parts: parts["FREQ"] == "MONTHLY" and "BYMONTH" in parts,
        start="20270115T090000",
        rule="FREQ=MONTHLY;INTERVAL=4;BYMONTH=1,3",
        means=("2028-01-15T09:00:00", "2029-01-15T09:00:00"),
    ),
    Difference(
        name="only one time of a day of the year counts",
        why="BYHOUR, BYMINUTE and BYSECOND expand a YEARLY rule",
        concerns=lambda parts: parts["FREQ"] == "YEARLY" and _has_clock(parts),
        start="20270115T090000",
        rule="FREQ=YEARLY;BYHOUR=9,15",
        means=("2027-01-15T15:00:00", "2028-01-15T09:00:00"),
    ),
    Difference(
        name="times of day also come on the first of the month",
        why="BYDAY, BYMONTHDAY and BYHOUR expand a MONTHLY rule, which leaves out a month without such a day",
        concerns=lambda parts: (
            parts["FREQ"] == "MONTHLY" and _has_clock(parts) and ("BYDAY" in parts or _has_rare_day(parts))
        ),
        start="20270108T090000",
        rule="FREQ=MONTHLY;BYDAY=2FR;BYHOUR=9,15",
        means=("2027-01-08T15:00:00", "2027-02-12T09:00:00"),
    ),
    Difference(
        name="times of day also come on the first of a month without the day of the start",
        why='"invalid dates (e.g., February 30) MUST be ignored"',
        concerns=lambda parts: parts["FREQ"] == "MONTHLY" and _has_clock(parts) and "BYMONTHDAY" not in parts,
        only_from_day=29,
        start="20270129T000100",
        rule="FREQ=MONTHLY;BYMINUTE=0,1",
        means=("2027-03-29T00:00:00", "2027-03-29T00:01:00"),
    ),
    Difference(
        name="numbered weekdays are those of the year beside days of the month",
        why="an ordinal counts within the month where BYMONTH is present",
        concerns=lambda parts: parts["FREQ"] == "YEARLY" and "BYMONTHDAY" in parts and _numbered(parts),
        start="20270113T090000",
        rule="FREQ=YEARLY;BYMONTH=1,9,10;BYMONTHDAY=13;BYDAY=2WE",
        means=("2027-10-13T09:00:00", "2028-09-13T09:00:00"),
    ),
    Difference(
        name="numbered weekdays are an error beside days from the end of the month",
        why="BYDAY limits a MONTHLY rule where BYMONTHDAY is present (note 1)",
        concerns=lambda parts: (
            parts["FREQ"] == "MONTHLY" and "-" in parts.get("BYMONTHDAY", "") and _numbered(parts)
        ),
        start="20270330T090000",
        rule="FREQ=MONTHLY;BYMONTHDAY=-1,-2,-3;BYDAY=-1TU",
        means=("2027-06-29T09:00:00", "2027-08-31T09:00:00"),
    ),
)


def in_order(rule: str) -> str:
    """The rule with its numbers in order, as ical.js takes times of day in the order in which they stand."""
    parts = [(name, values.split(",")) for name, values in parts_of(rule).items()]
    return ";".join(f"{name}={','.join(_sorted(values))}" for name, values in parts)


def _sorted(values: list[str]) -> list[str]:
    return sorted(values, key=int) if all(value.lstrip("-").isdigit() for value in values) else values


def is_known(rule: str, first: date) -> bool:
    """Whether ical.js is known to expand a rule of this shape wrongly."""
    parts = parts_of(rule)
    return any(first.day >= known.only_from_day and known.concerns(parts) for known in DIFFERENCES)
