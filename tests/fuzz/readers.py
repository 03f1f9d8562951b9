"""The readers of what strangers write, each as a function that takes bytes and must not raise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from scheduler.calendars.agenda import Agenda, Zones, read_agenda
from scheduler.calendars.contact import Contact, ContactNumber, Contacts
from scheduler.calendars.feed import split
from scheduler.calendars.settings import CalendarRules, Company, Manager
from scheduler.calendars.spreadsheet import CsvColumns, read_csv
from scheduler.calendars.vcard import read_vcards
from scheduler.phone import PhoneNumber

_ORIGIN = PhoneNumber("+3228160257")
_MANAGER = Manager(name="Mia", emails=("mia@example.com",), origin=_ORIGIN)
_COMPANY = Company(region="BE", cli=_ORIGIN, managers=(_MANAGER,), trusted_domains=("example.com",))
_ANNA = Contact(
    name="Anna Peeters",
    emails=("anna@example.com",),
    numbers=(ContactNumber(number=PhoneNumber("+32468373901")),),
    source="contacts.csv, line 2",
)
_ZONES = Zones(floating=ZoneInfo("Europe/Brussels"))


def read_calendar(data: bytes) -> None:
    """As an object of a CalDAV collection, and as a feed that is split first."""
    agenda = _agenda([("/calendar/object.ics", data)])
    assert all(fault.reason for fault in agenda.faults)
    assert all(one.appointment or one.reason for one in agenda.derivations)
    objects: list[tuple[str, bytes]] = []
    with suppress(ValueError):  # it isn't a whole calendar, which a feed must be
        objects = [(each.href, each.data) for each in split(data).objects]
    _agenda(objects)


def _agenda(objects: list[tuple[str, bytes]]) -> Agenda:
    return read_agenda(
        objects,
        CalendarRules(collection="mia", origin=_ORIGIN),
        _COMPANY,
        Contacts([_ANNA]),
        _ZONES,
        start=datetime(2026, 12, 28, tzinfo=UTC),
        end=datetime(2027, 2, 1, tzinfo=UTC),
    )


def read_cards(data: bytes) -> None:
    contacts, problems = read_vcards(data, name="contacts.vcf", region="BE")
    assert all(contact.source for contact in contacts)
    assert all(problem.where and problem.what for problem in problems)


def read_rows(data: bytes) -> None:
    contacts, problems = read_csv(data, name="contacts.csv", region="BE", columns=CsvColumns())
    assert all(contact.source for contact in contacts)
    assert all(problem.where and problem.what for problem in problems)


READERS: Mapping[str, Callable[[bytes], None]] = {"ics": read_calendar, "vcf": read_cards, "csv": read_rows}
