"""Storing what a big fetch brought in slices: a due call's claim waits behind each write to the ledger.

The state comes last, with the last slice: whatever interrupts this, the next fetch builds on the old state, and
brings all of it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from scheduler.database import Connection, Database
from scheduler.ledger.collections import record_begun, select_collection, upsert_objects
from scheduler.ledger.looks import is_overtaken
from scheduler.sources.source import FetchedObject

_SLICE = 500_000  # bytes: a few milliseconds


class StoredAhead:
    """The slices of one fetch that are stored so far; ``state`` is the one that they, too, built on."""

    def __init__(self, ledger: Database, name: str, stored: Mapping[str, str], state: str | None) -> None:
        """:param stored: href → etag, as it was before, with ``state``, which is None where there was nothing."""
        self._ledger = ledger
        self._name = name
        self.stored = stored
        self.state = state
        self.hrefs: list[str] = []

    def store(self, changed: Sequence[FetchedObject], now: datetime) -> bool:
        """Store all but the last slice; False where another fetch or a look came between: then not all of it."""
        *slices, _ = _slices(changed)
        if slices:
            self.stored = dict(self.stored)  # looked up later it would be what is stored here
            self.state = self._ledger.write(_begin, self._name, now) if self.state is None else self.state
        return all(self._store_slice(one) for one in slices)

    def _store_slice(self, objects: Sequence[FetchedObject]) -> bool:
        stored = self._ledger.write(_store_slice, self._name, objects, self.stored, self.state)
        if stored:
            self.hrefs += [one.href for one in objects]
        return stored


def _slices(changed: Sequence[FetchedObject]) -> Iterator[Sequence[FetchedObject]]:
    """At least one."""
    first = size = 0
    for number, one in enumerate(changed):
        if size and size + len(one.data) > _SLICE:
            yield changed[first:number]
            first, size = number, 0
        size += len(one.data)
    yield changed[first:]


def _begin(connection: Connection, name: str, now: datetime) -> str:
    """The state of a calendar that has objects and was never fetched wholly."""
    record_begun(connection, name, now)
    row = select_collection(connection, name)
    return row.state if row else ""


def _store_slice(
    connection: Connection,
    name: str,
    objects: Sequence[FetchedObject],
    stored: Mapping[str, str],
    state: str | None,
) -> bool:
    if is_overtaken(connection, name, state, stored, [one.href for one in objects]):
        return False
    upsert_objects(connection, name, objects)
    return True
