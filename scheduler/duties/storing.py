"""Storing what a fetch brought, unless another one came between.

A big one is stored in slices, since a due call's claim waits behind each write to the ledger. The state comes with
the last slice: whatever interrupts this, the next fetch builds on the old state, and brings all of it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property

from scheduler.database import Connection, Database
from scheduler.duties.intake import Intake
from scheduler.ledger.collections import (
    delete_objects,
    holds_objects,
    record_begun,
    record_broken,
    record_fetched,
    select_collection,
    select_etag,
    select_etags,
    upsert_objects,
)
from scheduler.ledger.events import append_event
from scheduler.ledger.looks import is_overtaken
from scheduler.sources.source import FetchedObject

_SLICE = 500_000  # bytes: a few milliseconds


class StoredEtags(Mapping[str, str]):
    """href → etag of a calendar's stored objects, read once somebody asks: a calendar that hasn't changed, or
    hardly, needs none of 100 000, or a few.
    """

    def __init__(self, ledger: Database, name: str) -> None:
        self._ledger = ledger
        self._name = name

    def __bool__(self) -> bool:
        return self._ledger.read(holds_objects, self._name)

    def __getitem__(self, href: str) -> str:
        if "_all" in self.__dict__:
            return self._all[href]
        etag = self._ledger.read(select_etag, self._name, href)
        if etag is None:
            raise KeyError(href)
        return etag

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @cached_property
    def _all(self) -> dict[str, str]:
        return self._ledger.read(select_etags, self._name)


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


def store_fetched(
    connection: Connection,
    name: str,
    settings: str,
    intake: Intake,
    stored: Mapping[str, str],
    state: str | None,
    now: datetime,
    *,
    anew: bool = False,
    ahead: int = 0,
) -> bool:
    """Store what a fetch or a last look brought; False, and nothing, where another one came between.

    A server tells a change only once: nothing older may be stored over it.

    :param stored: href → etag, as it was before, with ``state``.
    :param now: when it began.
    :param anew: nothing stored was known to the source, so that what it doesn't name is gone.
    :param ahead: how many of the changed objects are stored already.
    """
    fetched = intake.fetched
    changed = tuple(one.href for one in fetched.changed)
    deleted = stored.keys() - set(changed) if anew and stored else set(fetched.deleted)
    touched = (*deleted, *changed[ahead:], *(one.href for one in intake.broken))
    if is_overtaken(connection, name, state, stored, touched):
        return False
    new = sum(href not in stored for href in changed)
    renamed = intake.renamed
    news = len(changed) > renamed + intake.ours or len(deleted) > renamed
    if fetched.whole:
        record_fetched(connection, name, settings, fetched.state.to_json(), now, news=news)
    upsert_objects(connection, name, fetched.changed[ahead:])
    record_broken(connection, name, intake.broken)
    delete_objects(connection, name, deleted)
    if news:
        counts = (
            f"{new - renamed} new, {len(changed) - new - intake.ours} changed, {len(deleted) - renamed} deleted"
        )
        append_event(connection, now, "synced", detail=f"{name}: {counts}")
    return True


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
