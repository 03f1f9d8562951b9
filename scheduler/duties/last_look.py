"""The last look: seconds before a call is due its calendar is asked once more, and the plan follows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from threading import Lock

from scheduler.calls.last_look import KEPT_BACK_AFTER, LastLook, Look, Watched, WhenUnreachable, decide_looks
from scheduler.clock import Clock
from scheduler.database import Database
from scheduler.duties.intake import take_in
from scheduler.duties.storing import store_fetched
from scheduler.errors import SourceError, SourceForbidden, SourceUnreachable, SourceUnreadable
from scheduler.lanes import Lanes
from scheduler.ledger.collections import record_failed, select_collection, select_etags
from scheduler.ledger.looks import (
    next_due_after,
    record_looked,
    record_unlooked,
    select_hrefs,
    select_nearing,
    select_sights,
)
from scheduler.sources.source import LookSource, SourceState

log = logging.getLogger(__name__)

_LONGEST_LOOK = timedelta(seconds=2)
_HEARTBEAT = timedelta(seconds=1)  # waits are by the monotonic clock, which sees no step of the wall clock
_LONGEST_LATE = timedelta(days=1)  # no grace is longer
_MOST_KEPT_BACK = 500  # at once: of a big burst those that ring next
_TRIES = 3  # where fetches of the same calendar come between
_AT_ONCE = 64
_AT_ONE_SERVER = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedCalendar:
    """A calendar that can be looked at, and how."""

    source: LookSource
    settings: str  # as of its fetches: what was stored with others is compared with nothing
    when_unreachable: WhenUnreachable = WhenUnreachable.PLACE


@dataclass(frozen=True, slots=True, kw_only=True)
class LooksBegun:
    """What one round did."""

    looks: int
    next_at: datetime  # when there may be more to do


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What one look brought, once that is stored."""

    hrefs: frozenset[str]  # of the objects that changed or went
    sought: frozenset[str]  # uids of the events that were asked for by themselves and are gone

    def joined(self, later: Looked) -> Looked:
        """What both brought; what was gone at the first may be there again."""
        return Looked(hrefs=self.hrefs | later.hrefs, sought=later.sought)


