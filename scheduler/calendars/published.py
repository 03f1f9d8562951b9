"""Calls as an ICS feed that any calendar program subscribes to (RFC 5545; REFRESH-INTERVAL is RFC 7986)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from icalendar import Calendar, Event, vDuration

_REFRESH = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCall:
    """One call as subscribers see it; instants are UTC."""

    uid: str
    title: str
    text: str
    starts_at: datetime
    length: timedelta  # of the conversation; none takes no time
    cancelled: bool
    sequence: int
    changed_at: datetime


def write_feed(name: str, calls: Iterable[PublishedCall]) -> bytes:
    """The same bytes for the same calls, so that a digest of them tells whether anything is news."""
    feed = Calendar()
    feed.add("PRODID", "-//call-scheduler//calls//EN")
    feed.add("VERSION", "2.0")
    feed.add("X-WR-CALNAME", name)
    feed.add("REFRESH-INTERVAL", _REFRESH, parameters={"VALUE": "DURATION"})
    feed.add("X-PUBLISHED-TTL", vDuration(_REFRESH))  # Outlook's name of the same
    for call in calls:
        feed.add_component(_event(call))
    return bytes(feed.to_ical())


def _event(call: PublishedCall) -> Event:
    event = Event()
    event.add("UID", call.uid)
    # Not the time of this answer: without METHOD it is when the event was last changed (RFC 5545, 3.8.7.2).
    event.add("DTSTAMP", call.changed_at)
    event.add("LAST-MODIFIED", call.changed_at)
    event.add("SEQUENCE", call.sequence)
    event.add("DTSTART", call.starts_at)
    if call.length:
        event.add("DURATION", call.length)
    event.add("SUMMARY", call.title)
    event.add("DESCRIPTION", call.text)
    event.add("STATUS", "CANCELLED" if call.cancelled else "CONFIRMED")
    event.add("TRANSP", "TRANSPARENT")  # the appointment itself takes the time, in its own calendar
    return event
