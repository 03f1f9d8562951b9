"""What becomes of one event, told in one paragraph: when, whether, whom, and why."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from scheduler.calendars.asking import ASKS_BECAUSE
from scheduler.calendars.component import Fault
from scheduler.calendars.occurrence import Occurrence
from scheduler.calls.call import Call, PlannedCall
from scheduler.duration import spell_duration
from scheduler.duties.look import Entry
from scheduler.vca import Presentation


def tell(entry: Entry, company_zone: ZoneInfo) -> str:
    """The decision on one occurrence; times in the event's zone and, where they differ, the company's."""
    return " ".join(
        filter(
            None,
            (
                _start(entry, company_zone),
                _verdict(entry),
                _ringing(entry, company_zone),
                _state(entry),
                _age(entry),
            ),
        )
    )


def tell_fault(collection: str, fault: Fault) -> str:
    """Why an event, or a part of it, says nothing."""
    return f"Event {fault.name} in calendar {collection} has a fault: {fault.reason}."


def _start(entry: Entry, company_zone: ZoneInfo) -> str:
    occurrence = entry.derivation.occurrence
    title = f"“{occurrence.summary}”" if occurrence.summary else "An event without a title"
    if occurrence.all_day:
        day = occurrence.starts_at.astimezone(_zone(occurrence, company_zone))
        return f"{title} in calendar {entry.collection} lasts all day, from {day:%a %d %b %Y}."
    starts = _moment(occurrence.starts_at, _zone(occurrence, company_zone), company_zone)
    return f"{title} in calendar {entry.collection} starts on {starts}{_moved(occurrence, company_zone)}."


def _moved(occurrence: Occurrence, company_zone: ZoneInfo) -> str:
    original = occurrence.original_at
    if original is None or original == occurrence.starts_at:
        return ""
    # A zone without a name had perhaps another offset then.
    zone = _zone(occurrence, company_zone) if occurrence.zone else company_zone
    return f"; by its series it would start on {_moment(original, zone, company_zone)}"


def _zone(occurrence: Occurrence, company_zone: ZoneInfo) -> tzinfo:
    """The event's own; of one that the calendar defines the offset that it has at the event's start."""
    if occurrence.zone:
        return ZoneInfo(occurrence.zone)
    return company_zone if occurrence.own_offset is None else timezone(occurrence.own_offset)


def _zone_name(zone: tzinfo) -> str:
    return zone.key if isinstance(zone, ZoneInfo) else f"by the calendar's own time zone, {zone.tzname(None)}"


def _moment(instant: datetime, zone: tzinfo, company_zone: ZoneInfo) -> str:
    own, company = instant.astimezone(zone), instant.astimezone(company_zone)
    text = f"{own:%a %d %b %Y} at {_clock(own)}"
    if own.replace(tzinfo=None) == company.replace(tzinfo=None):
        return f"{text} {zone if isinstance(zone, ZoneInfo) else company_zone}"
    day = "" if own.date() == company.date() else f"{company:%a %d %b} at "
    return f"{text} {_zone_name(zone)} ({day}{_clock(company)} {company_zone.key})"


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"


def _verdict(entry: Entry) -> str:
    derivation = entry.derivation
    if not derivation.asks:
        return f"It doesn't ring, since {derivation.reason}."
    found = _findings(entry)
    if "asking" not in found:
        # Its calendar lost it, and the brake holds its call.
        return f"But {derivation.steps[-1].finding}."
    asks = f"It asks for a call: {found['asking'].removeprefix(ASKS_BECAUSE)}, and {found['author']}."
    return f"{asks} But it doesn't ring: {entry.reason}." if entry.state == "not_ringing" else asks


def _ringing(entry: Entry, company_zone: ZoneInfo) -> str:
    call = entry.call or entry.wanted
    if call is None or entry.state == "not_ringing":
        return ""
    found = _findings(entry)
    rings = "rings" if entry.state == "planned" else "was to ring"
    return (
        f"It {rings} {_due(entry, call.due_at, company_zone)}: first {call.origin}{_since(found, 'origin')}, "
        f"then {call.destination}{_since(found, 'destination')}. {_display(call, found)}"
    )


def _since(found: dict[str, str], rule: str) -> str:
    return f" ({found[rule]})" if rule in found else ""


def _due(entry: Entry, due_at: datetime, company_zone: ZoneInfo) -> str:
    lead = entry.starts_at - due_at
    if not lead:
        return "then"
    due = _moment(due_at, _zone(entry.derivation.occurrence, company_zone), company_zone)
    return f"{spell_duration(abs(lead))} {'before' if lead > timedelta(0) else 'after'} that, on {due}"


def _display(call: Call | PlannedCall, found: dict[str, str]) -> str:
    if call.presentation is Presentation.RESTRICTED:
        return "The customer sees no number: it is restricted."
    number = call.cli or call.origin
    return (
        f"{found['cli'].capitalize()}, {number}." if "cli" in found else f"The number on the display is {number}."
    )


def _state(entry: Entry) -> str:
    call = entry.call
    if entry.state == "not_ringing":
        return ""
    if call is None:
        return f"It is {entry.reason}." if entry.reason else ""
    if call.outcome is not None:
        return f"Call {call.id} has ended: {entry.reason}."
    return f"Call {call.id} is {call.state.value}" + (f": {entry.reason}." if entry.reason else ".")


def _age(entry: Entry) -> str:
    return f"{entry.stale[0].upper()}{entry.stale[1:]}." if entry.stale else ""


def _findings(entry: Entry) -> dict[str, str]:
    return {step.rule: step.finding for step in entry.derivation.steps}
