"""How fast requests may leave: evenly, so many a second, by a clock that is never set."""

from __future__ import annotations

from dataclasses import dataclass, replace

_LATE = 0.1  # seconds: what a queue is late by at most is caught up with; who was idle for longer starts anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """One request each ``1 / a_second`` s; 0 is no limit. Times are the boot clock's, in seconds."""

    a_second: int
    next_at: float = 0.0  # when the next one may leave

    def room(self, now: float, most: int) -> int:
        """How many may leave at ``now``, of ``most``."""
        if not self.a_second:
            return most
        # The least of a rounding error must not cost a turn.
        due = int((now - self._start(now)) * self.a_second + 1e-6) + 1
        return max(0, min(most, due)) if self.wait(now) <= 0 else 0

    def wait(self, now: float) -> float:
        """Seconds until the next one may leave; 0 where it may."""
        return max(0.0, self.next_at - now) if self.a_second else 0.0

    def taken(self, now: float) -> Pace:
        """The pace after one that left at ``now``."""
        return replace(self, next_at=self._start(now) + 1 / self.a_second) if self.a_second else self

    def _start(self, now: float) -> float:
        return self.next_at if now - self.next_at <= _LATE else now
