"""Looking at any window of the calendars, past ones too, without changing anything in the ledger."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.calendars.agenda import Agenda, read_agenda
from scheduler.calendars.appointment import Appointment, Derivation
from scheduler.calendars.component import Fault, read
from scheduler.calendars.contact import Contacts
from scheduler.calendars.content import mentions
from scheduler.calls.barring import Barring, barred_by
from scheduler.calls.call import Call, Key, PlannedCall
from scheduler.calls.calling_hours import CallingHours
from scheduler.calls.hours import FARTHEST
from scheduler.calls.plan import key_of, plan
from scheduler.calls.reconcile import ALREADY_PAST
from scheduler.database import Connection, Database
from scheduler.duties.replan import PlanRules
from scheduler.duties.sync import SyncedCalendar
from scheduler.errors import Problem, SourceError
from scheduler.ledger.appointments import select_calls_of_appointments
from scheduler.ledger.calls import select_calls
from scheduler.ledger.collections import Collection, StoredObject, select_collections, select_objects

log = logging.getLogger(__name__)

_STALE_AFTER = 3  # intervals without a fetch: no daemon keeps this calendar fresh
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
) -> View:
    """Every occurrence that starts, or rings, in [start, end); without a ledger by the calendars alone.

    :param mentioning: leave out the objects whose text doesn't have these words or this UID.
    """
    # What calling hours move into the window may have started long before it.
    reach_back = start - FARTHEST if rules.policy.hours.moves else start
    rows = {row.name: row for row in ledger.read(select_collections)} if ledger else {}
    troubles: list[Problem] = []
    faults: list[tuple[str, Fault]] = []
    agendas = []
    looked_at = 0
    for calendar in calendars:
        name = calendar.source.name
        objects = _objects(ledger, calendar, rows.get(name), now, troubles)
        objects = [one for one in objects if mentions(one.data, mentioning)]
        agenda = read_agenda(
            ((one.href, one.data) for one in objects),
            next(one for one in rules.calendars if one.collection == name),
            rules.company,
            contacts,
            rules.zones[name],
            start=reach_back,
            end=end,
        )
        agendas.append(agenda)
        faults.extend((name, fault) for fault in (*agenda.faults, *_held(objects)))
        looked_at += len(objects)
    recorded = ledger.read(_recorded, reach_back - timedelta(days=2), end) if ledger else {}
    entries = _entries(agendas, recorded, rules, barring, now)
    return View(
        entries=tuple(one for one in entries if _belongs(one, start)),
        troubles=tuple(troubles),
        faults=tuple(faults),
        objects=looked_at,
    )


def _belongs(entry: Entry, start: datetime) -> bool:
    return entry.starts_at >= start or (entry.due_at >= start and entry.state != "not_ringing")


def _objects(
    ledger: Database | None,
    calendar: SyncedCalendar,
    row: Collection | None,
    now: datetime,
    troubles: list[Problem],
) -> list[StoredObject]:
    """The calendar as the daemon last fetched it, or, where no daemon keeps it fresh, as it is now."""
    name = calendar.source.name
    fresh = row is not None and now - row.tried_at < _STALE_AFTER * calendar.every
    if row is not None and row.problem and fresh:
        troubles.append(Problem(where=f"calendar {name}", what=row.problem))
    if not fresh:
        try:
            found = calendar.source.fetch(None, {}).changed
            return [StoredObject(href=one.href, etag=one.etag, data=one.data) for one in found]
        except SourceError as error:
            troubles.append(Problem(where=f"calendar {name}", what=error.reason, remedy=error.remedy))
    return list(ledger.read(select_objects, name)) if ledger else []


def _held(objects: Iterable[StoredObject]) -> Iterator[Fault]:
    """What became unreadable, for each event that it held."""
    for one in objects:
        if one.problem:
            components, _ = read(one.href, one.data)
            yield from (Fault(href=one.href, uid=each.uid, reason=one.problem) for each in components)


def _problem(collection: str, fault: Fault) -> Problem:
    return Problem(where=f"calendar {collection}, event {fault.uid or fault.href}", what=fault.reason)


def _recorded(connection: Connection, start: datetime, end: datetime) -> dict[tuple[Key, datetime], Call]:
    calls = {call.id: call for call in select_calls(connection, since=start, until=end, limit=_MOST)}
    keys = select_calls_of_appointments(connection, start, end)
    return {key: calls[call_id] for key, call_id in keys.items() if call_id in calls}


def _entries(
    agendas: Iterable[Agenda],
    recorded: Mapping[tuple[Key, datetime], Call],
    rules: PlanRules,
    barring: Barring,
    now: datetime,
) -> tuple[Entry, ...]:
    agendas = tuple(agendas)
    appointments = [one for agenda in agendas for one in agenda.appointments]
    wanted = {key: call for call in plan(appointments, rules.policy) for key in call.keys}
    entries = [
        _entry(agenda.collection, derivation, recorded, wanted, barring, rules.policy.hours, now)
        for agenda in agendas
        for derivation in agenda.derivations
    ]
    return tuple(sorted(entries, key=lambda entry: (entry.due_at, entry.collection)))


def _entry(
    collection: str,
    derivation: Derivation,
    recorded: Mapping[tuple[Key, datetime], Call],
    wanted: Mapping[Key, PlannedCall],
    barring: Barring,
    hours: CallingHours,
    now: datetime,
) -> Entry:
    appointment = derivation.appointment
    if appointment is None:
        state, reason, call, planned = "not_ringing", derivation.reason, None, None
    else:
        planned = wanted[key_of(appointment)]
        call = recorded.get((key_of(appointment), planned.asked_at))
        state, reason = _prospects(appointment, planned, call, barring, hours, now)
    return Entry(
        collection=collection, derivation=derivation, call=call, wanted=planned, state=state, reason=reason
    )


def _prospects(
    appointment: Appointment,
    planned: PlannedCall,
    call: Call | None,
    barring: Barring,
    hours: CallingHours,
    now: datetime,
) -> tuple[str, str]:
    """The state and, where it doesn't or won't ring by itself, why."""
    deciding = planned.leader or min(planned.keys)
    if call is not None and call.outcome is not None:
        return call.state, f"{call.outcome.words}: {call.reason}"
    if key_of(appointment) != deciding:
        return (
            "not_ringing",
            f"rings once, with the same call in calendar {deciding.collection} (uid {deciding.uid})",
        )
    if call is None and planned.asked_at < now:
        return "not_ringing", ALREADY_PAST
    skipped = hours.skipped(planned.origin, planned.destination, planned.asked_at)
    if barred := barred_by(planned.destination, barring) or skipped:
        return "not_ringing", f"will be barred: {barred}"
    told = hours.told(planned.origin, planned.destination, planned.asked_at, (call or planned).due_at)
    return ("planned", told) if call is None else (call.state, "; ".join(filter(None, (call.reason, told))))
