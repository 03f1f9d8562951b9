"""Scenes written down as iCalendar (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.demo.scenes import Daily, Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A scene as its calendar has it just now."""

    scene: Scene
    starts_at: datetime
    written_at: datetime
    sequence: int = 0
    cancelled: bool = False


def calendar_text(entries: Iterable[Entry]) -> str:
    """One VCALENDAR with these entries; without any it is an empty calendar."""
    events = [line for entry in entries for line in _event(entry)]
    lines = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//call-scheduler//demo//EN", *events, "END:VCALENDAR")
    return "\r\n".join((*lines, ""))


def _event(entry: Entry) -> Iterator[str]:
    scene, starts_at = entry.scene, entry.starts_at
    daily = scene.daily
    if scene.all_day:
        yield from _vevent(entry, f"DTSTART;VALUE=DATE:{starts_at:%Y%m%d}")
    elif daily is None:
        yield from _vevent(entry, _start(starts_at))
    else:
        yield from _vevent(entry, *_series(daily, starts_at))
        yield from _vevent(entry, *_override(daily, starts_at))


def _vevent(entry: Entry, *when: str) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{entry.scene.uid}"
    yield f"DTSTAMP:{_utc(entry.written_at)}"
    yield f"SEQUENCE:{entry.sequence}"
    yield f"STATUS:{'CANCELLED' if entry.cancelled else 'CONFIRMED'}"
    yield f"SUMMARY:{entry.scene.title}"
    yield from when
    yield from entry.scene.lines
    yield "END:VEVENT"


def _series(daily: Daily, today: datetime) -> tuple[str, ...]:
    return (
        _start(today - timedelta(days=1)),
        f"RRULE:FREQ=DAILY;COUNT={daily.days}",
        f"EXDATE:{_utc(today + timedelta(days=daily.left_out))}",
    )


def _override(daily: Daily, today: datetime) -> tuple[str, ...]:
    original = today + timedelta(days=daily.moved)
    return (f"RECURRENCE-ID:{_utc(original)}", _start(original + daily.moved_by))


def _start(instant: datetime) -> str:
    return f"DTSTART:{_utc(instant)}"


def _utc(instant: datetime) -> str:
    return f"{instant:%Y%m%dT%H%M%SZ}"
