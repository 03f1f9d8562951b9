"""Replanning: what the calendars want against what the ledger holds, each difference applied by itself."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from scheduler.calendars.agenda import Agenda, Zones, read_agenda
from scheduler.calendars.contact import Contacts
from scheduler.calendars.settings import CalendarRules, Company
from scheduler.calls.call import Key
from scheduler.calls.plan import plan
from scheduler.calls.policy import Policy
from scheduler.calls.reconcile import Cancel, Change, Ignore, Move, Recorded, TooLate, reconcile
from scheduler.database import ConstraintFailed, Database
from scheduler.duties.brake import Brake
from scheduler.ledger.calls import first_moved_at
from scheduler.ledger.changes import apply_change, select_recorded
from scheduler.ledger.collections import record_planned, select_collections, select_objects

log = logging.getLogger(__name__)

_PAST = timedelta(days=1)  # how far back events are looked at, unless a calendar wasn't read for longer
_LONGEST_PAST = timedelta(days=31)
_LONGEST_LEAD = timedelta(days=1)  # an appointment asks before its start by at most this much


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


class ReplanDuty:
    """Keeps the agendas of all calendars in memory and reads again those that changed."""

    def __init__(self, ledger: Database, rules: PlanRules) -> None:
        self._ledger = ledger
        self._brake = Brake(ledger)
        self._rules = rules
        self._contacts = Contacts((), type_order=())
        self._agendas: dict[str, Agenda] = {}
        self._contacts_whole = True
        self._unread: set[str] = set()  # changed since they were read
        self._read_at: dict[str, datetime | None] = {}  # read, and of which fetch, but not yet all in the plan
        self._lock = Lock()

    def use(self, rules: PlanRules, contacts: Contacts, *, whole: bool) -> None:
        """Other rules or contacts: every agenda is read again at the next round.

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
        self._agendas.clear()

    def run_once(self, now: datetime, *, changed: Collection[str] = (), because: str = "") -> Replanned:
        """Replan everything; only the ``changed`` calendars, and those whose window ran out, are read again.

        A round that fails leaves what it had to do for the next one.

        :param because: what else changed, in words: every calendar is read again, and history says why.
        """
        with self._lock:
            if because:
                self._agendas.clear()
            self._unread.update(changed)
            rows = self._ledger.read(select_collections)
            # When each was last read *before* what is new now: what the plan doesn't hold counts as unseen.
            reads = {row.name: row.planned_at for row in rows if row.planned_at is not None}
            start = self._start(now, reads)
            self._refresh(start, now, {row.name: row.good_at for row in rows})
            recorded = self._ledger.read(select_recorded, start)
            changes = self._decide(recorded, start, now, reads)
            changes = self._brake.hold_back(changes, recorded, now, fetched_at=self._fetched_at(reads))
            replanned = self._apply(changes, now, because)
            self._record_planned()
            return replanned

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
        end = now + self._rules.policy.horizon
        for rules in self._rules.calendars:
            known = self._agendas.get(rules.collection)
            if known is None or rules.collection in self._unread or known.end < end or known.start > start:
                # A day more than needed: the window is read again once a day, not at every round.
                self._agendas[rules.collection] = self._read(rules, start - _PAST, end + _PAST + _LONGEST_LEAD)
                self._unread.discard(rules.collection)
                self._read_at[rules.collection] = good_at.get(rules.collection)

    def _read(self, rules: CalendarRules, start: datetime, end: datetime) -> Agenda:
        objects = self._ledger.read(select_objects, rules.collection)
        agenda = read_agenda(
            ((one.href, one.data) for one in objects),
            rules,
            self._rules.company,
            self._contacts,
            self._rules.zones[rules.collection],
            start=start,
            end=end,
        )
        for fault in agenda.faults:
            log.warning("calendar %s, event %s: %s", rules.collection, fault.uid or fault.href, fault.reason)
        return agenda

    def _decide(
        self, recorded: Collection[Recorded], start: datetime, now: datetime, reads: Mapping[str, datetime]
    ) -> tuple[Change, ...]:
        until = now + self._rules.policy.horizon
        appointments = [one for agenda in self._agendas.values() for one in agenda.appointments]
        wanted = [call for call in plan(appointments, self._rules.policy) if start <= call.asked_at < until]
        return reconcile(
            wanted,
            recorded,
            now,
            read_before=reads,
            reasons=self._reasons(recorded),
            unreadable=self._unreadable(),
            until=until,
        )

    def _unreadable(self) -> set[tuple[str, str]]:
        """(collection, uid) of what says nothing just now: broken events, and names while contacts are missing."""
        found = {(a.collection, fault.uid) for a in self._agendas.values() for fault in a.faults}
        if not self._contacts_whole:
            found |= {
                (agenda.collection, one.occurrence.uid)
                for agenda in self._agendas.values()
                for one in agenda.derivations
                if one.asks and one.appointment is None
            }
        return found

    def _reasons(self, recorded: Collection[Recorded]) -> dict[Key, str]:
        """Why an occurrence that is planned doesn't ring any more."""
        configured = {rules.collection for rules in self._rules.calendars}
        reasons = {
            key: f"calendar {key.collection} is no longer configured"
            for one in recorded
            for key in one.keys
            if key.collection not in configured
        }
        for agenda in self._agendas.values():
            for one in agenda.derivations:
                if one.reason:
                    event = one.occurrence
                    key = Key(collection=agenda.collection, uid=event.uid, recurrence_id=event.recurrence_id)
                    reasons[key] = one.reason
        return reasons

    def _apply(self, changes: tuple[Change, ...], now: datetime, because: str) -> Replanned:
        counts: Counter[str] = Counter()
        calls: list[int] = []
        refused = 0
        for change in changes:
            try:
                self._ledger.write(apply_change, change, now, because)
            except ConstraintFailed as error:
                # Each change has its own transaction: what the ledger forbids costs that one alone.
                refused += 1
                log.error("a change of the plan was refused by the ledger: %s", error)
            else:
                if not isinstance(change, Ignore | TooLate):
                    counts[type(change).__name__.lower()] += 1
                if isinstance(change, Move | Cancel):
                    calls.append(change.call.id)
        if counts:
            log.info("replanned: %s", ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items())))
        return Replanned(changes=dict(counts), refused=refused, calls=tuple(calls))
