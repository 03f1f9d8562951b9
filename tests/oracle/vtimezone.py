"""A VTIMEZONE with every change of a zone of the tz database within some years."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

_START, _END = datetime(2021, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


@cache
def vtimezone(name: str, tzid: str, *, winter_is_daylight: bool = False) -> tuple[str, ...]:
    """The lines of a definition of ``name`` that is called ``tzid``.

    :param winter_is_daylight: as the tz database has it for Dublin and Casablanca.
    """
    zone = ZoneInfo(name)
    parts = [part for at in (_START, *_changes(zone)) for part in _observance(zone, at, winter_is_daylight)]
    return ("BEGIN:VTIMEZONE", f"TZID:{tzid}", *parts, "END:VTIMEZONE")


def _changes(zone: ZoneInfo) -> Iterator[datetime]:
    """The instants at which the zone's offset changes."""
    for number in range((_END - _START).days):
        low, high = _START + number * _DAY, _START + (number + 1) * _DAY
        if _offset(zone, low) != _offset(zone, high):
            while high - low > _MINUTE:
                middle = low + (high - low) // 2 // _MINUTE * _MINUTE
                low, high = (low, middle) if _offset(zone, middle) != _offset(zone, low) else (middle, high)
            yield high


def _observance(zone: ZoneInfo, at: datetime, winter_is_daylight: bool) -> tuple[str, ...]:
    before, after = _offset(zone, at - _MINUTE), _offset(zone, at)
    kind = "DAYLIGHT" if (after > before) != winter_is_daylight else "STANDARD"
    return (
        f"BEGIN:{kind}",
        f"DTSTART:{at + before:%Y%m%dT%H%M%S}",
        f"TZOFFSETFROM:{_written(before)}",
        f"TZOFFSETTO:{_written(after)}",
        f"END:{kind}",
    )


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


def _written(offset: timedelta) -> str:
    minutes = abs(offset) // _MINUTE
    return f"{'-' if offset < timedelta(0) else '+'}{minutes // 60:02}{minutes % 60:02}"
