"""Whether an occurrence may ring at all, whether it asks for a call, and whether its author may ask."""

from __future__ import annotations

from scheduler.calendars.occurrence import Occurrence, Person
from scheduler.calendars.settings import Asks, CalendarRules, Company, Manager
from scheduler.calendars.verdict import Verdict
from scheduler.calendars.wording import fold, rests_after
from scheduler.phone import looks_like_number

ASKS_BECAUSE = "it asks for a call: "
_NOT_AT_WORK = {
    "OOF": "out of office",
    "WORKINGELSEWHERE": "working elsewhere",
    "FREE": "shown as free",
}
# Google's own feeds tell these by their title alone; what reads its API writes the type.
_NO_MEETING = {
    "OUTOFOFFICE": "out of office",
    "FOCUSTIME": "focus time",
    "WORKINGLOCATION": "a working location",
}


def look_at_length(occurrence: Occurrence) -> Verdict[bool]:
    if occurrence.all_day:
        return Verdict(None, "an all-day event never rings: give it a time")
    return Verdict(True, "it starts at a time")


def look_at_availability(occurrence: Occurrence) -> Verdict[bool]:
    """TRANSP (RFC 5545, 3.8.2.7), Outlook's busy status and Google's type of event."""
    if occurrence.transparent:
        return Verdict(None, "it is shown as free (TRANSP:TRANSPARENT), which never rings")
    if away := _NOT_AT_WORK.get(occurrence.busy_status) or _NO_MEETING.get(occurrence.kind):
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
        return Verdict(None, f"{_names(declined)} declined it")
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
    if occurrence.organizer is None:
        return Verdict(True, "it has no organizer, so it is the calendar owner's own")
    stranger = find_stranger(occurrence, company)
    if not stranger:
        who = "a manager" if company.manager_of(occurrence.organizer.email) else "in a trusted domain"
        return Verdict(True, f"its organizer is {who}")
    if accepted := managers_who_accepted(occurrence, company):
        return Verdict(True, f"{stranger}, a stranger, organised it, and {_names(accepted)} accepted it")
    return Verdict(
        None,
        f"{stranger} organised it, who is no manager and in no trusted domain: {_remedy(occurrence, company)}",
    )


def find_stranger(occurrence: Occurrence, company: Company) -> str:
    """Who made the event and may not ask for calls, in words; "" where there is no such person.

    Who acts for the organizer (SENT-BY) counts too: else anybody could write a manager's name above it.
    """
    organizer = occurrence.organizer
    if organizer is None:
        return ""
    if not company.knows(organizer.email):
        return organizer.email or organizer.name or "somebody without an address"
    if organizer.sent_by and not company.knows(organizer.sent_by):
        return f"{organizer.sent_by}, in the name of {organizer.email},"
    return ""


def _remedy(occurrence: Occurrence, company: Company) -> str:
    invited = managers_among(occurrence, company)
    if invited:
        return f"it rings once {' or '.join(manager.name for manager in invited)} accepts it"
    return "it invites no manager who could accept it"


def managers_among(occurrence: Occurrence, company: Company) -> list[Manager]:
    """The managers who attend, each once, in the order of the event."""
    return _managers(occurrence.attendees, company)


def managers_coming(occurrence: Occurrence, company: Company) -> list[Manager]:
    """The managers who attend and haven't declined; of a stranger's event those who have accepted."""
    if find_stranger(occurrence, company):
        return managers_who_accepted(occurrence, company)
    declined = _no(occurrence, company)
    return [manager for manager in managers_among(occurrence, company) if manager not in declined]


def managers_who_accepted(occurrence: Occurrence, company: Company) -> list[Manager]:
    """By any of their addresses, and declined by none."""
    accepted = _managers(tuple(p for p in occurrence.attendees if p.partstat == "ACCEPTED"), company)
    declined = _no(occurrence, company)
    return [manager for manager in accepted if manager not in declined]


def _no(occurrence: Occurrence, company: Company) -> list[Manager]:
    return _managers(tuple(p for p in occurrence.attendees if p.partstat == "DECLINED"), company)


def _managers(people: tuple[Person, ...], company: Company) -> list[Manager]:
    found = (company.manager_of(person.email) for person in people)
    return list(dict.fromkeys(manager for manager in found if manager is not None))


def _names(managers: list[Manager]) -> str:
    return " and ".join(manager.name for manager in managers)


def _mark(finding: str) -> Verdict[str]:
    return Verdict(finding, f"{ASKS_BECAUSE}{finding}")
