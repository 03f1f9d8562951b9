"""Whether an occurrence may ring at all, whether it asks for a call, and whether its author may ask."""

from __future__ import annotations

from scheduler.calendars.occurrence import Occurrence, Person
from scheduler.calendars.settings import Asks, CalendarRules, Company, Manager
from scheduler.calendars.verdict import Verdict
from scheduler.calendars.wording import fold, rests_after
from scheduler.phone import looks_like_number

_NOT_AT_WORK = {
    "OOF": "out of office",
    "WORKINGELSEWHERE": "working elsewhere",
    "FREE": "shown as free",
}


def look_at_length(occurrence: Occurrence) -> Verdict[bool]:
    if occurrence.all_day:
        return Verdict(None, "an all-day event never rings: give it a time")
    return Verdict(True, "it starts at a time")


def look_at_availability(occurrence: Occurrence) -> Verdict[bool]:
    """TRANSP (RFC 5545, 3.8.2.7) and Outlook's busy status."""
    if occurrence.transparent:
        return Verdict(None, "it is shown as free (TRANSP:TRANSPARENT), which never rings")
    if away := _NOT_AT_WORK.get(occurrence.busy_status):
        return Verdict(None, f"it is {away}, which never rings")
    return Verdict(True, "it is shown as busy")


def look_at_status(occurrence: Occurrence, company: Company) -> Verdict[bool]:
    if occurrence.status == "CANCELLED":
        return Verdict(None, "it is cancelled")
    if rests_after(occurrence.summary, company.cancelled_prefixes):
        return Verdict(None, "its title says that it is cancelled")
    return Verdict(True, "it isn't cancelled")


def look_at_decline(occurrence: Occurrence, rules: CalendarRules, company: Company) -> Verdict[bool]:
    """Of the organizer and the calendar's owner, who are managers, a "no" is final; else every manager's is."""
    declined = [manager for manager in managers_among(occurrence, company) if manager in _no(occurrence, company)]
    organizer = company.manager_of(occurrence.organizer.email) if occurrence.organizer else None
    for manager in declined:
        if manager in (organizer, company.manager_at(rules.origin)):
            return Verdict(None, f"{manager.name} has declined it")
    if organizer is None and declined and declined == managers_among(occurrence, company):
        return Verdict(None, f"{' and '.join(manager.name for manager in declined)} declined it")
    return Verdict(True, "no manager who matters has declined it")


def find_mark(occurrence: Occurrence, rules: CalendarRules, company: Company) -> Verdict[str]:
    """How the event asks for a call (rule 11)."""
    wanted = {fold(category) for category in rules.categories}
    for category in occurrence.categories:
        if fold(category) in wanted:
            return _mark(f"its category is {category!r}")
    if rests_after(occurrence.summary, company.prefixes):
        return _mark("its title begins with a word for calling")
    for where, text in (("LOCATION", occurrence.location), ("URL", occurrence.url)):
        if looks_like_number(text):
            return _mark(f"its {where} is a phone number")
    if rules.asks is Asks.ALL:
        return _mark("every event of this calendar asks for a call")
    return Verdict(
        None,
        "it doesn't ask for a call: begin its title with 'Call', give it such a category, "
        "or write the number in its location",
    )


def look_at_author(occurrence: Occurrence, company: Company) -> Verdict[bool]:
    """Strangers (rule 10): without an ORGANIZER it is the owner's own event."""
    organizer = occurrence.organizer
    if organizer is None:
        return Verdict(True, "it has no organizer: it is the calendar owner's own")
    if company.manager_of(organizer.email):
        return Verdict(True, "its organizer is a manager")
    if company.trusts(organizer.email):
        return Verdict(True, "its organizer is in a trusted domain")
    for person in occurrence.attendees:
        if person.partstat == "ACCEPTED" and company.manager_of(person.email):
            return Verdict(True, "a stranger organised it, and a manager has accepted it")
    author = organizer.email or organizer.name or "somebody without an address"
    return Verdict(
        None, f"{author} organised it, who is no manager and in no trusted domain: it rings once a manager accepts"
    )


def managers_among(occurrence: Occurrence, company: Company) -> list[Manager]:
    """The managers who attend, each once, in the order of the event."""
    return _managers(occurrence.attendees, company)


def managers_coming(occurrence: Occurrence, company: Company) -> list[Manager]:
    """The managers who attend and haven't declined."""
    declined = _no(occurrence, company)
    return [manager for manager in managers_among(occurrence, company) if manager not in declined]


def _no(occurrence: Occurrence, company: Company) -> list[Manager]:
    return _managers(tuple(p for p in occurrence.attendees if p.partstat == "DECLINED"), company)


def _managers(people: tuple[Person, ...], company: Company) -> list[Manager]:
    found = (company.manager_of(person.email) for person in people)
    return list(dict.fromkeys(manager for manager in found if manager is not None))


def _mark(finding: str) -> Verdict[str]:
    return Verdict(finding, f"it asks for a call: {finding}")
