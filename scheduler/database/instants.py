"""Instants as the databases hold them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


def write_instant(instant: datetime) -> str:
    """UTC, microseconds, fixed width: as text it sorts as time does, and people can read it."""
    # In UTC before it is looked up: of an hour that clocks show twice, both are equal in their own zone.
    return _instant_text(instant.astimezone(UTC))


# A burst of calls writes the same few instants ten times each.
@lru_cache(maxsize=1024)
def _instant_text(instant: datetime) -> str:
    # Not strftime, which writes the year 999 with three digits.
    return instant.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def read_instant(text: str) -> datetime:
    """What :func:`write_instant` wrote."""
    return datetime.fromisoformat(text)


def read_optional_instant(text: str | None) -> datetime | None:
    return None if text is None else read_instant(text)
