"""Replanning: what the calendars want against what the ledger holds, each difference applied by itself."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from types import MappingProxyType

from scheduler.calendars.agenda import Zones
from scheduler.calendars.component import Fault
from scheduler.calendars.contact import Contacts
from scheduler.calendars.diary import Diary, Reader, Silence
from scheduler.calendars.settings import CalendarRules, Company
from scheduler.calendars.vevent import Hides
from scheduler.calls.call import Key
from scheduler.calls.change import Add, AddMissed, Cancel, Change, Ignore, Move, Recorded, TooLate
from scheduler.calls.plan import plan
from scheduler.calls.policy import Policy
from scheduler.calls.reconcile import reconcile
from scheduler.calls.unreadable import Unreadable
from scheduler.database import Database
from scheduler.duties.brake import Brake
from scheduler.duties.unreadable import unreadable_for
from scheduler.ledger.appointments import select_uids
from scheduler.ledger.backups import read_before, select_restored_at
from scheduler.ledger.calls import first_moved_at
from scheduler.ledger.changes import apply_changes, select_recorded
from scheduler.ledger.collections import (
    StoredObject,
    record_planned,
    select_collections,
    select_objects_after,
    select_some_objects,
)
from scheduler.ledger.tombstones import read_tombstones
from scheduler.logs import about_call
from scheduler.loop import let_go

log = logging.getLogger(__name__)

_PAST = timedelta(days=1)  # how far back events are looked at, unless a calendar wasn't read for longer
_LONGEST_PAST = timedelta(days=31)
_LONGEST_LEAD = timedelta(days=1)  # an appointment asks before its start by at most this much
_MARGIN = timedelta(days=1)  # how much sooner than needed the window is rolled on
_AT_ONCE = 500  # objects
_CHANGES_AT_ONCE = 8  # a due call's claim waits behind so many
NOTHING: Mapping[str, Collection[str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRules:
    """What turns calendars into calls; replaced whole when the configuration is read again."""

    calendars: tuple[CalendarRules, ...]
    company: Company
    zones: Mapping[str, Zones]  # by collection
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Replanned:
    """Counts of one round, by kind of change."""

    changes: Mapping[str, int] = field(default_factory=dict)
    refused: int = 0  # changes that the ledger forbade
    calls: tuple[int, ...] = ()  # the recorded ones that moved, changed or were cancelled
    read: int = 0  # objects that were read, or read again


class ReplanDuty:
    """Keeps a diary of each calendar in memory and reads again what changed."""

    def __init__(self, ledger: Database, rules: PlanRules) -> None:
        self._ledger = ledger
        self._brake = Brake(ledger)
        self._rules = rules
        self._contacts = Contacts((), type_order=())
        self._diaries: dict[str, Diary] = {}
        self._contacts_whole = True
        self._touched: dict[str, set[str]] = {}  # hrefs that changed since they were read
        self._read_at: dict[str, datetime | None] = {}  # read, and of which fetch, but not yet all in the plan
        self._read = 0  # objects, in this round
        self._lock = Lock()

    def use(self, rules: PlanRules, contacts: Contacts, *, whole: bool) -> None:
        """Other rules or contacts: every diary is written anew at the next round.

        :param whole: False while a file of contacts has never been read well. Who can't be found then may be
            in it, so that nothing planned is called off for that.
        """
        with self._lock:
            self._rules = rules
            self._take_contacts(contacts, whole)

    def use_contacts(self, contacts: Contacts, *, whole: bool) -> None:
        with self._lock:
            self._take_contacts(contacts, whole)

    def _take_contacts(self, contacts: Contacts, whole: bool) -> None:
        self._contacts, self._contacts_whole = contacts, whole
        self._diaries.clear()

    def run_once(
        self,
        now: datetime,
        *,
        touched: Mapping[str, Collection[str]] = NOTHING,
        sought: Mapping[str, Collection[str]] = NOTHING,
        because: str = "",
    ) -> Replanned:
        """Replan everything; only what changed, and what of the window ran out, is read again.

        A round that fails leaves what it had to do for the next one.

        :param touched: calendar → hrefs of the objects that changed or went, where nothing else of it did.
        :param sought: calendar → uids of the events that a last look asked for by themselves and didn't find.
        :param because: what else changed, in words: every calendar is read again, and history says why.
        """
        with self._lock:
            if because:
                self._diaries.clear()
            for name, hrefs in touched.items():
                if name not in self._diaries:
                    continue  # it is read whole anyway
                self._touched.setdefault(name, set()).update(hrefs)
            rows = self._ledger.read(select_collections)
            # When each was last read *before* what is new now: what the plan doesn't hold counts as unseen.
            reads = read_before(rows, self._ledger.read(select_restored_at))
            self._read = 0
            start = self._start(now, reads)
            self._refresh(start, now, {row.name: row.good_at for row in rows})
            recorded = list(self._ledger.read(select_recorded, start))
            changes = self._decide(recorded, start, now, reads)
            changes = self._brake.hold_back(
                changes, recorded, now, fetched_at=self._fetched_at(reads), sought=_pairs(sought)
            )
            replanned = self._apply(changes, now, because)
            self._record_planned()
            let_go(recorded)
            return replace(replanned, read=self._read)

    def silent(self, since: datetime, until: datetime) -> tuple[tuple[str, Silence], ...]:
        """What starts in [since, until), asks for a call and won't ring, with its calendar, soonest first.

        For any thread: a round that goes on meanwhile replaces pages, and what it hasn't come to is as it was.
        """
        found = [
            (diary.collection, silence)
            for diary in tuple(self._diaries.values())
            for page in tuple(diary.pages.values())
            for silence in page.silences
            if silence.asks and since <= silence.starts_at < until
        ]
        return tuple(sorted(found, key=lambda one: (one[1].starts_at, one[0])))

    def faults(self) -> tuple[tuple[str, Fault], ...]:
        """What of events can't be read, with its calendar; for any thread, as ``silent`` is."""
        return tuple(
            (diary.collection, fault)
            for diary in tuple(self._diaries.values())
            for page in tuple(diary.pages.values())
            for fault in page.faults
        )

    def _fetched_at(self, reads: Mapping[str, datetime]) -> dict[str, datetime]:
        """The fetch that each agenda is of: what was stored since may not have been read yet."""
        return {**reads, **{name: at for name, at in self._read_at.items() if at is not None}}

    def _record_planned(self) -> None:
        for name, good_at in tuple(self._read_at.items()):
            if good_at is not None:
                self._ledger.write(record_planned, name, good_at)
            del self._read_at[name]

    def _start(self, now: datetime, reads: Mapping[str, datetime]) -> datetime:
        """As far back as something may have gone unseen, or as a call was asked for that calling hours moved."""
        moved_at = self._ledger.read(first_moved_at, now - _PAST) or now
        return max(min(now - _PAST, moved_at, *reads.values()), now - _LONGEST_PAST)

    def _refresh(self, start: datetime, now: datetime, good_at: Mapping[str, datetime | None]) -> None:
        end = now + self._rules.policy.horizon + _LONGEST_LEAD
        planned = self._ledger.read(select_uids, start)
        for rules in self._rules.calendars:
            name, reader = rules.collection, self._reader(rules, planned)
            diary = self._diaries.get(name)
            if not diary or not self._follow(diary, reader, start, end):
                self._diaries[name] = self._read_whole(reader, start - _PAST, end)
                self._read_at[name] = good_at.get(name)
            elif name in self._touched:
                self._read_at[name] = good_at.get(name)
            self._touched.pop(name, None)

    def _reader(self, rules: CalendarRules, planned: Set[str]) -> Reader:
        return Reader(
            rules=rules,
            company=self._rules.company,
            contacts=self._contacts,
            zones=self._rules.zones[rules.collection],
            planned=planned,
        )

    def _read_whole(self, reader: Reader, start: datetime, end: datetime) -> Diary:
        diary = Diary(collection=reader.rules.collection, start=start)
        objects = self._ledger.read(select_objects_after, diary.collection, "", _AT_ONCE)
        while objects:
            self._write_pages(diary, reader, objects, end)
            objects = self._ledger.read(select_objects_after, diary.collection, objects[-1].href, _AT_ONCE)
        return diary

    def _follow(self, diary: Diary, reader: Reader, start: datetime, end: datetime) -> bool:
        """Read what changed, and a little ahead of time; False where the diary doesn't do any more."""
        if diary.start > start:
            return False
        diary.start = start - _PAST
        self._read_again(diary, reader, self._touched.get(diary.collection, ()), end)
        diary.tear_out(diary.start)
        # Never so much at once that something has to wait. What is gone though nobody said so has another name.
        return not self._read_again(diary, reader, diary.running_out(end, _MARGIN, _AT_ONCE), end + _MARGIN)

    def _read_again(self, diary: Diary, reader: Reader, hrefs: Collection[str], end: datetime) -> bool:
        """Whether any of them is gone."""
        remaining, gone = sorted(hrefs), False
        while batch := remaining[:_AT_ONCE]:
            del remaining[:_AT_ONCE]
            objects = self._ledger.read(select_some_objects, diary.collection, batch)
            for href in set(batch) - {one.href for one in objects}:
                diary.put(href, None)
                gone = True
            self._write_pages(diary, reader, objects, end)
        return gone

    def _write_pages(self, diary: Diary, reader: Reader, objects: Iterable[StoredObject], end: datetime) -> None:
        for one in objects:
            self._read += 1
            page = reader.read_page(one.href, one.data, start=diary.start, end=end)
            diary.put(one.href, page)
            for fault in page.faults if page else ():
                log.warning("calendar %s, event “%s”: %s", diary.collection, fault.uid or fault.href, fault.reason)

    def _decide(
        self, recorded: Collection[Recorded], start: datetime, now: datetime, reads: Mapping[str, datetime]
    ) -> tuple[Change, ...]:
        until = now + self._rules.policy.horizon
        appointments = [one for diary in self._diaries.values() for one in diary.appointments]
        erased = read_tombstones(self._ledger)
        wanted = [
            call
            for call in plan(appointments, self._rules.policy)
            if start <= call.asked_at < until and not erased.cover(call)
        ]
        changes = reconcile(
            wanted,
            recorded,
            now,
            read_before=reads,
            reasons=self._reasons(recorded),
            unreadable=self._unreadable(),
            until=until,
        )
        let_go(wanted)
        return changes

    def _unreadable(self) -> Unreadable:
        """What says nothing just now: broken events, and names while contacts are missing."""
        found = unreadable_for(self._faults())
        garbled = {(name, fault.uid) for name, fault in self._faults() if fault.hides is Hides.WORDS}
        silent = {
            (diary.collection, silence.uid)
            for diary in self._diaries.values()
            for silence in diary.silences
            if ((diary.collection, silence.uid) in garbled and not silence.sure)
            or (silence.asks and not self._contacts_whole)
        }
        return replace(found, events={*found.events, *silent})

    def _faults(self) -> Iterator[tuple[str, Fault]]:
        return ((diary.collection, fault) for diary in self._diaries.values() for fault in diary.faults)

    def _reasons(self, recorded: Collection[Recorded]) -> dict[Key, str]:
        """Why an occurrence that is planned doesn't ring any more."""
        configured = {rules.collection for rules in self._rules.calendars}
        reasons = {
            key: f"calendar {key.collection} is no longer configured"
            for one in recorded
            for key in one.keys
            if key.collection not in configured
        }
        planned = _uids(recorded)
        for diary in self._diaries.values():
            for silence in diary.silences:
                if silence.uid in planned:
                    key = Key(collection=diary.collection, uid=silence.uid, recurrence_id=silence.recurrence_id)
                    reasons[key] = silence.reason
        return reasons

    def _apply(self, changes: tuple[Change, ...], now: datetime, because: str) -> Replanned:
        counts: Counter[str] = Counter()
        calls: list[int] = []
        refused = 0
        for first in range(0, len(changes), _CHANGES_AT_ONCE):
            batch = changes[first : first + _CHANGES_AT_ONCE]
            forbidden = dict(self._ledger.write(apply_changes, batch, now, because))
            for change, error in forbidden.items():
                _tell_refused(change, error)
            refused += len(forbidden)
            done = [change for change in batch if change not in forbidden]
            counts.update(type(one).__name__.lower() for one in done if not isinstance(one, Ignore | TooLate))
            calls += [one.call.id for one in done if isinstance(one, Move | Cancel)]
        if counts:
            log.info("replanned: %s", ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items())))
        return Replanned(changes=dict(counts), refused=refused, calls=tuple(calls))


def _tell_refused(change: Change, error: str) -> None:
    match change:
        case Add() | AddMissed() | Ignore():
            log.error("a new call was refused by the ledger: %s", error)
        case _:
            with about_call(change.call.id):
                log.error("a change of call %d was refused by the ledger: %s", change.call.id, error)


def _pairs(uids: Mapping[str, Collection[str]]) -> set[tuple[str, str]]:
    return {(name, uid) for name, some in uids.items() for uid in some}


def _uids(recorded: Iterable[Recorded]) -> set[str]:
    return {key.uid for one in recorded for key in one.keys}
