"""Derive an appointment from an occurrence, or the reason why there is none.

The settings that decide it are in ``settings.py``, the rules in ``asking.py`` and ``parties.py``; they are
asked here one after another, and the first that says no ends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scheduler.calendars import asking
from scheduler.calendars.call_lines import CallLines, read_call_lines, read_lead, read_presentation
from scheduler.calendars.contact import Contacts
from scheduler.calendars.occurrence import Occurrence
from scheduler.calendars.parties import Caller, find_caller, find_destination
from scheduler.calendars.settings import Asks, CalendarRules, Company, Manager
from scheduler.calendars.verdict import Step, Verdict, Walk
from scheduler.duration import spell_duration
from scheduler.phone import PhoneNumber
from scheduler.vca import Presentation

__all__ = ["Appointment", "Asks", "CalendarRules", "Company", "Derivation", "Manager", "Step", "derive"]

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """An occurrence that asks for a call, and everything the call needs; its key is that of rule 5."""

    collection: str
    uid: str
    recurrence_id: str
    asked_at: datetime  # UTC: the start, less the lead
    starts_at: datetime  # UTC
    origin: PhoneNumber
    destination: PhoneNumber
    cli: PhoneNumber | None
    presentation: Presentation
    summary: str
    sequence: int
    last_modified: datetime | None

    @property
    def version(self) -> tuple[int, datetime]:
        """What tells the newer of two (rule 5)."""
        return self.sequence, self.last_modified or _NEVER

    @property
    def rank(self) -> tuple[tuple[int, datetime], datetime, PhoneNumber, PhoneNumber]:
        """Which of two with one key counts: the highest; never a matter of the order in which they were read."""
        return self.version, self.starts_at, self.destination, self.origin

    @property
    def slot(self) -> tuple[PhoneNumber, PhoneNumber, datetime]:
        return self.origin, self.destination, self.asked_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """What became of an occurrence; ``reason`` is ``""`` exactly where there is an appointment.

    ``asks`` tells whether it asked for a call, so that a reason beside it is a problem to mend; an event that
    could never ring (all-day, cancelled, declined, a stranger's) asks for none.
    """

    occurrence: Occurrence
    appointment: Appointment | None
    asks: bool
    reason: str
    steps: tuple[Step, ...]


def derive(occurrence: Occurrence, rules: CalendarRules, company: Company, contacts: Contacts) -> Derivation:
    """Decide whether the occurrence rings, when, and between whom; never raises."""
    walk = Walk()
    if not _asks(walk, occurrence, rules, company):
        return _without(walk, occurrence, asks=False)
    appointment = _appointment(walk, occurrence, rules, company, contacts)
    if appointment is None:
        return _without(walk, occurrence, asks=True)
    return Derivation(
        occurrence=occurrence, appointment=appointment, asks=True, reason="", steps=tuple(walk.steps)
    )


def _without(walk: Walk, occurrence: Occurrence, *, asks: bool) -> Derivation:
    """The last step is the one that said no."""
    steps = tuple(walk.steps)
    return Derivation(occurrence=occurrence, appointment=None, asks=asks, reason=steps[-1].finding, steps=steps)


def _asks(walk: Walk, occurrence: Occurrence, rules: CalendarRules, company: Company) -> bool:
    return bool(
        walk.take("time", asking.look_at_length(occurrence))
        and walk.take("availability", asking.look_at_availability(occurrence))
        and walk.take("status", asking.look_at_status(occurrence, company))
        and walk.take("declined", asking.look_at_decline(occurrence, rules, company))
        and walk.take("asking", asking.find_mark(occurrence, rules, company))
        and walk.take("author", asking.look_at_author(occurrence, company))
    )


def _appointment(
    walk: Walk, occurrence: Occurrence, rules: CalendarRules, company: Company, contacts: Contacts
) -> Appointment | None:
    lines = read_call_lines(occurrence.description)
    if lines.misspelt:
        misspelt: Verdict[CallLines] = Verdict(None, lines.misspelt[0])
        walk.take("lines", misspelt)
        return None
    destination = walk.take("destination", find_destination(occurrence, lines.numbers, company, contacts))
    if destination is None:
        return None
    caller = walk.take("origin", _not_themselves(find_caller(occurrence, rules, company), destination))
    if caller is None:
        return None
    asked_at = walk.take("lead", _asked_at(occurrence, lines, rules, company))
    if asked_at is None:
        return None
    presentation = walk.take("presentation", _presentation(lines, rules))
    if presentation is None:
        return None
    cli = _cli(caller, rules, company)
    walk.take("cli", cli)
    return Appointment(
        collection=rules.collection,
        uid=occurrence.uid,
        recurrence_id=occurrence.recurrence_id,
        asked_at=asked_at,
        starts_at=occurrence.starts_at,
        origin=caller.origin,
        destination=destination,
        cli=cli.value,
        presentation=presentation,
        summary=occurrence.summary,
        sequence=occurrence.sequence,
        last_modified=occurrence.last_modified,
    )


def _not_themselves(caller: Verdict[Caller], destination: PhoneNumber) -> Verdict[Caller]:
    if caller.value and caller.value.origin == destination:
        return Verdict(None, f"{destination.masked} would call itself: origin and destination are one number")
    return caller


def _asked_at(
    occurrence: Occurrence, lines: CallLines, rules: CalendarRules, company: Company
) -> Verdict[datetime]:
    """The start less the lead: the event's own, else the calendar's, else the company's."""
    try:
        lead = read_lead(lines.leads)
        if lead is None:
            lead = company.lead if rules.lead is None else rules.lead
        return Verdict(occurrence.starts_at - lead, _spell_lead(lead))
    except ValueError as fault:
        return Verdict(None, f"its Call-Lead can't be read: {fault}")
    except OverflowError:
        return Verdict(None, "its lead reaches back before the first year")


def _spell_lead(lead: timedelta) -> str:
    return f"it rings {spell_duration(lead)} before its start" if lead else "it rings at its start"


def _presentation(lines: CallLines, rules: CalendarRules) -> Verdict[Presentation]:
    try:
        presentation = read_presentation(lines.presentations) or rules.presentation
    except ValueError as fault:
        return Verdict(None, f"its Call-Presentation can't be read: {fault}")
    return Verdict(presentation, f"showing the number is {presentation.value.lower()}")


def _cli(caller: Caller, rules: CalendarRules, company: Company) -> Verdict[PhoneNumber]:
    """The manager's, else the calendar's, else the company's; there may be none."""
    if caller.manager and caller.manager.cli:
        return Verdict(caller.manager.cli, "the number on the display is the manager's")
    if rules.cli:
        return Verdict(rules.cli, "the number on the display is the calendar's")
    if company.cli:
        return Verdict(company.cli, "the number on the display is the company's")
    return Verdict(None, "the number on the display is the origin's own")
