"""Whom an occurrence calls (the destination) and whose phone rings first (the origin)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scheduler.calendars.asking import find_stranger, managers_coming, managers_who_accepted
from scheduler.calendars.contact import Contact, Contacts, NoNumber
from scheduler.calendars.occurrence import Occurrence
from scheduler.calendars.settings import CalendarRules, Company, Manager
from scheduler.calendars.verdict import Verdict
from scheduler.calendars.wording import rests_after
from scheduler.errors import NumberError
from scheduler.phone import PhoneNumber, looks_like_number, read_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whose phone rings first; ``manager`` is ``None`` where the calendar's origin belongs to none."""

    origin: PhoneNumber
    manager: Manager | None


def find_destination(
    occurrence: Occurrence, call_numbers: tuple[str, ...], company: Company, contacts: Contacts
) -> Verdict[PhoneNumber]:
    """An explicit number, else an attendee's address, else the name in the title; both in the contacts.

    ``call_numbers`` are the values of the description's Call-Number lines.
    """
    declined = _declined_contacts(occurrence, company, contacts)
    return (
        _unless_declined(_by_number(occurrence, call_numbers, company), declined)
        or _by_attendee(occurrence, company, contacts)
        or _unless_declined(_by_name(occurrence, company, contacts), declined)
        or _nobody(occurrence, company, declined)
    )


def find_caller(occurrence: Occurrence, rules: CalendarRules, company: Company) -> Verdict[Caller]:
    """The organizer or the attendee who is a manager with a phone, else the calendar's origin.

    Of several managers who attend it is the one whose phone is the calendar's. A stranger's event never rings
    at a manager who hasn't accepted it, whoever stands there as its organizer.
    """
    organizer = _organizing_manager(occurrence, company)
    if organizer and organizer.origin:
        return Verdict(Caller(origin=organizer.origin, manager=organizer), f"{organizer.name} organises it")
    coming = [manager for manager in managers_coming(occurrence, company) if manager.origin]
    phones = {manager.origin for manager in coming}
    if len(phones) > 1 and rules.origin not in phones:
        names = " and ".join(manager.name for manager in coming)
        return Verdict(None, f"{names} attend it: nobody can tell whose phone is to ring first")
    for manager in coming:
        if manager.origin and (len(phones) == 1 or manager.origin == rules.origin):
            return Verdict(Caller(origin=manager.origin, manager=manager), f"{manager.name} attends it")
    return _calendars_own(occurrence, rules, company)


def _organizing_manager(occurrence: Occurrence, company: Company) -> Manager | None:
    if occurrence.organizer is None or find_stranger(occurrence, company):
        return None
    return company.manager_of(occurrence.organizer.email)


def _calendars_own(occurrence: Occurrence, rules: CalendarRules, company: Company) -> Verdict[Caller]:
    if rules.origin is None:
        return Verdict(
            None, "no manager organises or attends it: give the calendar an origin, or invite a manager"
        )
    owner = company.manager_at(rules.origin)
    if owner and find_stranger(occurrence, company) and owner not in managers_who_accepted(occurrence, company):
        return Verdict(None, f"a stranger organised it, and {owner.name}, whose phone it is, hasn't accepted it")
    return Verdict(Caller(origin=rules.origin, manager=owner), "it is the calendar's")


def _by_number(
    occurrence: Occurrence, call_numbers: tuple[str, ...], company: Company
) -> Verdict[PhoneNumber] | None:
    places: dict[PhoneNumber, str] = {}
    for place, text in _texts_meant_as_numbers(occurrence, call_numbers, company):
        try:
            places.setdefault(read_number(text, company.region), place)
        except NumberError as error:
            return Verdict(None, f"{place} {error}")
    if len(places) > 1:
        numbers = " and ".join(f"{number.masked} ({place})" for number, place in places.items())
        return Verdict(None, f"it names different numbers: {numbers}")
    return next((Verdict(number, f"it is the number of its {place}") for number, place in places.items()), None)


def _texts_meant_as_numbers(
    occurrence: Occurrence, call_numbers: tuple[str, ...], company: Company
) -> Iterator[tuple[str, str]]:
    """Where each stands, and the text; a Call-Number line is always meant as one."""
    for place, text in (("LOCATION", occurrence.location), ("URL", occurrence.url)):
        if looks_like_number(text):
            yield place, text
    yield from (("title", text) for text in _called_in_title(occurrence, company) if looks_like_number(text))
    yield from (("Call-Number", text) for text in call_numbers)


def _called_in_title(occurrence: Occurrence, company: Company) -> tuple[str, ...]:
    """What the title may name: the rest after each prefix, and the whole of it ("Anna Janssens" alone)."""
    return (*rests_after(occurrence.summary, company.prefixes), occurrence.summary.strip())


def _by_attendee(occurrence: Occurrence, company: Company, contacts: Contacts) -> Verdict[PhoneNumber] | None:
    """The one guest in the contacts; a decliner, a manager and whom no contact is known of are passed over."""
    declined = _guests(occurrence, company, declined=True)
    guests = [email for email in _guests(occurrence, company, declined=False) if email not in declined]
    known = [email for email in guests if contacts.by_email(email)]
    choices = {contacts.number_among(contacts.by_email(email), "address") for email in known}
    if len(choices) > 1:
        return Verdict(None, f"several guests are in the contacts: {', '.join(known)}; write the number of one")
    return next((_verdict(choice, f"{known[0]} attends it") for choice in choices), None)


def _by_name(occurrence: Occurrence, company: Company, contacts: Contacts) -> Verdict[PhoneNumber] | None:
    names = _called_in_title(occurrence, company)
    found = tuple(dict.fromkeys(contact for name in names for contact in contacts.by_name(name)))
    if not found:
        return None
    return _verdict(contacts.number_among(found, "name"), f"{found[0].name} is named in its title")


def _nobody(occurrence: Occurrence, company: Company, declined: list[Contact]) -> Verdict[PhoneNumber]:
    if declined:
        return Verdict(None, f"nobody to call: {declined[0]} has declined it")
    name = next(filter(None, _called_in_title(occurrence, company)), "")
    unknown = f"no contact is named {name!r}, and " if name else ""
    return Verdict(None, f"nobody to call: {unknown}it has neither a number nor a guest of the contacts")


def _unless_declined(found: Verdict[PhoneNumber] | None, declined: list[Contact]) -> Verdict[PhoneNumber] | None:
    """A guest who has declined isn't called under a number or name that the event gives as well."""
    for contact in declined:
        if found and found.value and found.value in {own.number for own in contact.numbers}:
            return Verdict(None, f"{contact} has declined it")
    return found


def _verdict(choice: PhoneNumber | NoNumber, finding: str) -> Verdict[PhoneNumber]:
    return Verdict(None, choice.reason) if isinstance(choice, NoNumber) else Verdict(choice, finding)


def _declined_contacts(occurrence: Occurrence, company: Company, contacts: Contacts) -> list[Contact]:
    emails = _guests(occurrence, company, declined=True)
    return [contact for email in emails for contact in contacts.by_email(email)]


def _guests(occurrence: Occurrence, company: Company, *, declined: bool) -> list[str]:
    """The addresses of the attendees, and of a customer who organises it, without the managers."""
    people = list(occurrence.attendees)
    organizer = occurrence.organizer
    if organizer and not company.trusts(organizer.email):
        people.append(organizer)
    emails = (person.email for person in people if (person.partstat == "DECLINED") is declined)
    return list(dict.fromkeys(email for email in emails if email and not company.manager_of(email)))
