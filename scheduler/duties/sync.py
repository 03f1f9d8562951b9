"""Fetching the calendars, each at its own interval; a failure costs that calendar alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from threading import Lock

from scheduler.clock import Clock
from scheduler.database import Connection, Database
from scheduler.duties.intake import Intake, take_in
from scheduler.duties.storing import StoredAhead, StoredEtags, store_fetched
from scheduler.duties.synced import Synced, SyncedCalendar
from scheduler.duties.turns import Turns, next_fetch_at, next_turn
from scheduler.errors import SourceError, SourceForbidden
from scheduler.ledger.collections import (
    record_failed,
    record_fetched,
    select_collection,
    select_etags,
)
from scheduler.ledger.looks import is_overtaken
from scheduler.sources.source import SourceState

log = logging.getLogger(__name__)

_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unchanged:
    """A fetch that brought nothing, begun at ``at``; ``before`` is the state that it built on."""

    calendar: SyncedCalendar
    state: SourceState
    before: str
    at: datetime


def _memory_key(calendar: SyncedCalendar) -> tuple[str, str, timedelta]:
    """Another interval or other settings are looked up anew."""
    return (calendar.source.name, calendar.settings, calendar.every)


class SyncDuty:
    """Fetches due calendars side by side and hands each one's result on; ``calendars`` may be replaced."""

    def __init__(
        self,
        ledger: Database,
        calendars: Iterable[SyncedCalendar],
        clock: Clock,
        on_fetched: Callable[[Sequence[Synced]], None],
    ) -> None:
        """:param on_fetched: called after fetches, in the thread of one of them, one at a time; what is fetched
        while it runs is handed on together.
        """
        self._ledger = ledger
        self._clock = clock
        self._on_fetched = on_fetched
        self._handing_on = Lock()
        self._fetched: SimpleQueue[Synced] = SimpleQueue()  # not yet handed on
        self._turns = Turns()
        self._unchanged: list[_Unchanged] = []  # fetches not yet in the ledger
        self._recording = Lock()
        self._half_stored: dict[str, list[str]] = {}  # hrefs of fetches that failed while they were stored
        self._next_at: dict[tuple[str, str, timedelta], datetime] = {}  # what was looked up in the ledger
        self._ran_at = datetime.min.replace(tzinfo=UTC)
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="sync")
        self.calendars = tuple(calendars)

    def run_once(self, now: datetime) -> int:
        """Start a fetch of every calendar that is due and not being fetched; returns how many."""
        self._record_unchanged()
        if now < self._ran_at:
            self._next_at.clear()  # the clock was set back: what it said before is hours away, perhaps
        self._ran_at = now
        due = [
            one
            for one in self.calendars
            if not self._turns.busy(one.source.name) and now >= self._next_fetch_at(one, now)
        ]
        for calendar in due:
            self._start(calendar)
        return len(due)

    def sync_all(self) -> tuple[Synced, ...]:
        """Fetch every calendar now, whatever its interval, and wait for all of them.

        One that is being fetched is fetched once more afterwards: what is asked for now may have come later.
        """
        return self._sync(self.calendars)

    def sync_one(self, name: str) -> Synced:
        """Fetch this calendar now.

        :raises ValueError: there is none of this name.
        """
        found = [one for one in self.calendars if one.source.name == name]
        if not found:
            raise ValueError(f"no calendar is called {name!r}")
        return self._sync(found)[0]

    def try_again(self, names: Iterable[str]) -> None:
        """Fetch these at the next tick: the login that was refused has been corrected."""
        corrected = set(names)
        for calendar in self.calendars:
            if calendar.source.name in corrected:
                self._next_at[_memory_key(calendar)] = self._clock.now()

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._record_unchanged()

    def _sync(self, calendars: Iterable[SyncedCalendar]) -> tuple[Synced, ...]:
        started = [self._start(calendar) for calendar in calendars]
        synced = tuple(future.result() for future in started)
        self._record_unchanged()
        return synced

    def _start(self, calendar: SyncedCalendar) -> Future[Synced]:
        self._turns.queue(calendar.source.name)
        return self._pool.submit(self._fetch_in_turn, calendar)

    def _fetch_in_turn(self, calendar: SyncedCalendar) -> Synced:
        with self._turns.turn(calendar.source.name):
            self._next_at.pop(_memory_key(calendar), None)
            return self._fetch_and_hand_on(calendar)

    def _next_fetch_at(self, calendar: SyncedCalendar, now: datetime) -> datetime:
        """Looked up once a fetch: looking at a thousand rows at every tick would cost more than the fetches."""
        key = _memory_key(calendar)
        if key not in self._next_at:
            row = self._ledger.read(select_collection, calendar.source.name)
            # Tried later than now: by a clock that was ahead.
            self._next_at[key] = now if row and row.tried_at > now else next_fetch_at(calendar, row)
        return self._next_at[key]

    def _fetch_and_hand_on(self, calendar: SyncedCalendar) -> Synced:
        try:
            synced = self._with_half_stored(self._fetch(calendar))
            self._hand_on(synced)
            return synced
        except Exception:
            log.exception("%s: what it says could not be taken over", calendar.title)
            # The ledger may know nothing of this try: without this the next tick would try again.
            self._next_at[_memory_key(calendar)] = self._clock.now() + calendar.every
            return Synced(name=calendar.source.name, problem="could not be taken over: see the log")

    def _hand_on(self, synced: Synced) -> None:
        """Returns once ``synced`` was taken over, perhaps by another thread: one replan does for all that wait."""
        self._fetched.put(synced)
        with self._handing_on:
            batch = [self._fetched.get() for _ in range(self._fetched.qsize())]
            if batch:
                self._on_fetched(batch)

    def _fetch(self, calendar: SyncedCalendar) -> Synced:
        name = calendar.source.name
        if self._has_unrecorded(name):
            self._record_unchanged()  # it is what this fetch builds on
        before = row = self._ledger.read(select_collection, name)
        stored = self._stored(calendar)
        if before and before.settings != calendar.settings:
            before = None  # what was stored came from elsewhere: it is compared with nothing, and replaced
        known: Mapping[str, str] = stored if before else {}
        state = SourceState.from_json(before.state) if before and before.state else None
        now = self._clock.now()  # what changes while it is fetched isn't sure to be in it
        try:
            fetched = calendar.source.fetch(state, known)
        except SourceError as error:
            return self._failed(calendar, error)
        if fetched.unchanged and before and not before.failures:
            self._note_unchanged(calendar, fetched.state, before.state, now)
            return Synced(name=name)
        intake = self._ledger.read(take_in, name, fetched, known)
        fetched = intake.fetched
        for href, reason in (*fetched.faults, *((one.href, one.problem) for one in intake.broken)):
            log.warning("%s, “%s”: %s", calendar.title, href, reason)
        gone = fetched.deleted if before else tuple(stored)
        self._record_unchanged()
        if not self._store(calendar, intake, stored, row.state if row else None, now, anew=before is None):
            log.info("%s: a last look overtook this fetch, which is made again", calendar.title)
            return Synced(name=name)
        if before and before.failures:
            log.info("%s: fetched again after %d failures", calendar.title, before.failures)
        return Synced(
            name=name,
            changed=len(fetched.changed) - intake.renamed,
            deleted=len(fetched.deleted) - intake.renamed,
            hrefs=(*(one.href for one in fetched.changed), *gone),
            anew=before is None,
        )

    def _store(
        self,
        calendar: SyncedCalendar,
        intake: Intake,
        stored: Mapping[str, str],
        state: str | None,
        now: datetime,
        *,
        anew: bool,
    ) -> bool:
        """As :func:`store_fetched`, a big fetch in slices; what a failure leaves of them is news for later."""
        name = calendar.source.name
        ahead = StoredAhead(self._ledger, name, stored, state)
        taken = False
        try:
            taken = ahead.store(intake.fetched.changed, now) and self._ledger.write(
                store_fetched, name, calendar.settings, intake, ahead.stored, ahead.state, now,
                anew=anew, ahead=len(ahead.hrefs),
            )  # fmt: skip
        finally:
            if ahead.hrefs and not taken:
                self._half_stored.setdefault(name, []).extend(ahead.hrefs)
        return taken

    def _with_half_stored(self, synced: Synced) -> Synced:
        """With what an earlier fetch stored that came to no good end: it counts as unchanged by now."""
        hrefs = () if synced.problem else self._half_stored.pop(synced.name, ())
        return replace(synced, hrefs=tuple({*synced.hrefs, *hrefs})) if hrefs else synced

    def _stored(self, calendar: SyncedCalendar) -> Mapping[str, str]:
        """href → etag as it is now, before the fetch: by it we see whether a last look overtook that.

        For a feed its state alone tells that, and nothing needs to be read ahead.
        """
        name = calendar.source.name
        return StoredEtags(self._ledger, name) if calendar.is_feed else self._ledger.read(select_etags, name)

    def _note_unchanged(self, calendar: SyncedCalendar, state: SourceState, before: str, now: datetime) -> None:
        with self._recording:
            self._unchanged.append(_Unchanged(calendar=calendar, state=state, before=before, at=now))
        after = min(now, self._clock.now())  # which may have been set back meanwhile
        self._next_at[_memory_key(calendar)] = next_turn(calendar.source.name, calendar.every, after)

    def _has_unrecorded(self, name: str) -> bool:
        with self._recording:
            return any(one.calendar.source.name == name for one in self._unchanged)

    def _record_unchanged(self) -> None:
        """Record the fetches that brought nothing, all in one commit; before any that brought more.

        A crash may forget them: then the ledger knows an older fetch, which is as good.
        """
        with self._recording:
            if self._unchanged:
                self._ledger.write(_store_unchanged, tuple(self._unchanged))
                self._unchanged.clear()

    def _failed(self, calendar: SyncedCalendar, error: SourceError) -> Synced:
        name, now = calendar.source.name, self._clock.now()
        problem = error.reason + (f" ({error.remedy})" if error.remedy else "")
        forbidden = isinstance(error, SourceForbidden)
        self._record_unchanged()
        failures = self._ledger.write(record_failed, name, calendar.settings, problem, now, forbidden=forbidden)
        log.warning("%s: %s; failure %d in a row", calendar.title, problem, failures)
        return Synced(name=name, problem=problem)


def _store_unchanged(connection: Connection, fetches: Iterable[_Unchanged]) -> None:
    for one in fetches:
        name = one.calendar.source.name
        if not is_overtaken(connection, name, one.before, {}, ()):
            record_fetched(connection, name, one.calendar.settings, one.state.to_json(), one.at, news=False)
