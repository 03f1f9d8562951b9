"""Looking at any window of the calendars, past ones too, without changing anything in the ledger."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from scheduler.calendars.agenda import Agenda, read_agenda
from scheduler.calendars.appointment import Derivation
from scheduler.calendars.component import Fault, read
from scheduler.calendars.contact import Contacts
from scheduler.calendars.content import mentions
from scheduler.calendars.glance import glance, may_start_in
from scheduler.calendars.label import label_of
from scheduler.calendars.settings import CalendarRules, Company
from scheduler.calls.barring import Barring
from scheduler.calls.call import Call, Key, PlannedCall
from scheduler.calls.change import Recorded
from scheduler.calls.hours import FARTHEST
from scheduler.calls.plan import key_of, plan
from scheduler.calls.tombstone import FORGOTTEN, NONE_ERASED, Tombstones
from scheduler.calls.unreadable import Unreadable
from scheduler.database import Connection, Database
from scheduler.duties.prospects import Foreseen, Prospects, foresee
from scheduler.duties.reading import read_calendar
from scheduler.duties.replan import PlanRules
from scheduler.duties.synced import SyncedCalendar
from scheduler.duties.unreadable import unreadable_for
from scheduler.errors import Problem
from scheduler.ledger.appointments import select_calls_of_appointments
from scheduler.ledger.backups import read_before, select_restored_at
from scheduler.ledger.calls import select_calls
from scheduler.ledger.changes import with_appointments
from scheduler.ledger.collections import StoredObject, select_collections
from scheduler.ledger.tombstones import read_tombstones
from scheduler.ledger.vanished import HeldCall

log = logging.getLogger(__name__)

_MOST = 100_000  # calls read for one window


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One occurrence of a window, and what becomes of it."""

    collection: str
    derivation: Derivation
    call: Call | None  # as the ledger has it
    wanted: PlannedCall | None  # as the calendars want it
    state: str
    reason: str
    stale: str = ""  # of a calendar that can't be read just now: how old this is

    @property
    def starts_at(self) -> datetime:
        return self.derivation.occurrence.starts_at

    @property
    def due_at(self) -> datetime:
        if self.call is not None:
            return self.call.due_at
        return self.wanted.due_at if self.wanted is not None else self.starts_at


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a window holds, soonest first, and what could not be read for it."""

    entries: tuple[Entry, ...]
    troubles: tuple[Problem, ...]  # of whole calendars, or of contacts
    faults: tuple[tuple[str, Fault], ...] = ()  # of single events, with their calendars
    objects: int = 0  # looked at
    kept: tuple[HeldCall, ...] = ()  # planned of what can't be read just now, and not always among the entries

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (*self.troubles, *(_problem(collection, fault) for collection, fault in self.faults))


def look(
    ledger: Database | None,
    calendars: Iterable[SyncedCalendar],
    rules: PlanRules,
    contacts: Contacts,
    barring: Barring,
    now: datetime,
    *,
    start: datetime,
    end: datetime,
    mentioning: str = "",
    about: str = "",
) -> View:
    """Every occurrence that starts, or rings, in [start, end); without a ledger by the calendars alone.

    :param mentioning: leave out the objects whose text doesn't have these words or this UID.
    :param about: the same, but not those that may ask for a call, as one call may wait for another.
    """
    # What calling hours move into the window may have started long before it.
    reach_back = start - FARTHEST if rules.policy.hours.moves else start
    rows = {row.name: row for row in ledger.read(select_collections)} if ledger else {}
    troubles: list[Problem] = []
    stale: dict[str, str] = {}
    faults: list[tuple[str, Fault]] = []
    agendas = []
    looked_at = 0
    for calendar in calendars:
        name = calendar.source.name
        reading = read_calendar(ledger, calendar, rows.get(name), now)
        stale[name] = reading.stale
        troubles.extend(filter(None, (reading.trouble,)))
        calendar_rules = next(one for one in rules.calendars if one.collection == name)
        objects = [
            one
            for one in reading.objects
            if _concerns(one, mentioning, reach_back, end)
            and (not about or _bears_on(one, about, calendar_rules, rules.company))
        ]
        agenda = read_agenda(
            ((one.href, one.data) for one in objects),
            calendar_rules,
            rules.company,
            contacts,
            rules.zones[name],
            start=reach_back,
            end=end,
        )
        agendas.append(agenda)
        faults.extend((name, fault) for fault in (*agenda.faults, *_held(objects)))
        looked_at += len(objects)
    recorded = ledger.read(_recorded, reach_back - timedelta(days=2), end) if ledger else _Record()
    reads = read_before(rows.values(), ledger.read(select_restored_at) if ledger else None)
    unreadable = unreadable_for((agenda.collection, fault) for agenda in agendas for fault in agenda.faults)
    erased = read_tombstones(ledger) if ledger else NONE_ERASED
    entries = _entries(agendas, recorded, reads, rules, barring, unreadable, erased, now)
    return View(
        entries=tuple(replace(one, stale=stale[one.collection]) for one in entries if _belongs(one, start)),
        troubles=tuple(troubles),
        faults=tuple(faults),
        objects=looked_at,
        kept=tuple(one for one in _kept(recorded.calls, unreadable) if start <= one.call.due_at < end),
    )


def _kept(recorded: Iterable[Recorded], unreadable: Unreadable) -> Iterator[HeldCall]:
    for one in recorded:
        if one.call.outcome is None and (doubtful := unreadable.doubtful(one.keys)):
            yield HeldCall(key=min(doubtful), call=one.call)


def _belongs(entry: Entry, start: datetime) -> bool:
    return entry.starts_at >= start or (entry.due_at >= start and entry.state != "not_ringing")


def _concerns(one: StoredObject, mentioning: str, start: datetime, end: datetime) -> bool:
    """Parsing is what takes its time: of a big calendar most is history, which a glance tells."""
    if mentioning:
        return mentions(one.data, mentioning)
    return bool(one.problem) or may_start_in(one.data, start, end)


def _bears_on(one: StoredObject, about: str, rules: CalendarRules, company: Company) -> bool:
    return about == one.href or mentions(one.data, about) or glance(one.data).may_ask(rules, company)


def _held(objects: Iterable[StoredObject]) -> Iterator[Fault]:
    """What became unreadable, for each event that it held."""
    for one in objects:
        if one.problem:
            components, _ = read(one.href, one.data)
            for each in components:
                event = next(event for event in (each.master, *each.overrides) if event)
                yield Fault(href=one.href, uid=each.uid, reason=one.problem, label=label_of(event))


def _problem(collection: str, fault: Fault) -> Problem:
    return Problem(where=f"calendar {collection}, event {fault.name}", what=fault.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """What the ledger holds of a window."""

    calls: tuple[Recorded, ...] = ()
    by_appointment: Mapping[tuple[Key, datetime], Call] = field(default_factory=dict)


def _recorded(connection: Connection, start: datetime, end: datetime) -> _Record:
    calls = {call.id: call for call in select_calls(connection, since=start, until=end, limit=_MOST)}
    keys = select_calls_of_appointments(connection, start, end)
    return _Record(
        calls=with_appointments(connection, calls.values()),
        by_appointment={key: calls[call_id] for key, call_id in keys.items() if call_id in calls},
    )


def _entries(
    agendas: Iterable[Agenda],
    recorded: _Record,
    reads: Mapping[str, datetime],
    rules: PlanRules,
    barring: Barring,
    unreadable: Unreadable,
    erased: Tombstones,
    now: datetime,
) -> tuple[Entry, ...]:
    agendas = tuple(agendas)
    wanted = plan((one for agenda in agendas for one in agenda.appointments), rules.policy)
    forgotten = [key for call in wanted if erased.cover(call) for key in call.keys]
    foreseen = foresee(wanted, recorded.calls, now, read_before=reads, unreadable=unreadable)
    prospects = Prospects(
        wanted={key: call for call in wanted for key in call.keys},
        recorded=recorded.by_appointment,
        foreseen={**foreseen, **dict.fromkeys(forgotten, Foreseen(reason=FORGOTTEN))},
        barring=barring,
        hours=rules.policy.hours,
        now=now,
    )
    entries = [
        _entry(agenda.collection, derivation, prospects, erased)
        for agenda in agendas
        for derivation in agenda.derivations
    ]
    return tuple(sorted(entries, key=lambda entry: (entry.due_at, entry.collection)))


def _entry(collection: str, derivation: Derivation, prospects: Prospects, erased: Tombstones) -> Entry:
    appointment = derivation.appointment
    if appointment is None:
        reason = FORGOTTEN if erased.name(derivation.occurrence.uid) else derivation.reason
        state, call, planned = "not_ringing", None, None
    else:
        planned = prospects.wanted[key_of(appointment)]
        call = prospects.call_of(key_of(appointment))
        state, reason = prospects.of(key_of(appointment), call)
    return Entry(
        collection=collection, derivation=derivation, call=call, wanted=planned, state=state, reason=reason
    )
