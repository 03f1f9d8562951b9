"""A glance at an object's bytes: what certainly can't ring isn't parsed, and that is most of a calendar.

A parser takes most of the time that a calendar costs. Only what is written plainly is judged here; wherever
there is a doubt the answer is the one that lets it be read.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from scheduler.calendars.blocks import cut, decoded, unfolded, value_of
from scheduler.calendars.settings import Asks, CalendarRules, Company
from scheduler.calendars.wording import fold, rests_after
from scheduler.phone import looks_like_number

# How far a day as it is written may lie from the same day in UTC, whatever the zone.
_ZONES = timedelta(days=1)
_TELLING = re.compile(rb"\n((?:SUMMARY|CATEGORIES|LOCATION|URL|UID)[^\n]*)", re.IGNORECASE)
_START = re.compile(rb"\nDTSTART(?:;[^:\n]*)?:(\d{8})(?=[T\n])")
_UNTIL = re.compile(rb"\nRRULE(?:;[^:\n]*)?:[^\n]*\bUNTIL=(\d{8})")
_NUMBER = re.compile(r"(?:\D*\d){3}|.*tel:", re.IGNORECASE)  # the least that a number needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Between which instants everything in an object starts; ``end`` is None where a series may go on."""

    start: datetime
    end: datetime | None

    def meets(self, start: datetime, end: datetime) -> bool:
        return self.start < end and (self.end is None or start < self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """The lines of an object that tell whether it may ask for a call, of its alarms too, and its text."""

    text: bytes  # unfolded
    lines: tuple[str, ...]

    def names_any(self, uids: Container[str]) -> bool:
        """Whether its UID is among these."""
        return any(value_of(line) in uids for line in self.lines if line[:3].upper() == "UID")

    def may_ask(self, rules: CalendarRules, company: Company) -> bool:
        """Whether an event of it may ask for a call by rule 11; False is certain."""
        return rules.asks is Asks.ALL or any(_is_mark(line, rules, company) for line in self.lines)

    @property
    def span(self) -> Span | None:
        """None where the bytes alone don't tell it."""
        text = b"".join(b"\n" + block.body for block in cut(self.text).events).upper()
        starts, rules, untils = _START.findall(text), text.count(b"\nRRULE"), _UNTIL.findall(text)
        unclear = any(word in text for word in (b"\nRDATE", b"\nEXRULE", b"THISANDFUTURE"))
        if unclear or not starts or len(starts) != text.count(b"\nDTSTART"):
            return None
        try:
            last = max(map(_day, (*starts, *untils))) + 2 * _ZONES
            return Span(start=min(map(_day, starts)) - _ZONES, end=last if len(untils) == rules else None)
        except (ValueError, OverflowError):  # no such day, or the first or last that there is
            return None


def glance(data: bytes) -> Glance:
    text = unfolded(data)
    return Glance(text=text, lines=tuple(map(decoded, _TELLING.findall(text))))


def may_start_in(data: bytes, start: datetime, end: datetime) -> bool:
    """Whether anything of an object may start in [start, end); False is certain."""
    span = glance(data).span
    return span is None or span.meets(start, end)


def _day(digits: bytes) -> datetime:
    return datetime.fromisoformat(digits.decode()).replace(tzinfo=UTC)


def _is_mark(line: str, rules: CalendarRules, company: Company) -> bool:
    """Whether the line may be what :func:`scheduler.calendars.asking.find_mark` looks for."""
    name, value = line[:3].upper(), value_of(line)
    if "ENCODING=" in line.upper():
        return True
    if name == "SUM":
        return "\\" in value[:100] or _begins_with(value, company.prefixes)
    if name == "CAT":
        return any(fold(category) in fold(value.replace("\\", "")) for category in rules.categories)
    if name == "UID" or not _NUMBER.match(value):
        return False
    return looks_like_number(value.replace("\\n", " ").replace("\\N", " ").replace("\\", ""))


def _begins_with(title: str, prefixes: tuple[str, ...]) -> bool:
    # Hardly any title begins with such a letter, which is much faster to see.
    return fold(title).lstrip(" :-[](){}*~!").startswith(_first_words(prefixes)) and bool(
        rests_after(title, prefixes)
    )


@lru_cache(maxsize=64)
def _first_words(prefixes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple({fold(prefix).lstrip(" :-[](){}*~!").partition(" ")[0] for prefix in prefixes})
