"""When each calendar has its turn to be polled, and that it has one turn at a time."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Lock

_EPOCH = datetime.fromtimestamp(0, UTC)


def next_turn(name: str, every: timedelta, after: datetime) -> datetime:
    """The calendar's own moment of each interval: by their names, calendars are spread over it."""
    share = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])
    first = _EPOCH + every * share / 2**32
    return first + ((after - first) // every + 1) * every


class Turns:
    """Lets one fetch of a calendar go on at a time; whoever waits for that counts as busy too."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._waiting: Counter[str] = Counter()
        self._going_on: defaultdict[str, Lock] = defaultdict(Lock)

    def busy(self, name: str) -> bool:
        with self._guard:
            return self._waiting[name] > 0

    def queue(self, name: str) -> None:
        """To be followed by one :meth:`turn`."""
        with self._guard:
            self._waiting[name] += 1

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        with self._guard:
            going_on = self._going_on[name]
        try:
            with going_on:
                yield
        finally:
            with self._guard:
                self._waiting[name] -= 1
