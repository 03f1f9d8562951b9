"""A ledger as full as a benchmark wants it, and rounds of calls to place in it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scheduler.calls.barring import Barring
from scheduler.calls.call import Outcome, PlannedCall
from scheduler.calls.cdr import Ending
from scheduler.calls.policy import Limits, Policy
from scheduler.database import Connection, Database, write_instant
from scheduler.ledger import open_ledger
from scheduler.ledger.attempts import select_open_attempts
from scheduler.ledger.calls import insert_call
from scheduler.ledger.settling import settle
from scheduler.phone import PhoneNumber
from scheduler.vca import Presentation

# Ofcom keeps these 1 000 numbers for drama: nobody has them.
ORIGINS = tuple(PhoneNumber(f"+442079460{last:03}") for last in range(1000))
DESTINATION = PhoneNumber("+32468373901")
# The same in ten cities. Whoever is called has a number that Australia's ACMA keeps likewise: no two calls share a
# phone, and none is the company's own.
_CITIES = (
    "2079460",
    "1134960",
    "1144960",
    "1164960",
    "1174960",
    "1184960",
    "1214960",
    "1314960",
    "1414960",
    "1514960",
)
NUMBERS = tuple(PhoneNumber(f"+44{city}{last:03}") for city in _CITIES for last in range(1000))
CALLED = tuple(PhoneNumber(f"+6125550{last:04}") for last in range(10_000))
BARRING = Barring(region="GB", countries=frozenset({"GB", "AU"}), owned=frozenset((*ORIGINS, *NUMBERS)))
_GRACE = timedelta(minutes=5)


def store_future_calls(path: Path, count: int, now: datetime) -> None:
    """Fill a new ledger with ``count`` planned calls, one every 10 s from a day ahead on."""
    with closing(open_ledger(path)) as ledger:
        ledger.write(_insert_future_calls, count, now + timedelta(days=1), now)


def limited(*, a_second: int = 0) -> Policy:
    """With every limit on; only the pace may keep a call of a benchmark back."""
    return Policy(limits=Limits(requests_per_second=a_second, calls_at_once=20_000, rings_a_day=1_000))


def store_round(ledger: Database, due: Sequence[datetime], now: datetime) -> None:
    """Add a call for each instant of ``due``, every one between two phones of its own."""
    ledger.write(_insert_round, due, now)


def end_round(ledger: Database) -> None:
    """Wait for the answers, and end the calls as their CDRs would: their origins are free for the next round."""
    while any(attempt.answer is None for attempt in ledger.read(select_open_attempts)):
        time.sleep(0.01)
    ledger.write(_settle_open, datetime.now(UTC))


def _insert_future_calls(connection: Connection, count: int, start: datetime, now: datetime) -> None:
    created_at = write_instant(now)
    calls = ((start + timedelta(seconds=10 * number), ORIGINS[number % len(ORIGINS)]) for number in range(count))
    connection.executemany(
        """INSERT INTO call (origin, destination, presentation, summary, asked_at, due_at, deadline_at, wake_at,
               created_at) VALUES (?, ?, 'ALLOWED', 'Call', ?, ?, ?, ?, ?)""",
        (
            (origin.e164, DESTINATION.e164, at, at, write_instant(due_at + _GRACE), at, created_at)
            for due_at, origin in calls
            for at in (write_instant(due_at),)
        ),
    )


def _insert_round(connection: Connection, due: Sequence[datetime], now: datetime) -> None:
    for origin, destination, due_at in zip(NUMBERS, CALLED, due, strict=False):
        insert_call(connection, _wanted(origin, destination, due_at), now)


def _wanted(origin: PhoneNumber, destination: PhoneNumber, due_at: datetime) -> PlannedCall:
    return PlannedCall(
        keys=frozenset(),
        origin=origin,
        destination=destination,
        cli=None,
        presentation=Presentation.ALLOWED,
        summary="Call",
        asked_at=due_at,
        due_at=due_at,
        deadline_at=due_at + _GRACE,
    )


def _settle_open(connection: Connection, now: datetime) -> None:
    ending = Ending(outcome=Outcome.ANSWERED, reason="talked 1 s", duration=timedelta(seconds=1))
    for attempt in select_open_attempts(connection):
        settle(connection, attempt.id, "", ending, now, Policy())
