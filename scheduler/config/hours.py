"""How the file writes calling hours: ``mon-fri 09:00-12:30 13:30-18:00``, ``2026-12-24 09:00-12:00``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, TypeVar

from pydantic import AfterValidator, PlainValidator

from scheduler.calls.public_holidays import check_holidays
from scheduler.calls.week import Span

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY = re.compile("({0})(?:-({0}))?".format("|".join(_WEEKDAYS)))
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_DATES = re.compile(r"(\d{4}-\d\d-\d\d)(?:\.\.(\d{4}-\d\d-\d\d))?")
_DAY = timedelta(days=1)
_MOST_DAYS = 366
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekdayHours:
    """One line of a week: the same spans on some weekdays, Monday being 0."""

    weekdays: tuple[int, ...]
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDays:
    """Days that differ from their weekday; without spans they are closed."""

    days: tuple[date, ...]
    spans: tuple[Span, ...]


def read_weekday_hours(text: str) -> WeekdayHours:
    """:raises ValueError: it isn't weekdays with times behind them."""
    words = text.lower().replace(",", " ").split()
    weekdays = tuple(_leading(words, _read_weekdays))
    spans = tuple(_leading(words, _read_span))
    if words or not (weekdays and spans):
        raise ValueError(f"{text!r}: write weekdays and times, as in 'mon-fri 09:00-12:30 13:30-18:00'")
    return WeekdayHours(weekdays=tuple(day for days in weekdays for day in days), spans=spans)


def read_own_days(text: str) -> OwnDays:
    """:raises ValueError: it isn't dates with times, or ``closed``, behind them."""
    words = text.lower().replace(",", " ").split()
    days = tuple(_leading(words, _read_dates))
    closed = words == ["closed"]
    spans = () if closed else tuple(_leading(words, _read_span))
    if not days or not (closed or (spans and not words)):
        raise ValueError(
            f"{text!r}: write dates, and times or closed, as in '2026-12-24 09:00-12:00' or"
            " '2026-12-28..2027-01-03 closed'"
        )
    return OwnDays(days=tuple(day for dates in days for day in dates), spans=spans)


def read_holidays(place: str) -> str:
    """:raises ValueError: no public holidays are known of it."""
    check_holidays(place.upper())
    return place.upper()


def _leading(words: list[str], read: Callable[[str], T | None]) -> Iterator[T]:
    """What the first words mean, taken off the list, until one means nothing."""
    while words and (meant := read(words[0])) is not None:
        del words[0]
        yield meant


def _read_weekdays(word: str) -> tuple[int, ...] | None:
    match = _WEEKDAY.fullmatch(word)
    if match is None:
        return None
    first, last = _WEEKDAYS.index(match[1]), _WEEKDAYS.index(match[2] or match[1])
    return tuple((first + n) % 7 for n in range((last - first) % 7 + 1))


def _read_span(word: str) -> Span | None:
    """What ends before it begins ends on the next day."""
    match = _SPAN.fullmatch(word)
    if match is None:
        return None
    opens, closes = (timedelta(hours=int(match[n]), minutes=int(match[n + 1])) for n in (1, 3))
    if opens == closes or closes > _DAY:
        raise ValueError(f"{word!r} is no time of a day: the whole day is 00:00-24:00")
    return Span(opens=opens, closes=closes if closes > opens else closes + _DAY)


def _read_dates(word: str) -> tuple[date, ...] | None:
    match = _DATES.fullmatch(word)
    if match is None:
        return None
    try:
        first, last = date.fromisoformat(match[1]), date.fromisoformat(match[2] or match[1])
    except ValueError:
        raise ValueError(f"{word!r}: there is no such date") from None
    count = (last - first).days + 1
    if not 1 <= count <= _MOST_DAYS:
        raise ValueError(f"{word!r}: the last date comes before the first, or more than a year after it")
    return tuple(first + n * _DAY for n in range(count))


def _text_only(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("write it as text, in quotation marks")
    return value


Windows = Annotated[WeekdayHours, PlainValidator(lambda value: read_weekday_hours(_text_only(value)))]
Days = Annotated[OwnDays, PlainValidator(lambda value: read_own_days(_text_only(value)))]
Holidays = Annotated[str, AfterValidator(read_holidays)]
