"""A clock that the test sets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from scheduler.clock import Reading, Sync

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class SetClock:
    """Stands still until it is moved; ``boot_seconds`` goes along unless the wall clock alone is stepped."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = self._start = now
        self._boot = 1_000.0
        self._asleep = 0.0
        self.synchronised = Sync.UNSYNCHRONISED
        self.boot = "first boot"

    def now(self) -> datetime:
        return self._now

    def true_now(self) -> datetime:
        """What a wall clock would show that nobody had ever stepped."""
        return self._start + timedelta(seconds=self._boot - 1_000.0)

    def boot_seconds(self) -> float:
        return self._boot

    def reading(self) -> Reading:
        return Reading(wall=self._now, boot=self._boot, monotonic=self._boot - self._asleep)

    def sync(self) -> Sync:
        return self.synchronised

    def boot_id(self) -> str:
        return self.boot

    def reboot(self, now: datetime) -> None:
        """The machine starts anew, with what its wall clock shows then."""
        self.boot = f"boot at {now}"
        self._now, self._boot, self._asleep = now, 5.0, 0.0

    def step(self, length: timedelta) -> None:
        """Set the wall clock alone, as a person or a time server does."""
        self._now += length

    def suspend(self, length: timedelta) -> None:
        """Time goes by, and the monotonic clock doesn't see it."""
        self.advance(length)
        self._asleep += length.total_seconds()

    def advance(self, length: timedelta) -> None:
        self._now += length
        self._boot += length.total_seconds()
