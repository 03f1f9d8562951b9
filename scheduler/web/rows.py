"""Calls as lists show them: whose they are, how they stand in a word, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from scheduler.calls.call import Call, Outcome, State
from scheduler.calls.pause import Pause, PauseScope, blocking
from scheduler.database import Connection
from scheduler.ledger.appointments import select_keys_ever
from scheduler.ledger.pauses import select_pauses
from scheduler.ledger.vanished import select_held_ids
from scheduler.phone import PhoneNumber
from scheduler.web.office import Facts

HELD = "held: its appointment vanished together with others, which isn't believed yet; it rings all the same"
PROBLEMS = frozenset({Outcome.UNKNOWN, Outcome.MISSED, Outcome.FAILED, Outcome.BARRED})
DONE = frozenset(Outcome) - PROBLEMS


class Mood(StrEnum):
    """What a badge's colour says besides its word."""

    COMING = "coming"
    RINGING = "ringing"
    GOOD = "good"
    PLAIN = "plain"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """How a call stands."""

    word: str
    mood: Mood


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """One call of a list."""

    call: Call
    manager: str  # "" where the origin is nobody's phone
    calendars: tuple[str, ...]
    badge: Badge
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The calls of a list, and how many there are beside them."""

    rows: tuple[CallRow, ...]
    more: int = 0


def read_rows(connection: Connection, calls: Collection[Call], facts: Facts, now: datetime) -> tuple[CallRow, ...]:
    keys = select_keys_ever(connection, (call.id for call in calls))
    calendars = {call_id: {key.collection for key in found} for call_id, found in keys.items()}
    held, pauses = select_held_ids(connection), select_pauses(connection, now)
    return tuple(
        CallRow(
            call=call,
            manager=manager_at(call.origin, facts),
            calendars=tuple(sorted(calendars.get(call.id, ()))),
            badge=badge_of(call),
            reason=_reason(call, calendars.get(call.id, set()), call.id in held, pauses),
        )
        for call in calls
    )


def badge_of(call: Call) -> Badge:
    if call.outcome is not None:
        return Badge(word=call.outcome.words, mood=_MOODS.get(call.outcome, Mood.PLAIN))
    if call.state is State.PLANNED:
        return Badge(word="tries again" if call.attempts else "planned", mood=Mood.COMING)
    return Badge(word="ringing" if call.state is State.PLACED else "being placed", mood=Mood.RINGING)


def manager_at(origin: PhoneNumber, facts: Facts) -> str:
    """Whose phone it is; "" where it is nobody's."""
    return next((one.name for one in facts.managers if one.origin == origin), "")


def scope_words(scope: PauseScope, facts: Facts) -> str:
    """What is paused, a manager's phone by the manager's name."""
    name = manager_at(scope.origin, facts) if scope.origin else ""
    return f"manager {name}" if name else str(scope)


def _reason(call: Call, calendars: Collection[str], held: bool, pauses: Iterable[Pause]) -> str:
    if call.reason or call.state is not State.PLANNED:
        return call.reason
    lasting = [one for one in pauses if one.until is None or one.until > call.due_at]
    paused = blocking(lasting, call.origin, calendars)
    if paused:
        return f"will wait: {paused[0].words}"
    return HELD if held else ""


_MOODS = {Outcome.ANSWERED: Mood.GOOD, **dict.fromkeys(PROBLEMS, Mood.BAD)}
