"""The calls that the brake holds, as people are shown them: no calendar names them any more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from scheduler.calendars.appointment import Derivation
from scheduler.calendars.occurrence import Occurrence
from scheduler.calendars.verdict import Step
from scheduler.calls.call import Call
from scheduler.duties.look import Entry
from scheduler.ledger.vanished import HeldCall

HELD = "held: its appointment vanished together with others, which isn't believed yet; it rings all the same"


def shown_as_held(call: Call) -> Call:
    """The call as it is shown; why it waits, if it does, goes before that it is held."""
    return call if call.reason or call.outcome else replace(call, reason=HELD)


def with_held_calls(entries: Iterable[Entry], held: Iterable[HeldCall]) -> tuple[Entry, ...]:
    """The entries of a window and, in their order, what is held there and isn't among them."""
    found = tuple(entries)
    known = {entry.call.id for entry in found if entry.call is not None}
    missing = (_entry(one) for one in held if one.call.id not in known)
    return tuple(sorted((*found, *missing), key=lambda entry: (entry.due_at, entry.collection)))


def _entry(held: HeldCall) -> Entry:
    call = shown_as_held(held.call)
    return Entry(
        collection=held.key.collection,
        derivation=_as_it_was(held),
        call=call,
        wanted=None,
        state=call.state,
        reason=call.reason,
    )


def _as_it_was(held: HeldCall) -> Derivation:
    """What the call remembers of its event."""
    call, key = held.call, held.key
    occurrence = Occurrence(
        uid=key.uid,
        recurrence_id=key.recurrence_id,
        starts_at=call.starts_at or call.asked_at,
        zone="",
        all_day=False,
        summary=call.summary,
    )
    step = Step(rule="calendar", finding=f"the event is in calendar {key.collection} no longer")
    return Derivation(occurrence=occurrence, appointment=None, asks=True, reason="", steps=(step,))
