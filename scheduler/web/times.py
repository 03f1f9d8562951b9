"""Times as the page shows them: in the company's zone, to the second, with the instant itself for programs."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from scheduler.web.form import FormRefused

_TIME = Markup('<time datetime="{}">{}</time>')


def day_of(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From the midnight before to the one after, by the clocks of ``zone``: 23 to 25 hours."""
    return span_of(now.astimezone(zone).date(), zone)


def span_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From midnight to midnight.

    :raises FormRefused: it is at an end of the calendar.
    """
    try:
        start, end = (datetime.combine(one, time(), zone) for one in (day, day + timedelta(days=1)))
        return start.astimezone(UTC), end.astimezone(UTC)
    except OverflowError:
        raise FormRefused(f"{day} is too far away") from None


def read_day(text: str) -> date | None:
    """What ``<input type="date">`` gives; None where it is empty.

    :raises FormRefused: it is no date.
    """
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise FormRefused(f"{text!r} is no date: write it as 2026-11-23") from None


def time_only(instant: datetime, zone: ZoneInfo) -> Markup:
    return _TIME.format(_machine(instant), f"{instant.astimezone(zone):%H:%M:%S}")


def hour_only(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%H:%M}"


def date_and_time(instant: datetime, zone: ZoneInfo) -> Markup:
    return _TIME.format(_machine(instant), f"{instant.astimezone(zone):%a %d %b %Y %H:%M:%S}")


def for_input(instant: datetime, zone: ZoneInfo) -> str:
    """As ``<input type="datetime-local">`` takes it."""
    return f"{instant.astimezone(zone):%Y-%m-%dT%H:%M}"


def _machine(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
