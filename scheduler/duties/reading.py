"""A calendar's objects for looking at them: as the daemon stored them, or as they are now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from scheduler.database import Database
from scheduler.duties.staleness import last_read
from scheduler.duties.synced import SyncedCalendar
from scheduler.errors import Problem, SourceError
from scheduler.ledger.collections import Collection, StoredObject, select_objects_after

_STALE_AFTER = 3  # intervals without a fetch: no daemon keeps this calendar fresh
_AT_ONCE = 500  # objects


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What there is to look at; each walk over a big calendar reads it anew."""

    objects: Iterable[StoredObject]
    trouble: Problem | None = None
    stale: str = ""  # how old the objects are, where the calendar can't be read just now


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """The last good objects of a calendar, a few of them in memory at a time."""

    ledger: Database
    name: str

    def __iter__(self) -> Iterator[StoredObject]:
        href = ""
        while objects := self.ledger.read(select_objects_after, self.name, href, _AT_ONCE):
            yield from objects
            href = objects[-1].href


def read_calendar(
    ledger: Database | None, calendar: SyncedCalendar, row: Collection | None, now: datetime
) -> Reading:
    """The calendar as the daemon last fetched it, or, where no daemon keeps it fresh, as it is now."""
    fresh = row is not None and now - row.tried_at < _STALE_AFTER * calendar.every
    if not fresh:
        try:
            found = calendar.source.fetch(None, {}).changed
        except SourceError as error:
            return _as_stored(ledger, calendar, row, now, error.reason, error.remedy)
        return Reading(objects=[StoredObject(href=one.href, etag=one.etag, data=one.data) for one in found])
    return _as_stored(ledger, calendar, row, now, row.problem if row else "")


def _as_stored(
    ledger: Database | None,
    calendar: SyncedCalendar,
    row: Collection | None,
    now: datetime,
    problem: str,
    remedy: str = "",
) -> Reading:
    name = calendar.source.name
    objects = () if ledger is None else _Stored(ledger=ledger, name=name)
    if not problem:
        return Reading(objects=objects)
    age = last_read(row.good_at if row else None, now)
    return Reading(
        objects=objects,
        trouble=Problem(where=calendar.title, what=f"{problem}; {age}", remedy=remedy),
        stale=f"its calendar can't be read just now, {age}",
    )
