"""Telling the people with an appointment that it won't ring, or how its call failed: once for each reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from scheduler.calendars.agenda import Zones
from scheduler.calendars.component import read
from scheduler.calendars.diary import Silence
from scheduler.calendars.expansion import expand
from scheduler.calendars.settings import CalendarRules, Company, Manager
from scheduler.calls.alert import AlertKind
from scheduler.calls.call import Call, Key
from scheduler.database import Connection, Database
from scheduler.duties.alert import MAIL
from scheduler.ledger.appointments import select_keys_ever
from scheduler.ledger.calls import select_call
from scheduler.ledger.letters import NewLetter, insert_letter
from scheduler.ledger.people import select_stored_event
from scheduler.ledger.troubles import Happening

Silent = Callable[[datetime, datetime], Sequence[tuple[str, Silence]]]

_SOON = timedelta(days=1)
_PATIENCE = timedelta(minutes=2)  # somebody may still be writing the event
_MOMENT = timedelta(seconds=1)

_TO_DO = {
    AlertKind.MISSED: "ring the customer yourself, or move the event to another time",
    AlertKind.UNKNOWN: "the customer may have been rung: ask, before you ring again",
    AlertKind.BARRED: "this number may not be called; ask your admin if it should be",
    AlertKind.FAILED: "ring the customer yourself, or move the event to another time",
}
_WHAT = {
    AlertKind.MISSED: "was missed",
    AlertKind.UNKNOWN: "may have rung or not: nobody knows",
    AlertKind.BARRED: "was not placed: it is barred",
    AlertKind.FAILED: "failed",
}


class Tell(StrEnum):
    """When people are told."""

    OFF = "off"
    AT_ONCE = "at_once"
    DIGEST = "digest"  # once a day


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleSettings:
    """Who may be told, and when."""

    tell: Tell
    digest_at: time  # by the company's clocks
    zone: ZoneInfo
    company: Company
    rules: Mapping[str, CalendarRules]  # by collection
    zones: Mapping[str, Zones]


@dataclass(slots=True, kw_only=True)
class People:
    """Makes their letters. Strangers get none: an invitation could else make us mail anybody."""

    settings: PeopleSettings
    silent: Silent  # what starts in a stretch of time, asks for a call and won't ring
    _seen: dict[str, datetime] = field(default_factory=dict)  # silences, by the keys of their letters
    _told: set[str] = field(default_factory=set)  # those written since the start; the ledger refuses them again

    def letters_of(self, connection: Connection, happening: Happening, now: datetime) -> Iterator[NewLetter]:
        """What is told of a call that ended badly."""
        if self.settings.tell is Tell.OFF or happening.call_id is None or happening.kind not in _WHAT:
            return
        call = select_call(connection, happening.call_id)
        person = call and self._person_of(connection, call)
        if call is None or not person:
            return
        title = f"{call.summary} ({self._at(call.starts_at or call.asked_at)}) {_WHAT[happening.kind]}"
        key = f"event {happening.event_id}"
        yield self._letter(person, key, happening.kind, title, call.reason, _TO_DO[happening.kind], now)

    def run_once(self, ledger: Database, now: datetime) -> int:
        """Tell of what will not ring; how many are news."""
        if self.settings.tell is Tell.OFF:
            return 0
        present = {_key(collection, one): (collection, one) for collection, one in self.silent(now, now + _SOON)}
        self._seen = {key: self._seen.get(key, now) for key in present}
        self._told &= present.keys()
        news = [key for key, since in self._seen.items() if now - since >= _PATIENCE and key not in self._told]
        for key in news:
            ledger.write(self._tell_silence, key, *present[key], now)
            self._told.add(key)
        return len(news)

    def _tell_silence(
        self, connection: Connection, key: str, collection: str, silence: Silence, now: datetime
    ) -> None:
        for letter in self._letters_of_silence(connection, key, collection, silence, now):
            insert_letter(connection, letter, now)

    def _letters_of_silence(
        self, connection: Connection, key: str, collection: str, silence: Silence, now: datetime
    ) -> Iterator[NewLetter]:
        rules = self.settings.rules.get(collection)
        manager = self.settings.company.manager_at(rules.origin) if rules else None
        found = Key(collection=collection, uid=silence.uid, recurrence_id=silence.recurrence_id)
        person = self._organizer(connection, found, silence.starts_at) or _address(manager)
        if person:
            title = f"{silence.summary or 'An event'} ({self._at(silence.starts_at)}) will not ring"
            to_do = "mend the event, or the contact that it means; then nothing more is to be done"
            yield self._letter(person, key, "silent", title, silence.reason, to_do, now)

    def _letter(
        self, person: str, key: str, kind: str, title: str, why: str, to_do: str, now: datetime
    ) -> NewLetter:
        return NewLetter(
            recipient=MAIL + person,
            key=f"{key} for its organizer",
            kind=kind,
            title=title,
            body="\n".join(filter(None, (f"Why: {why}." if why else "", f"What to do: {to_do}."))),
            due_at=self._due(now),
        )

    def _due(self, now: datetime) -> datetime:
        if self.settings.tell is Tell.AT_ONCE:
            return now
        local = now.astimezone(self.settings.zone)
        due = datetime.combine(local.date(), self.settings.digest_at, self.settings.zone)
        return (
            due
            if due > now
            else datetime.combine(local.date() + timedelta(days=1), self.settings.digest_at, self.settings.zone)
        )

    def _at(self, at: datetime) -> str:
        return f"{at.astimezone(self.settings.zone):%a %d %b %H:%M}"

    def _person_of(self, connection: Connection, call: Call) -> str:
        """The organizer of one of its appointments, else the manager whose phone was to ring first."""
        at = call.starts_at or call.asked_at
        keys = sorted(select_keys_ever(connection, [call.id]).get(call.id, ()))
        organizers = (self._organizer(connection, key, at) for key in keys)
        return next(filter(None, organizers), "") or _address(self.settings.company.manager_at(call.origin))

    def _organizer(self, connection: Connection, key: Key, at: datetime) -> str:
        """Who organises the event at that time, if we know them."""
        zones = self.settings.zones.get(key.collection)
        if zones is None:
            return ""
        for href, data in select_stored_event(connection, key.collection, key.uid):
            for component in read(href, data)[0]:
                found, _ = expand(
                    component, at, at + _MOMENT, floating_zone=zones.floating, zone_names=zones.names
                )
                emails = [one.organizer.email for one in found if one.organizer and one.uid == key.uid]
                if emails and self.settings.company.knows(emails[0]):
                    return emails[0]
        return ""


def _key(collection: str, silence: Silence) -> str:
    at = silence.starts_at.isoformat()
    return f"{collection} {silence.uid} {silence.recurrence_id} {at}: {silence.reason}"


def _address(manager: Manager | None) -> str:
    return manager.emails[0] if manager else ""
