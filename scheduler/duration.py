"""Durations as people write them in the configuration and in events: ``90 s``, ``5 min``, ``1 h 30 min``."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_SPELLINGS = {
    "ms": "ms",
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("h", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
}
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*([a-z]+)\s*")


_LONGEST = timedelta(days=3650)


def parse_duration(text: str) -> timedelta:
    """Read ``5 min`` or ``1 h 30 min``; at most ten years.

    :raises ValueError: not a duration; a bare number has no unit and is refused as well.
    """
    rest = text.strip().lower()
    seconds = 0.0
    position = 0
    while position < len(rest):
        part = _PART.match(rest, position)
        if part is None or part[2] not in _SPELLINGS:
            raise _not_a_duration(text)
        seconds += float(part[1]) * _UNITS[_SPELLINGS[part[2]]].total_seconds()
        position = part.end()
    if not rest or seconds > _LONGEST.total_seconds():
        raise _not_a_duration(text)
    return timedelta(seconds=seconds)


def _not_a_duration(text: str) -> ValueError:
    return ValueError(f"{text!r} is not a duration: write a number and a unit, as in '90 s', '5 min', '1 h'")


def spell_duration(length: timedelta) -> str:
    """``4 min 12 s``: the two largest units that aren't zero, rounded to whole seconds."""
    seconds = round(length.total_seconds())
    left = abs(seconds)
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return ("-" if seconds < 0 else "") + (" ".join(parts[:2]) or "0 s")
