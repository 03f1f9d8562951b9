"""A call and its attempts: the states, the outcomes, and what the ledger holds of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from scheduler.phone import PhoneNumber
from scheduler.vca import Presentation


class State(StrEnum):
    """Where a call is in its life; not how it ended, which is its outcome."""

    PLANNED = "planned"  # wanted, not asked for
    CLAIMED = "claimed"  # handed to a worker, nothing sent
    REQUESTED = "requested"  # the attempt is committed; the request may have left
    PLACED = "placed"  # the provider has it
    ENDED = "ended"  # has an outcome


OPEN_STATES = (State.PLANNED, State.CLAIMED, State.REQUESTED, State.PLACED)
TRANSITIONS = frozenset(
    {
        (State.PLANNED, State.CLAIMED),
        (State.PLANNED, State.ENDED),  # missed, cancelled, or late evidence of a closed attempt
        (State.CLAIMED, State.PLANNED),  # released, crashed, moved
        (State.CLAIMED, State.REQUESTED),
        (State.CLAIMED, State.ENDED),  # barred, missed, cancelled
        (State.REQUESTED, State.PLANNED),  # certainly not sent, or refused for now
        (State.REQUESTED, State.PLACED),
        (State.REQUESTED, State.ENDED),  # refused, or unknown after silence
        (State.PLACED, State.PLANNED),  # another attempt
        (State.PLACED, State.ENDED),
    }
)


class Outcome(StrEnum):
    """How a call ended."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"  # the destination didn't pick up
    BUSY = "busy"
    ORIGIN_NO_ANSWER = "origin_no_answer"  # our own side didn't pick up: the destination never rang
    ORIGIN_BUSY = "origin_busy"
    FAILED = "failed"
    BARRED = "barred"
    MISSED = "missed"  # its deadline passed before it could be placed
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  # it may have rung; nobody can tell

    @property
    def words(self) -> str:
        """As people read it."""
        return self.value.replace("_", " ")


class Answer(StrEnum):
    """What came of an attempt's request to the provider; an attempt without one is unanswered."""

    ACCEPTED = "accepted"
    NOT_SENT = "not_sent"
    REFUSED = "refused"
    REFUSED_FOR_NOW = "refused_for_now"
    UNAUTHORIZED = "unauthorized"
    PERHAPS_SENT = "perhaps_sent"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Key:
    """Which appointment: RFC 5545's UID and RECURRENCE-ID within a collection."""

    collection: str
    uid: str
    recurrence_id: str

    @property
    def instance(self) -> tuple[str, str]:
        """The same in every calendar that shows it."""
        return (self.uid, self.recurrence_id)


Slot = tuple[PhoneNumber, PhoneNumber, datetime]  # origin, destination, asked_at


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCall:
    """A call that the calendars want; several appointments may want the same one."""

    keys: frozenset[Key]
    origin: PhoneNumber
    destination: PhoneNumber
    cli: PhoneNumber | None
    presentation: Presentation
    summary: str
    asked_at: datetime
    due_at: datetime
    deadline_at: datetime
    leader: Key | None = None  # the appointment that decided all this; None where a person asked
    starts_at: datetime | None = None  # of that appointment: what it asks for, plus its lead

    @property
    def slot(self) -> Slot:
        """Two calls between the same numbers at the same instant are one."""
        return (self.origin, self.destination, self.asked_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call as the ledger holds it."""

    id: int
    state: State
    outcome: Outcome | None
    reason: str
    origin: PhoneNumber
    destination: PhoneNumber
    cli: PhoneNumber | None
    presentation: Presentation
    summary: str
    asked_at: datetime
    due_at: datetime
    deadline_at: datetime
    wake_at: datetime
    revision: int
    attempts: int
    again_of: int | None
    ended_at: datetime | None
    starts_at: datetime | None = None  # of its appointment

    @property
    def slot(self) -> Slot:
        return (self.origin, self.destination, self.asked_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request to the provider; ``reference`` is ours, unguessable, and stands in its callback URL."""

    id: int
    call_id: int
    number: int
    reference: str
    origin: PhoneNumber
    destination: PhoneNumber
    requested_at: datetime
    answer: Answer | None
    session_id: str
    closed_at: datetime | None
    duration: timedelta | None
    outcome: Outcome | None = None  # how it ended, once its record settled that; its call may go on
    reason: str = ""

    @property
    def open(self) -> bool:
        return self.closed_at is None

    @property
    def may_have_rung(self) -> bool:
        """Whether, by its answer, the provider may have taken it."""
        return self.answer in (None, Answer.ACCEPTED, Answer.PERHAPS_SENT)