class LastLookDuty:
    """Begins the looks that are due, and follows each up in a thread of its own; it never claims a call."""

    def __init__(
        self,
        ledger: Database,
        calendars: Iterable[LookedCalendar],
        before: timedelta,
        clock: Clock,
        on_news: Callable[[Mapping[str, Looked]], object],
    ) -> None:
        """:param on_news: replans what changed of the calendars that it names; called in any thread, one at a
        time.
        """
        self._ledger = ledger
        self._clock = clock
        self._on_news = on_news
        self._lanes = Lanes("last look", at_once=_AT_ONCE, in_a_lane=_AT_ONE_SERVER)
        self._going_on: set[str] = set()
        self._begun_at: dict[str, datetime] = {}
        self._news: dict[str, Looked] = {}
        self._replanning = Lock()
        self.use(calendars, before)

    def use(self, calendars: Iterable[LookedCalendar], before: timedelta) -> None:
        """Other calendars from now on; a look that is going on still follows the old ones."""
        self._calendars = {one.source.name: one for one in calendars}
        self.last_look = LastLook(
            before=before,
            calendars={
                name: Watched(fresh_for=one.source.fresh_for, when_unreachable=one.when_unreachable)
                for name, one in self._calendars.items()
            },
        )

    def run_once(self, now: datetime) -> LooksBegun:
        """Begin the looks that are due, and don't wait for them."""
        before = self.last_look.before
        if not before:
            return LooksBegun(looks=0, next_at=now + _HEARTBEAT)
        looks = self._due(now)
        for look in looks:
            calendar = self._calendars[look.collection]
            self._begun_at[look.collection] = now
            self._going_on.add(look.collection)
            self._lanes.add(calendar.source.server, partial(self._follow, calendar, look))
        coming = self._ledger.read(next_due_after, now + before)
        beat_at = now + _HEARTBEAT
        return LooksBegun(looks=len(looks), next_at=min(coming - before, beat_at) if coming else beat_at)

    def settle(self, seconds: float) -> bool:
        """Wait until every look that was begun is over, but no longer; whether they are."""
        return self._lanes.wait(seconds)

    def close(self) -> None:
        self._lanes.close()

    def _due(self, now: datetime) -> tuple[Look, ...]:
        nearing = (
            *self._ledger.read(select_nearing, now - KEPT_BACK_AFTER, now + self.last_look.before),
            *self._ledger.read(select_nearing, now - _LONGEST_LATE, now - KEPT_BACK_AFTER, _MOST_KEPT_BACK),
        )
        if not nearing:
            return ()
        sights = {name: sight.as_of(now) for name, sight in self._ledger.read(select_sights).items()}
        begun_at = {name: at for name, at in self._begun_at.items() if at <= now}
        return decide_looks(nearing, sights, self.last_look, now, begun_at=begun_at, going_on=self._going_on)

    def _follow(self, calendar: LookedCalendar, look: Look) -> None:
        try:
            self._look(calendar, look)
        except SourceError as error:
            # What a server says may name people, and stays out of the history.
            unread = isinstance(error, SourceUnreadable)
            self._failed(look, error.reason, "its answer can't be used" if unread else error.reason)
        except Exception:
            log.exception("calendar %s: the last look failed", look.collection)
            self._failed(look, "see the log", "see the log")
        finally:
            self._going_on.discard(look.collection)

    def _failed(self, look: Look, problem: str, told: str) -> None:
        log.warning("calendar %s could not be looked at before its calls: %s", look.collection, problem)
        self._ledger.write(record_unlooked, look, problem, told, self._clock.now())

    def _look(self, calendar: LookedCalendar, look: Look) -> None:
        if calendar.when_unreachable is WhenUnreachable.PLACE and self._clock.now() >= look.rings_at:
            raise SourceUnreachable(look.collection, "too many looks at once: its turn came too late")
        found = self._took_over(calendar, look)
        if found.hrefs:
            self._replan(look.collection, found)
        # Only now: whatever it changed has made the claims on its calls void.
        self._ledger.write(record_looked, look.collection, look.asked_at)

    def _took_over(self, calendar: LookedCalendar, look: Look) -> Looked:
        """Ask and store."""
        for _ in range(_TRIES):
            found = self._ask_and_store(calendar, look)
            if found is not None:
                return found
        raise SourceUnreachable(look.collection, "it was being fetched all the time")

    def _ask_and_store(self, calendar: LookedCalendar, look: Look) -> Looked | None:
        """None where a fetch came between: then neither is known to be the newer."""
        name = look.collection
        row = self._ledger.read(select_collection, name)
        if row is None or row.settings != calendar.settings:
            raise SourceUnreachable(name, "it has never been fetched with its present settings")
        if row.forbidden:
            # Each refused login may count towards locking the account.
            raise SourceForbidden(name, row.problem)
        stored = self._ledger.read(select_etags, name)
        hrefs = self._ledger.read(select_hrefs, name, look.uids)
        now = self._clock.now()
        try:
            found = calendar.source.look(
                SourceState.from_json(row.state), stored, _to_ask_for(look, hrefs), self._seconds
            )
        except SourceForbidden as error:
            self._ledger.write(record_failed, name, calendar.settings, error.reason, now, forbidden=True)
            raise
        intake = self._ledger.read(take_in, name, found, stored)
        for href, reason in (*found.faults, *((one.href, one.problem) for one in intake.broken)):
            log.warning("calendar %s, “%s”: %s", name, href, reason)
        taken = self._ledger.write(store_fetched, name, calendar.settings, intake, stored, row.state, now)
        if not taken:
            return None
        fetched = intake.fetched
        return Looked(
            hrefs=frozenset((*(one.href for one in fetched.changed), *fetched.deleted)),
            sought=_wholly_in(found.sought, hrefs),
        )

    @property
    def _seconds(self) -> float:
        return min(_LONGEST_LOOK, self.last_look.before).total_seconds()

    def _replan(self, collection: str, found: Looked) -> None:
        """Replan; the calendars whose looks end meanwhile are replanned together."""
        before = self._news.get(collection)  # of a round that failed
        self._news[collection] = found if before is None else before.joined(found)
        with self._replanning:
            news = dict(self._news)
            if collection not in news:
                return  # somebody else's round took it along
            self._on_news(news)
            for name in news:
                del self._news[name]


def _to_ask_for(look: Look, hrefs: Mapping[str, Collection[str]]) -> frozenset[str]:
    """The objects to look at; none where one of them isn't known, so that all are fetched."""
    if hrefs.keys() != look.uids:
        return frozenset()
    return frozenset(href for some in hrefs.values() for href in some)


def _wholly_in(gone: Collection[str], hrefs: Mapping[str, Collection[str]]) -> frozenset[str]:
    """The uids of which nothing is left."""
    return frozenset(uid for uid, some in hrefs.items() if set(some) <= set(gone))
