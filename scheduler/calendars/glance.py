"""A glance at an object's bytes: what certainly can't ring isn't parsed, and that is most of a calendar.

A parser takes most of the time that a calendar costs. Only what is written plainly is judged here; wherever
there is a doubt the answer is the one that lets it be read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scheduler.calendars.blocks import cut, decoded, unfolded, value_of
from scheduler.calendars.settings import Asks, CalendarRules, Company
from scheduler.calendars.wording import fold, rests_after
from scheduler.phone import looks_like_number

# How far a day as it is written may lie from the same day in UTC, whatever the zone.
_ZONES = timedelta(days=1)
_ASKING = (b"SUM", b"CAT", b"LOC", b"URL")
_START = re.compile(rb"\nDTSTART(?:;[^:\n]*)?:(\d{8})(?=[T\n])")
_UNTIL = re.compile(rb"\nRRULE(?:;[^:\n]*)?:[^\n]*\bUNTIL=(\d{8})")
_UID = re.compile(rb"\nUID(?:;[^:\n]*)?:([^\n]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Between which instants everything in an object starts; ``end`` is None where a series may go on."""

    start: datetime
    end: datetime | None

    def meets(self, start: datetime, end: datetime) -> bool:
        return self.start < end and (self.end is None or start < self.end)


def may_ask(data: bytes, rules: CalendarRules, company: Company) -> bool:
    """Whether an event of the object may ask for a call by DESIGN.md's rule 11; False is certain."""
    if rules.asks is Asks.ALL:
        return True
    lines = unfolded(data).split(b"\n")
    return any(_marks(decoded(line), rules, company) for line in lines if line[:3].upper() in _ASKING)


def uids_of(data: bytes) -> set[str]:
    """The UIDs that an object names, those of alarms among them."""
    return {decoded(uid).strip() for uid in _UID.findall(unfolded(data))}


def span_of(data: bytes) -> Span | None:
    """None where the bytes alone don't tell it."""
    text = b"".join(b"\n" + block.body for block in cut(unfolded(data)).events).upper()
    starts = _START.findall(text)
    unclear = any(word in text for word in (b"\nRDATE", b"\nEXRULE", b"THISANDFUTURE"))
    if unclear or not starts or len(starts) != text.count(b"\nDTSTART"):
        return None
    rules, untils = text.count(b"\nRRULE"), _UNTIL.findall(text)
    try:
        days = sorted(map(_day, (*starts, *untils)))
        ends = days[-1] + 2 * _ZONES if len(untils) == rules else None
        return Span(start=min(map(_day, starts)) - _ZONES, end=ends)
    except (ValueError, OverflowError):  # no such day, or the first or last that there is
        return None


def _day(digits: bytes) -> datetime:
    return datetime.strptime(digits.decode(), "%Y%m%d").replace(tzinfo=UTC)


def _marks(line: str, rules: CalendarRules, company: Company) -> bool:
    """Whether a line of the text may be what :func:`scheduler.calendars.asking.find_mark` looks for."""
    name, value = line[:3].upper(), value_of(line)
    if "ENCODING=" in line.upper():
        return True
    if name == "CAT":
        return any(fold(category) in fold(value.replace("\\", "")) for category in rules.categories)
    if name == "SUM":
        return "\\" in value[:100] or bool(rests_after(value, company.prefixes))
    return looks_like_number(value.replace("\\n", " ").replace("\\N", " ").replace("\\", ""))
