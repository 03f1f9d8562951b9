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


def parse_duration(text: str) -> timedelta:
    """Read ``5 min`` or ``1 h 30 min``; at most ten years.

    :raises ValueError: not a duration; a bare number has no unit and is refused as well.
    """
    rest = text.strip().lower()
    total = timedelta()
    position = 0
    while position < len(rest):
        part = _PART.match(rest, position)
        unit = part and _SPELLINGS.get(part[2])
        if part is None or unit is None:
            raise ValueError(
                f"{text!r} is not a duration: write a number and a unit, as in '90 s', '5 min', '1 h'"
            )
        total += float(part[1]) * _UNITS[unit]
        position = part.end()
    if not rest or total > timedelta(days=3650):
        raise ValueError(
            f"{text!r} is not a duration: write a number and a unit, as in '90 s', '5 min', '1 h'"
        )
    return total


def spell_duration(length: timedelta) -> str:
    """``4 min 12 s``: the two largest units that aren't zero, rounded to whole seconds."""
    left = round(length.total_seconds())
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"
