"""Forgetting what is past its retention: a little at a time, so that no due call waits for it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scheduler.calendars.glance import glance
from scheduler.database import Database
from scheduler.ledger.collections import ADDRESS_BOOK
from scheduler.ledger.forgetting import forget_calls
from scheduler.ledger.pruning import (
    OVER,
    delete_events,
    delete_old_annotations,
    delete_rows,
    delete_some_objects,
    replace_data,
    select_abandoned,
    select_object_data,
    select_old_calls,
    select_old_events,
    select_over,
)
from scheduler.ledger.tombstones import delete_old_tombstones

log = logging.getLogger(__name__)

_CALLS_AT_ONCE = 10  # with all that hangs on them: a due call's claim waits behind so many
_ROWS_AT_ONCE = 100
_LOOK_EVERY = timedelta(days=1)  # how often all stored events are looked at

# What is left of an event that is long over: its calendar is still asked for nothing but what changed.
OVER_EVENT = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nUID:forgotten\r\nEND:VCALENDAR\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long what is over is kept."""

    calls: timedelta
    records: timedelta
    history: timedelta
    events: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """Counts of one round by kind; ``more`` tells whether there is more to do at once."""

    counts: Mapping[str, int] = field(default_factory=dict)
    more: bool = False


class PruneDuty:
    """Deletes a slice of each kind in a round."""

    def __init__(self, ledger: Database, retention: Retention, collections: Collection[str]) -> None:
        """:param collections: the calendars and address books that are configured."""
        self._ledger = ledger
        self.retention = retention
        self.collections = collections
        self._untold: Counter[str] = Counter()  # what was deleted since the log said so
        self._looked_up_to = 0  # the rowid of the event that was looked at last
        self._looked_at: datetime | None = None  # when all had been

    def run_once(self, now: datetime) -> Pruned:
        counts = Counter(
            {
                "call": self._prune_calls(now - self.retention.calls),
                "event": self._prune_history(now - self.retention.history),
                "object": self._prune_abandoned(now - self.retention.events),
            }
        )
        for table in OVER:
            kept = self.retention.records if table == "cdr" else self.retention.history
            counts[table] = self._prune_table(table, now - kept)
        looking = self._looked_at is None or not now - _LOOK_EVERY < self._looked_at <= now
        if looking:
            counts["object"] += self._empty_events(now)
        pruned = {kind: count for kind, count in counts.items() if count}
        self._untold.update(pruned)
        more = bool(pruned) or looking
        if self._untold and not more:
            kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self._untold.items()))
            log.info("deleted, past their retention: %s", kinds)
            self._untold.clear()
        return Pruned(counts=pruned, more=more)

    def _prune_calls(self, before: datetime) -> int:
        ids = self._ledger.read(select_old_calls, before, _CALLS_AT_ONCE)
        if ids:
            self._ledger.write(forget_calls, ids)
        return len(ids)

    def _prune_history(self, before: datetime) -> int:
        ids = self._ledger.read(select_old_events, before, _ROWS_AT_ONCE)
        if ids:
            self._ledger.write(delete_events, before, ids)
        return len(ids)

    def _prune_table(self, table: str, before: datetime) -> int:
        ids = self._ledger.read(select_over, table, before, _ROWS_AT_ONCE)
        if ids:
            self._ledger.write(delete_rows, table, ids)
        return len(ids)

    def _prune_abandoned(self, before: datetime) -> int:
        abandoned = self._ledger.read(select_abandoned, self.collections, before)
        return sum(self._ledger.write(delete_some_objects, name, _ROWS_AT_ONCE) for name in abandoned[:1])

    def _empty_events(self, now: datetime) -> int:
        """Look at the next stored events; the address stays, so that what is over isn't fetched again."""
        calendars = [name for name in self.collections if not name.startswith(ADDRESS_BOOK)]
        rows = self._ledger.read(select_object_data, calendars, self._looked_up_to, _ROWS_AT_ONCE)
        self._looked_up_to, self._looked_at = (rows[-1][0], self._looked_at) if rows else (0, now)
        if not rows:
            self._ledger.write(delete_old_tombstones, now)
            self._ledger.write(delete_old_annotations, now - self.retention.history)
        before = now - self.retention.events
        over = {number: data for number, data in rows if data != OVER_EVENT and _is_over(data, before)}
        if over:
            self._ledger.write(replace_data, over, OVER_EVENT)
        return len(over)


def _is_over(data: bytes, before: datetime) -> bool:
    """Whether certainly nothing of it starts after that; a rule without an end never is."""
    span = glance(data).span
    return span is not None and span.end is not None and span.end < before
