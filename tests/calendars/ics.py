"""Calendars for tests: the samples, small ones written in place, and what they expand to."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from scheduler.calendars.component import Fault, read
from scheduler.calendars.expansion import expand
from scheduler.calendars.occurrence import Occurrence

SAMPLES = Path(__file__).parent.parent / "samples"
BRUSSELS = ZoneInfo("Europe/Brussels")
# Half a year around the changes of October 2026 and March 2027.
START = datetime(2026, 10, 1, tzinfo=UTC)
END = datetime(2027, 5, 1, tzinfo=UTC)


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.ics").read_bytes()


def calendar(*lines: str) -> bytes:
    """One event of these lines."""
    event = ("BEGIN:VEVENT", "UID:one@example.com", *lines, "END:VEVENT")
    return "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", *event, "END:VCALENDAR", "")).encode()


def expanded(
    data: bytes,
    start: datetime = START,
    end: datetime = END,
    *,
    floating_zone: ZoneInfo = BRUSSELS,
    zone_names: dict[str, str] | None = None,
) -> tuple[list[Occurrence], list[Fault]]:
    """Read and expand a whole file."""
    components, unreadable = read("/calendar/object.ics", data)
    occurrences: list[Occurrence] = []
    faults = list(unreadable)
    for component in components:
        found, refused = expand(component, start, end, floating_zone=floating_zone, zone_names=zone_names or {})
        occurrences.extend(found)
        faults.extend(refused)
    return occurrences, faults


def starts(data: bytes, floating_zone: ZoneInfo = BRUSSELS) -> list[str]:
    """``uid recurrence_id start`` of each occurrence, the start in UTC, of a calendar without faults."""
    occurrences, faults = expanded(data, floating_zone=floating_zone)
    assert not faults
    return [_line(each) for each in occurrences]


def starts_and_faulty(data: bytes) -> tuple[list[str], list[str]]:
    """The occurrences, and the UIDs with faults."""
    occurrences, faults = expanded(data)
    return [_line(each) for each in occurrences], [fault.uid.removesuffix("@example.com") for fault in faults]


def _line(each: Occurrence) -> str:
    uid = each.uid.removesuffix("@example.com")
    return " ".join(filter(None, (uid, each.recurrence_id, f"{each.starts_at:%Y-%m-%d %H:%M}")))
