"""Occurrences: what one instance of an event says, whether it recurs or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An ORGANIZER or ATTENDEE (RFC 5545, 3.8.4.1 and 3.8.4.3)."""

    email: str  # lower case, without "mailto:"; "" where the address is no e-mail
    name: str = ""  # CN
    partstat: str = ""  # upper case; "" where the property has none
    sent_by: str = ""  # SENT-BY, as email: who acts in this person's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One instance of an event; ``(uid, recurrence_id)`` identifies it within its collection, for ever.

    ``recurrence_id`` is ``""`` where the event doesn't recur, else the instance's *original* start:
    ``YYYYMMDD`` for a date, ``YYYYMMDDTHHMMSSZ`` in UTC for a time (RFC 5545, 3.8.4.4).
    """

    uid: str
    recurrence_id: str
    starts_at: datetime  # UTC; of an all-day event midnight in its zone
    zone: str  # the IANA name it was written in, "UTC", or "" for a custom zone
    all_day: bool  # a DATE, or midnight to midnight in disguise
    own_offset: timedelta | None = None  # from UTC at its start, in a custom zone alone
    summary: str = ""
    description: str = ""
    location: str = ""
    url: str = ""
    categories: tuple[str, ...] = ()
    status: str = ""  # upper case
    transparent: bool = False
    busy_status: str = ""  # X-MICROSOFT-CDO-BUSYSTATUS, upper case: OOF, WORKINGELSEWHERE, FREE, …
    kind: str = ""  # X-GOOGLE-EVENT-TYPE, upper case: OUTOFOFFICE, FOCUSTIME, WORKINGLOCATION, …
    organizer: Person | None = None
    attendees: tuple[Person, ...] = ()
    sequence: int = 0
    last_modified: datetime | None = None

    @property
    def original_at(self) -> datetime | None:
        """Its start by its series, UTC; None where it doesn't recur, or by dates."""
        if not self.recurrence_id.endswith("Z"):
            return None
        return datetime.strptime(self.recurrence_id, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
