"""The company's own limits: how many calls go on at once, and how fast requests leave to the provider.

They decide as calls are claimed, in the ledger's one writer thread, so that no intention is recorded for what
can't leave at once; what they keep back stays planned.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

from scheduler.calls.pace import Pace
from scheduler.calls.policy import Policy
from scheduler.clock import Clock
from scheduler.database import Connection
from scheduler.ledger.holds import count_going_on

_LOOK_AGAIN = timedelta(seconds=1)  # where all lines are taken; the end of a call wakes the timetable before


class Limiter:
    """Fulfils :class:`scheduler.ledger.store.Room`; ``policy`` may be replaced."""

    def __init__(self, clock: Clock, policy: Policy) -> None:
        self.policy = policy
        self._clock = clock
        self._pace = Pace(a_second=policy.limits.requests_per_second)
        self._full = False

    def room(self, connection: Connection, now: datetime, most: int) -> int:
        """How many calls may be claimed, of ``most``."""
        free = self._lines_free(connection, now, most)
        self._full = free == 0
        return self._current_pace().room(self._clock.boot_seconds(), free)

    def opens_at(self) -> datetime | None:
        """When there may be room again; None where there is."""
        wait = timedelta(seconds=self.wait())
        if self._full:
            wait = max(wait, _LOOK_AGAIN)
        return self._clock.now() + wait if wait else None

    def reason(self) -> str:
        """What keeps calls back."""
        limits = self.policy.limits
        if self._full:
            return f"{limits.calls_at_once} calls are going on, and no more may (calling.calls_at_once)"
        return f"others leave first, {limits.requests_per_second} a second (calling.requests_per_second)"

    def wait(self) -> float:
        """Seconds until a request may leave; 0 where one may."""
        return self._current_pace().wait(self._clock.boot_seconds())

    def waits(self, count: int) -> list[timedelta]:
        """How long until a first, second, … of ``count`` requests may leave, one after the other."""
        now = self._clock.boot_seconds()
        return [timedelta(seconds=pace.wait(now)) for pace in self._paces(now, count)[:count]]

    def take(self, count: int) -> None:
        """So many requests leave."""
        self._pace = self._paces(self._clock.boot_seconds(), count)[-1]

    def _paces(self, now: float, count: int) -> list[Pace]:
        """The pace now, and after each of so many requests."""
        after = itertools.repeat(now, count)
        return list(itertools.accumulate(after, Pace.taken, initial=self._current_pace()))

    def _current_pace(self) -> Pace:
        return replace(self._pace, a_second=self.policy.limits.requests_per_second)

    def _lines_free(self, connection: Connection, now: datetime, most: int) -> int:
        lines = self.policy.limits.calls_at_once
        if not lines:
            return most
        going_on = count_going_on(connection, now - self.policy.origin_hold, lines)
        return max(0, min(most, lines - going_on))
