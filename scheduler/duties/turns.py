"""When each calendar has its turn to be fetched, and that it has one turn at a time."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Lock

from scheduler.duties.synced import SyncedCalendar
from scheduler.ledger.collections import Collection

_LONGEST_BACK_OFF = timedelta(minutes=10)
_FORBIDDEN_FACTOR = 5  # every refused login may count towards locking the account
_LONGEST_FORBIDDEN = timedelta(hours=6)
_EPOCH = datetime.fromtimestamp(0, UTC)


def next_fetch_at(calendar: SyncedCalendar, collection: Collection | None) -> datetime:
    """When a calendar is fetched next: within its interval, which doubles with each failure in a row."""
    if collection is None or collection.tried_with != calendar.settings:
        return datetime.min.replace(tzinfo=UTC)
    if not collection.failures:
        return next_turn(calendar.source.name, calendar.every, collection.tried_at)
    doubled: timedelta = calendar.every * 2 ** min(collection.failures - 1, 16)
    if collection.forbidden:
        wait = min(doubled * _FORBIDDEN_FACTOR, max(_LONGEST_FORBIDDEN, calendar.every))
    else:
        wait = min(doubled, max(_LONGEST_BACK_OFF, calendar.every))
    return collection.tried_at + wait


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
