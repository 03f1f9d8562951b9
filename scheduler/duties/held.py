"""The calls that stand though no calendar names them: the brake holds them, or their event can't be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from scheduler.calendars.appointment import Derivation
from scheduler.calendars.occurrence import Occurrence
from scheduler.calendars.verdict import Step
from scheduler.calls.call import Call
from scheduler.duties.look import Entry
from scheduler.ledger.vanished import HeldCall

_KEPT = "kept as it was planned: its event can't be read just now, so that nobody can tell whether it was moved"
HELD = "held: its appointment vanished together with others, which isn't believed yet; it rings all the same"


def shown_as_held(call: Call) -> Call:
    """The call as it is shown; why it waits, if it does, goes before that it is held."""
    return _shown(call, HELD)


def _shown(call: Call, reason: str) -> Call:
    return call if call.reason or call.outcome else replace(call, reason=reason)


def with_held_calls(entries: Iterable[Entry], held: Iterable[HeldCall]) -> tuple[Entry, ...]:
    """The entries of a window and, in their order, what is held there and isn't among them."""
    return _with(entries, held, "the event is in calendar {} no longer", HELD)


def with_kept_calls(entries: Iterable[Entry], kept: Iterable[HeldCall]) -> tuple[Entry, ...]:
    """The entries of a window and, in their order, what stands there since its event can't be read."""
    return _with(entries, kept, "what calendar {} says of it can't be read", _KEPT)


def _with(entries: Iterable[Entry], others: Iterable[HeldCall], finding: str, reason: str) -> tuple[Entry, ...]:
    found = tuple(entries)
    known = {entry.call.id for entry in found if entry.call is not None}
    missing = (_entry(one, finding, reason) for one in others if one.call.id not in known)
    return tuple(sorted((*found, *missing), key=lambda entry: (entry.due_at, entry.collection)))


def _entry(held: HeldCall, finding: str, reason: str) -> Entry:
    call = _shown(held.call, reason)
    return Entry(
        collection=held.key.collection,
        derivation=_as_it_was(held, finding.format(held.key.collection)),
        call=call,
        wanted=None,
        state=call.state,
        reason=call.reason,
    )


def _as_it_was(held: HeldCall, finding: str) -> Derivation:
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
    step = Step(rule="calendar", finding=finding)
    return Derivation(occurrence=occurrence, appointment=None, asks=True, reason="", steps=(step,))
