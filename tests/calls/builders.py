"""Appointments, calls and attempts with only what a test cares about spelled out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from scheduler.calendars.appointment import Appointment
from scheduler.calls.call import Answer, Attempt, Call, Key, Outcome, PlannedCall, State
from scheduler.phone import PhoneNumber
from scheduler.vca import Presentation
from tests.clocks import NOON

ORIGIN = PhoneNumber("+3228160257")
SECOND_ORIGIN = PhoneNumber("+442079460100")
CUSTOMER = PhoneNumber("+32468373901")
OTHER_CUSTOMER = PhoneNumber("+442079460123")
GRACE = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def key(uid: str = "one", collection: str = "sales", recurrence_id: str = "") -> Key:
    return Key(collection=collection, uid=uid, recurrence_id=recurrence_id)


def an_appointment(
    uid: str = "one",
    at: datetime = NOON,
    *,
    collection: str = "sales",
    recurrence_id: str = "",
    destination: PhoneNumber = CUSTOMER,
    origin: PhoneNumber = ORIGIN,
    summary: str = "Call Ben",
    sequence: int = 0,
    last_modified: datetime | None = None,
) -> Appointment:
    return Appointment(
        collection=collection,
        uid=uid,
        recurrence_id=recurrence_id,
        asked_at=at,
        starts_at=at,
        origin=origin,
        destination=destination,
        cli=None,
        presentation=Presentation.ALLOWED,
        summary=summary,
        sequence=sequence,
        last_modified=last_modified,
    )


def want(
    *keys: Key | str,
    at: datetime = NOON,
    destination: PhoneNumber = CUSTOMER,
    origin: PhoneNumber = ORIGIN,
    cli: PhoneNumber | None = None,
    summary: str = "Call Ben",
    grace: timedelta = GRACE,
) -> PlannedCall:
    """A wanted call; a text among ``keys`` is a uid in the calendar ``sales``."""
    return PlannedCall(
        keys=frozenset(one if isinstance(one, Key) else key(one) for one in keys),
        origin=origin,
        destination=destination,
        cli=cli,
        presentation=Presentation.ALLOWED,
        summary=summary,
        asked_at=at,
        due_at=at,
        deadline_at=at + grace,
    )


def a_call(
    wanted: PlannedCall | None = None,
    *,
    id: int = 1,
    state: State = State.PLANNED,
    outcome: Outcome | None = None,
    attempts: int = 0,
    reason: str = "",
) -> Call:
    """The call that ``wanted`` became; one with an outcome has ended."""
    wanted = wanted or want()
    ended = outcome is not None
    return Call(
        id=id,
        state=State.ENDED if ended else state,
        outcome=outcome,
        reason=reason,
        origin=wanted.origin,
        destination=wanted.destination,
        cli=wanted.cli,
        presentation=wanted.presentation,
        summary=wanted.summary,
        asked_at=wanted.asked_at,
        due_at=wanted.due_at,
        deadline_at=wanted.deadline_at,
        wake_at=wanted.due_at,
        revision=0,
        attempts=attempts,
        again_of=None,
        ended_at=wanted.due_at if ended else None,
    )


def an_attempt(
    *,
    id: int = 1,
    at: datetime = NOON,
    answer: Answer | None = None,
    session_id: str = "",
    destination: PhoneNumber = CUSTOMER,
    closed_at: datetime | None = None,
) -> Attempt:
    return Attempt(
        id=id,
        call_id=1,
        number=id,
        reference=f"reference-{id}",
        origin=ORIGIN,
        destination=destination,
        requested_at=at,
        answer=answer,
        session_id=session_id,
        closed_at=closed_at,
        duration=None,
    )


def keys_of(appointments: Iterable[Appointment]) -> frozenset[Key]:
    return frozenset(key(one.uid, one.collection, one.recurrence_id) for one in appointments)
