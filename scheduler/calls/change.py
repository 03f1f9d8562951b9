"""What the plan changes of the recorded calls, each change with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.calls.call import Call, Key, PlannedCall

GONE = "the appointment is no longer in the calendar"
WITHDRAWN_TOO_LATE = "its appointment went too late: the phones are ringing"
ALREADY_PAST = "already past when it appeared"
CALLED_ALREADY = "it was called already, and no change of it rings twice"
HELD_BACK = (
    "a part of its event can't be read, and a call that was planned for it at another time still stands:"
    " nothing is added, so that nobody is rung twice; mend the event in its calendar"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A call of the ledger with the appointments that point to it."""

    call: Call
    keys: frozenset[Key]
    once: frozenset[Key] = frozenset()  # the appointments that pointed to it when it was tried, or later, and went


@dataclass(frozen=True, slots=True, kw_only=True)
class Add:
    """A new call."""

    wanted: PlannedCall


@dataclass(frozen=True, slots=True, kw_only=True)
class AddMissed:
    """A new call that came due while nobody read its calendar, and is too late by now."""

    wanted: PlannedCall
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The call stays and gets what the calendar says now: times, numbers, title, appointments."""

    call: Call
    wanted: PlannedCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach:
    """More appointments, or fewer, mean this call; nothing else of it changes."""

    call: Call
    keys: frozenset[Key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """The call isn't wanted any more."""

    call: Call
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLate:
    """The calendar changed after the request: it is noted, and nothing can be stopped."""

    call: Call
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """An appointment that isn't called: first seen in the past, called before, or perhaps planned already."""

    wanted: PlannedCall
    reason: str


Change = Add | AddMissed | Move | Attach | Cancel | TooLate | Ignore


def moved_too_late(wanted: PlannedCall) -> str:
    """What is noted of a call that rings while its appointment becomes another one."""
    return f"moved or changed too late, the phones are ringing: now {time_in_words(wanted)}"


def time_in_words(wanted: PlannedCall) -> str:
    return f"{wanted.asked_at:%Y-%m-%d %H:%M:%S} UTC"
