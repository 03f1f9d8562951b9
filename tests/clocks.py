"""A clock that the test sets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class SetClock:
    """Stands still until it is moved; ``boot_seconds`` goes along unless the wall clock alone is stepped."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now
        self._boot = 1_000.0

    def now(self) -> datetime:
        return self._now

    def boot_seconds(self) -> float:
        return self._boot

    def advance(self, length: timedelta) -> None:
        self._now += length
        self._boot += length.total_seconds()
