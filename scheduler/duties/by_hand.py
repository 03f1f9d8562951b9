"""A call that a person asks for now, and gives up again: under the same promises as one from a calendar."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from scheduler.calendars.settings import Company
from scheduler.calls.barring import Barring, barred_by
from scheduler.calls.call import PlannedCall
from scheduler.calls.policy import Policy
from scheduler.database import Connection, Database
from scheduler.errors import NumberError
from scheduler.ledger.calls import insert_call
from scheduler.ledger.events import append_event
from scheduler.ledger.life import withdraw
from scheduler.phone import PhoneNumber, read_number
from scheduler.vca import Presentation


def place_by_hand(
    ledger: Database,
    arguments: Mapping[str, str],
    now: datetime,
    company: Company,
    policy: Policy,
    barring: Barring,
) -> int:
    """Record a call that a person asked for, under the same promises as one from a calendar.

    :raises ValueError: a number that can't be used, and why.
    """
    region = company.region
    try:
        origin = read_number(arguments["origin"], region)
        destination = read_number(arguments["destination"], region)
        cli = read_number(arguments["cli"], region) if arguments.get("cli") else company.cli
    except NumberError as error:
        raise ValueError(str(error)) from None
    for number in (origin, cli):
        if number is not None and number not in barring.owned:
            raise ValueError(f"{number} isn't one of the company's own numbers (company.owned)")
    if barred := barred_by(destination, barring):
        raise ValueError(f"{destination} is barred: {barred}")
    if closed := policy.hours.closed(origin, destination, now):
        raise ValueError(f"not called now: {closed}")
    return call_now(
        ledger,
        origin=origin,
        destination=destination,
        cli=cli,
        presentation=Presentation.read(arguments.get("presentation")),
        summary=arguments.get("summary", "placed by hand"),
        now=now,
        policy=policy,
    )


def give_up(ledger: Database, call_id: int, now: datetime) -> bool:
    """False: it is too late, the phones may be ringing."""
    return ledger.write(withdraw, call_id, "given up by who asked for it", now)


def call_now(
    ledger: Database,
    *,
    origin: PhoneNumber,
    destination: PhoneNumber,
    cli: PhoneNumber | None,
    presentation: Presentation,
    summary: str,
    now: datetime,
    policy: Policy,
) -> int:
    """Record a call that a person wants at once; the timetable or the caller places it. Returns its id."""
    wanted = PlannedCall(
        keys=frozenset(),
        origin=origin,
        destination=destination,
        cli=cli,
        presentation=presentation,
        summary=summary,
        asked_at=now,
        due_at=now,
        deadline_at=now + policy.grace,
    )

    def record(connection: Connection) -> int:
        call_id = insert_call(connection, wanted, now)
        append_event(connection, now, "planned", call_id=call_id, detail="asked for by a person")
        return call_id

    return ledger.write(record)
