"""A diary: what a calendar's objects say for the coming time, object by object, as planning needs it.

It is kept in memory and outlives many fetches. So it holds nothing of the events that can't ring, and each page
says how far ahead it was written, so that only those are read again that changed or run out.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zlib import crc32

from scheduler.calendars.agenda import Zones, read_agenda
from scheduler.calendars.appointment import Appointment, Derivation
from scheduler.calendars.component import Fault
from scheduler.calendars.contact import Contacts
from scheduler.calendars.glance import Span, glance
from scheduler.calendars.settings import CalendarRules, Company

FOR_EVER = datetime.max.replace(tzinfo=UTC)

_MOST_AHEAD = 7  # days
_SURE = ("time", "availability", "status")  # the rules whose "no" nothing that can't be read would change


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """An occurrence that doesn't ring, and why; ``asks`` as in a :class:`Derivation`.

    ``sure`` is that it is silent whatever else the event says, as one that is cancelled.
    """

    uid: str
    recurrence_id: str
    starts_at: datetime
    asks: bool
    reason: str
    sure: bool = False
    summary: str = ""  # of one that asks


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one object says of everything that starts before ``known_until``."""

    known_until: datetime
    appointments: tuple[Appointment, ...] = ()
    silences: tuple[Silence, ...] = ()
    faults: tuple[Fault, ...] = ()

    def is_over(self, now: datetime) -> bool:
        """Whether it can be torn out: all of it was before ``now``."""
        told: tuple[Appointment | Silence, ...] = (*self.appointments, *self.silences)
        return self.known_until == FOR_EVER and not self.faults and all(one.starts_at < now for one in told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """By what a calendar's objects are read."""

    rules: CalendarRules
    company: Company
    contacts: Contacts
    zones: Zones
    planned: Container[str]  # UIDs that calls are planned of: why they no longer ring must be told

    def read_page(self, href: str, data: bytes, *, start: datetime, end: datetime) -> Page | None:
        """At least what starts in [start, end); None where nothing of it can ever ring from ``start`` on."""
        seen = glance(data)
        planned = seen.names_any(self.planned)
        if not planned and not seen.may_ask(self.rules, self.company):
            return None
        span = seen.span
        if not planned and span is not None and not span.meets(start, end):
            return Page(known_until=span.start) if span.start >= end else None
        return self._written(href, data, span, start, end)

    def _written(self, href: str, data: bytes, span: Span | None, start: datetime, end: datetime) -> Page:
        # Some further than others, so that not all of them run out on one day.
        known_until = end + timedelta(days=1 + crc32(href.encode()) % _MOST_AHEAD)
        agenda = read_agenda(
            [(href, data)], self.rules, self.company, self.contacts, self.zones, start=start, end=known_until
        )
        ends = span is not None and span.end is not None and span.end <= known_until
        return Page(
            known_until=FOR_EVER if ends else known_until,
            appointments=agenda.appointments,
            silences=tuple(_silence(one) for one in agenda.derivations if one.appointment is None),
            faults=agenda.faults,
        )


def _silence(derivation: Derivation) -> Silence:
    event = derivation.occurrence
    return Silence(
        uid=event.uid,
        recurrence_id=event.recurrence_id,
        starts_at=event.starts_at,
        asks=derivation.asks,
        reason=derivation.reason,
        sure=derivation.steps[-1].rule in _SURE,
        summary=event.summary if derivation.asks else "",
    )


@dataclass(slots=True, kw_only=True)
class Diary:
    """One calendar's pages by href; ``start`` is where the one that was written last begins."""

    collection: str
    start: datetime
    pages: dict[str, Page] = field(default_factory=dict)

    def put(self, href: str, page: Page | None) -> None:
        if page is None:
            self.pages.pop(href, None)
        else:
            self.pages[href] = page

    def running_out(self, end: datetime, margin: timedelta, at_once: int) -> list[str]:
        """The objects to read again: all that aren't known up to ``end``, and some that soon won't be."""
        due = sorted(
            (page.known_until, href) for href, page in self.pages.items() if page.known_until < end + margin
        )
        return [href for number, (until, href) in enumerate(due) if until < end or number < at_once]

    def tear_out(self, now: datetime) -> None:
        """Forget what is over."""
        self.pages = {href: page for href, page in self.pages.items() if not page.is_over(now)}

    @property
    def appointments(self) -> Iterator[Appointment]:
        return (one for page in self.pages.values() for one in page.appointments)

    @property
    def silences(self) -> Iterator[Silence]:
        return (one for page in self.pages.values() for one in page.silences)

    @property
    def faults(self) -> Iterator[Fault]:
        return (one for page in self.pages.values() for one in page.faults)
