"""Fetching the calendars, each at its own interval; a failure costs that calendar alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock

from scheduler.clock import Clock
from scheduler.database import Connection, Database
from scheduler.errors import SourceError, SourceForbidden
from scheduler.ledger.collections import (
    Collection,
    StoredObject,
    delete_objects,
    record_failed,
    record_fetched,
    select_collection,
    select_collections,
    select_etags,
    upsert_objects,
)
from scheduler.ledger.events import append_event
from scheduler.sources.source import Fetched, Source, SourceState

log = logging.getLogger(__name__)

_LONGEST_BACK_OFF = timedelta(minutes=10)
_FORBIDDEN_FACTOR = 5  # every refused login may count towards locking the account
_LONGEST_FORBIDDEN = timedelta(hours=6)
_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncedCalendar:
    """A calendar to keep in step with, and how."""

    source: Source
    every: timedelta
    settings: str  # digest of what it is fetched with: other settings start anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What one fetch of one calendar brought."""

    name: str
    changed: int = 0
    deleted: int = 0
    problem: str = ""

    @property
    def news(self) -> bool:
        return bool(self.changed or self.deleted)

    def to_json(self) -> dict[str, str | int]:
        """As commands and the daemon tell each other."""
        return {
            "calendar": self.name,
            "changed": self.changed,
            "deleted": self.deleted,
            "problem": self.problem,
        }


def next_fetch_at(calendar: SyncedCalendar, collection: Collection | None) -> datetime:
    """When a calendar is fetched next: after its interval, doubled with each failure in a row."""
    if collection is None or collection.tried_with != calendar.settings:
        return datetime.min.replace(tzinfo=UTC)
    if not collection.failures:
        return collection.tried_at + calendar.every
    doubled: timedelta = calendar.every * 2 ** min(collection.failures - 1, 16)
    if collection.forbidden:
        wait = min(doubled * _FORBIDDEN_FACTOR, max(_LONGEST_FORBIDDEN, calendar.every))
    else:
        wait = min(doubled, max(_LONGEST_BACK_OFF, calendar.every))
    return collection.tried_at + wait


class SyncDuty:
    """Fetches due calendars side by side and hands each one's result on; ``calendars`` may be replaced."""

    def __init__(
        self,
        ledger: Database,
        calendars: Iterable[SyncedCalendar],
        clock: Clock,
        on_fetched: Callable[[Synced], None],
    ) -> None:
        """:param on_fetched: called after every fetch, in the thread that made it, one at a time."""
        self._ledger = ledger
        self._clock = clock
        self._on_fetched = on_fetched
        self._handing_on = Lock()
        self._busy: set[str] = set()
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="sync")
        self.calendars = tuple(calendars)

    def run_once(self, now: datetime) -> int:
        """Start a fetch of every calendar that is due and not being fetched; returns how many."""
        rows = {row.name: row for row in self._ledger.read(select_collections)}
        due = [
            one
            for one in self.calendars
            if one.source.name not in self._busy and now >= next_fetch_at(one, rows.get(one.source.name))
        ]
        for calendar in due:
            self._busy.add(calendar.source.name)
            self._pool.submit(self._fetch_and_hand_on, calendar)
        return len(due)

    def sync_all(self) -> tuple[Synced, ...]:
        """Fetch every calendar now, whatever its interval, and wait for all of them."""
        return tuple(self._pool.map(self._fetch_and_hand_on, self.calendars))

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _fetch_and_hand_on(self, calendar: SyncedCalendar) -> Synced:
        try:
            synced = self._fetch(calendar)
            with self._handing_on:
                self._on_fetched(synced)
            return synced
        except Exception:
            log.exception("calendar %s: what it says could not be taken over", calendar.source.name)
            return Synced(name=calendar.source.name, problem="could not be taken over: see the log")
        finally:
            self._busy.discard(calendar.source.name)

    def _fetch(self, calendar: SyncedCalendar) -> Synced:
        name = calendar.source.name
        before = self._ledger.read(select_collection, name)
        stored = self._ledger.read(select_etags, name)
        if before and before.settings != calendar.settings:
            before = None  # what was stored came from elsewhere: it is compared with nothing, and replaced
        known = stored if before else {}
        state = SourceState.from_json(before.state) if before and before.state else None
        try:
            fetched = calendar.source.fetch(state, known)
        except SourceError as error:
            return self._failed(calendar, error)
        now = self._clock.now()
        for href, reason in fetched.faults:
            log.warning("calendar %s, %s: %s", name, href, reason)
        self._ledger.write(_store, calendar, fetched, stored, now, anew=before is None)
        if before and before.failures:
            log.info("calendar %s: fetched again after %d failures", name, before.failures)
        return Synced(
            name=name,
            changed=len(fetched.changed),
            deleted=len(fetched.deleted),
        )

    def _failed(self, calendar: SyncedCalendar, error: SourceError) -> Synced:
        name, now = calendar.source.name, self._clock.now()
        problem = error.reason + (f" ({error.remedy})" if error.remedy else "")
        forbidden = isinstance(error, SourceForbidden)
        failures = self._ledger.write(record_failed, name, calendar.settings, problem, now, forbidden=forbidden)
        log.warning("calendar %s: %s; failure %d in a row", name, problem, failures)
        return Synced(name=name, problem=problem)


def _store(
    connection: Connection,
    calendar: SyncedCalendar,
    fetched: Fetched,
    stored: Mapping[str, str],
    now: datetime,
    *,
    anew: bool,
) -> None:
    """:param anew: nothing stored was known to the source, so that what it doesn't name is gone."""
    name = calendar.source.name
    changed = [StoredObject(href=one.href, etag=one.etag, data=one.data) for one in fetched.changed]
    deleted = stored.keys() - {one.href for one in changed} if anew else set(fetched.deleted)
    news = bool(changed or deleted)
    record_fetched(connection, name, calendar.settings, fetched.state.to_json(), now, news=news)
    upsert_objects(connection, name, changed)
    delete_objects(connection, name, deleted)
    if news:
        new = sum(one.href not in stored for one in changed)
        counts = f"{new} new, {len(changed) - new} changed, {len(deleted)} deleted"
        append_event(connection, now, "synced", detail=f"{name}: {counts}")
