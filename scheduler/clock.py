"""The only reader of the clocks. Everything else gets ``now`` as an argument."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the duties ask the time of; tests hand in one that they set."""

    def now(self) -> datetime:
        """The wall clock: aware, UTC."""

    def boot_seconds(self) -> float:
        """Seconds since the machine started, a suspend included; never steps back."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def boot_seconds(self) -> float:
        # Not time.monotonic(): that one stands still while the machine is suspended.
        return time.clock_gettime(time.CLOCK_BOOTTIME)
