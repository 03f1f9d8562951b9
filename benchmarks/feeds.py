"""Calendars as big companies have them, made up from a fixed seed: ICS files for the benchmarks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

_SEED = 5545
_ZONES = ("Europe/Brussels", "Europe/Brussels", "Europe/London", "America/New_York", "Customized Time Zone")
_WORDS = (
    "agenda",
    "budget",
    "review",
    "offer",
    "site",
    "visit",
    "contract",
    "planning",
    "quarter",
    "delivery",
    "customer",
)
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR")
_BACK = timedelta(days=4 * 365)  # the oldest event; most of a calendar is history
_AHEAD = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """How many of a hundred events are what."""

    series: int = 8
    overrides: int = 4  # changed instances of the series before them
    all_day: int = 6
    calls: int = 5
    description: int = 430  # letters of a description, at the mean


USUAL = Mix()
SERIES_ALONE = Mix(series=100, overrides=0, all_day=0, calls=20, description=100)


def write_feed(
    path: Path, count: int, now: datetime, mix: Mix = USUAL, *, stamp: datetime | None = None, changed: int = -1
) -> None:
    """Write ``count`` VEVENTs around ``now``, about 90 MB of the usual mix in 100 000.

    :param stamp: DTSTAMP of every event, which servers write anew at each fetch.
    :param changed: the number of an event that gets another title.
    """
    with path.open("wb") as file:
        file.write(_lines("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example.com//benchmark//EN", *_ZONE_LINES))
        for event in _events(count, now, mix, stamp or now, changed):
            file.write(event)
        file.write(b"END:VCALENDAR\r\n")


def _events(count: int, now: datetime, mix: Mix, stamp: datetime, changed: int) -> Iterator[bytes]:
    random = Random(_SEED)
    master: tuple[int, datetime] | None = None
    for number in range(count):
        kind = random.randrange(100)
        starts = now - _BACK + random.random() * (_BACK + _AHEAD)
        starts = starts.replace(minute=random.choice((0, 15, 30, 45)), second=0, microsecond=0)
        if kind < mix.series:
            master = (number, starts)
            when = _series(random, starts, now)
        elif kind < mix.series + mix.overrides and master is not None:
            number_of_master, first = master
            when = [f"RECURRENCE-ID:{_utc(first + timedelta(weeks=2))}", f"DTSTART:{_utc(starts)}"]
            yield _event(random, number_of_master, when, mix, stamp, number == changed)
            continue
        elif kind < mix.series + mix.overrides + mix.all_day:
            when = [f"DTSTART;VALUE=DATE:{starts:%Y%m%d}"]
        else:
            when = _timed(random, starts)
        yield _event(random, number, when, mix, stamp, number == changed)


def _series(random: Random, starts: datetime, now: datetime) -> list[str]:
    """Most repeat weekly; about half have ended."""
    rule = random.choice(
        (
            f"FREQ=WEEKLY;BYDAY={random.choice(_WEEKDAYS)}",
            f"FREQ=WEEKLY;INTERVAL=2;BYDAY={random.choice(_WEEKDAYS)}",
            "FREQ=WEEKLY",
            "FREQ=MONTHLY;BYDAY=1TU",
            "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR" if random.random() < 0.2 else "FREQ=WEEKLY",
        )
    )
    limit = random.choice(("", "", f";UNTIL={_utc(starts + timedelta(days=200))}", ";COUNT=20"))
    lines = [*_timed(random, min(starts, now)), f"RRULE:{rule}{limit}"]
    if random.random() < 0.3:
        lines.append(f"EXDATE:{_utc(starts + timedelta(weeks=5))}")
    return lines


def _timed(random: Random, starts: datetime) -> list[str]:
    if random.random() < 0.3:
        return [f"DTSTART:{_utc(starts)}", f"DTEND:{_utc(starts + timedelta(minutes=30))}"]
    zone = random.choice(_ZONES)
    ends = starts + timedelta(minutes=30)
    return [f"DTSTART;TZID={zone}:{starts:%Y%m%dT%H%M%S}", f"DTEND;TZID={zone}:{ends:%Y%m%dT%H%M%S}"]


def _event(random: Random, uid: int, when: list[str], mix: Mix, stamp: datetime, changed: bool) -> bytes:
    words = " ".join(random.choices(_WORDS, k=4))
    calls = random.randrange(100) < mix.calls
    title = f"Call {words}" if calls else words.capitalize()
    # Ofcom keeps these numbers for drama: nobody has them.
    place = f"+4420794608{random.randrange(100):02}" if calls else f"Room {random.randrange(40)}"
    letters = random.randrange(2 * mix.description)
    guests = [
        f"ATTENDEE;CUTYPE=INDIVIDUAL;PARTSTAT=ACCEPTED;CN=Guest {n}:mailto:guest{n}@example.com"
        for n in random.choices(range(1000), k=random.choice((0, 0, 1, 2, 3)))
    ]
    alarm = ("BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:Reminder", "TRIGGER:-PT10M", "END:VALARM")
    return _lines(
        "BEGIN:VEVENT",
        f"UID:{uid:08}-made-up-for-a-benchmark@example.com",
        f"DTSTAMP:{_utc(stamp)}",
        *when,
        "CREATED:20200101T090000Z",
        f"DESCRIPTION:{(' '.join(random.choices(_WORDS, k=letters // 7)))}",
        "LAST-MODIFIED:20260101T090000Z",
        f"LOCATION:{place}",
        "SEQUENCE:1",
        "STATUS:CONFIRMED",
        f"SUMMARY:{title}{' (changed)' if changed else ''}",
        "TRANSP:OPAQUE",
        *guests,
        *(alarm if random.random() < 0.5 else ()),
        "END:VEVENT",
    )


def _lines(*lines: str) -> bytes:
    """Folded at 75 octets, as RFC 5545, 3.1 asks; every letter here is one octet."""
    folded = ("\r\n ".join(line[at : at + 74] for at in range(0, max(len(line), 1), 74)) for line in lines)
    return "\r\n".join((*folded, "")).encode()


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


_OBSERVANCES = (
    ("STANDARD", "+0200", "+0100", "19961027T030000", 10),
    ("DAYLIGHT", "+0100", "+0200", "19810329T020000", 3),
)
_ZONE_LINES = tuple(
    line
    for zone in dict.fromkeys(_ZONES)
    for line in (
        "BEGIN:VTIMEZONE",
        f"TZID:{zone}",
        *(
            part
            for name, before, after, since, month in _OBSERVANCES
            for part in (
                f"BEGIN:{name}",
                f"TZOFFSETFROM:{before}",
                f"TZOFFSETTO:{after}",
                f"DTSTART:{since}",
                f"RRULE:FREQ=YEARLY;BYMONTH={month};BYDAY=-1SU",
                f"END:{name}",
            )
        ),
        "END:VTIMEZONE",
    )
)
