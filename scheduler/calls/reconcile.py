"""Wanted calls against recorded ones: what the ledger must change so that it holds what the calendars say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from scheduler.calls.call import Call, Key, Outcome, PlannedCall, State

# An ended call blocks its slot unless it was called off before anybody rang.
_GONE = "the appointment is no longer in the calendar"
ALREADY_PAST = "already past when it appeared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A call of the ledger with the appointments that point to it."""

    call: Call
    keys: frozenset[Key]


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
class IgnorePast:
    """An appointment that first appeared in the past; it isn't called."""

    wanted: PlannedCall


Change = Add | AddMissed | Move | Attach | Cancel | TooLate | IgnorePast


def reconcile(
    wanted: Iterable[PlannedCall],
    recorded: Iterable[Recorded],
    now: datetime,
    *,
    read_before: Mapping[str, datetime],
    reasons: Mapping[Key, str],
    unreadable: Collection[tuple[str, str]],
    until: datetime,
) -> tuple[Change, ...]:
    """Decide every change, each call at most once.

    :param recorded: every open call of a calendar, and the ended ones that ``wanted`` may still meet.
    :param read_before: when each collection was last read well *before* the fetch that gave ``wanted``;
        a collection that never was is missing.
    :param reasons: why an occurrence doesn't ring, for those that don't.
    :param unreadable: (collection, uid) of what could not be read this time: its calls are left alone, since
        a broken event says nothing, not even that it is gone.
    :param until: the end of the window that ``wanted`` covers; open calls beyond it are left alone.
    """
    book = _Book(recorded)
    changes: list[Change] = []
    for one in wanted:
        changes.extend(_meet(one, book, now, read_before))
    for leftover in book.unmet(until):
        if not any((key.collection, key.uid) in unreadable for key in leftover.keys):
            changes.extend(_withdraw(leftover, reasons))
    return tuple(changes)


class _Book:
    """The recorded calls, found by instance and by slot; each can be taken once."""

    def __init__(self, recorded: Iterable[Recorded]) -> None:
        self._open: dict[int, Recorded] = {}
        self._open_by_instance: dict[tuple[str, str], set[int]] = defaultdict(set)
        self._open_by_slot: dict[object, int] = {}
        self._ended: list[Recorded] = []
        self._ended_by_slot: dict[object, Recorded] = {}
        self._ended_by_instance: dict[object, Recorded] = {}
        for one in recorded:
            self._enter(one)

    def _enter(self, one: Recorded) -> None:
        call = one.call
        if call.state is not State.ENDED:
            self._open[call.id] = one
            self._open_by_slot[call.slot] = call.id
            for key in one.keys:
                self._open_by_instance[key.instance].add(call.id)
        elif call.outcome is not Outcome.CANCELLED or call.attempts:
            self._ended_by_slot[call.slot] = one
            for key in one.keys:
                self._ended_by_instance[key.instance, call.asked_at] = one

    def take_open(self, wanted: PlannedCall) -> list[Recorded]:
        """The open calls that ``wanted`` is: normally one; several where appointments merged."""
        ids = {i for key in wanted.keys for i in self._open_by_instance[key.instance]}
        if wanted.slot in self._open_by_slot:
            ids.add(self._open_by_slot[wanted.slot])
        taken = [self._open.pop(i) for i in sorted(ids) if i in self._open]
        # The one that already rings, else the one already at the wanted time, is the one that stays.
        return sorted(taken, key=lambda one: (_stoppable(one.call), one.call.slot != wanted.slot, one.call.id))

    def ended(self, wanted: PlannedCall) -> Recorded | None:
        """The ended call that ``wanted`` already was: the same numbers or the same instance, at its time."""
        for key in wanted.keys:
            if one := self._ended_by_instance.get((key.instance, wanted.asked_at)):
                return one
        return self._ended_by_slot.get(wanted.slot)

    def unmet(self, until: datetime) -> list[Recorded]:
        return [one for one in self._open.values() if one.keys and one.call.asked_at < until]


def _meet(
    wanted: PlannedCall, book: _Book, now: datetime, read_before: Mapping[str, datetime]
) -> Iterable[Change]:
    already = book.ended(wanted)
    taken = book.take_open(wanted)
    if already is not None:
        yield from _rekeyed(already, wanted)
        for one in taken:
            yield _stop(one, "moved to a time at which it has already been called")
        return
    if not taken:
        yield _appear(wanted, now, read_before)
        return
    kept, *merged = taken
    yield from _update(kept, wanted, now, read_before)
    for one in merged:
        yield _stop(one, "another appointment asks for the same call")


def _rekeyed(already: Recorded, wanted: PlannedCall) -> Iterable[Change]:
    if not wanted.keys <= already.keys:
        yield Attach(call=already.call, keys=already.keys | wanted.keys)


def _appear(wanted: PlannedCall, now: datetime, read_before: Mapping[str, datetime]) -> Change:
    if wanted.due_at >= now:
        return Add(wanted=wanted)
    if not _unseen_in_time(wanted, read_before):
        return IgnorePast(wanted=wanted)
    if now <= wanted.deadline_at:
        return Add(wanted=wanted)
    return AddMissed(wanted=wanted, reason="came due while its calendar could not be read")


def _unseen_in_time(wanted: PlannedCall, read_before: Mapping[str, datetime]) -> bool:
    """Rule 6: whether our last look at its calendars came before its time, so that nobody could have seen it."""
    reads = [read_before[key.collection] for key in wanted.keys if key.collection in read_before]
    return bool(reads) and max(reads) < wanted.asked_at


def _update(
    kept: Recorded, wanted: PlannedCall, now: datetime, read_before: Mapping[str, datetime]
) -> Iterable[Change]:
    call = kept.call
    if _same(call, wanted):
        if kept.keys != wanted.keys:
            yield Attach(call=call, keys=wanted.keys)
    elif not _stoppable(call):
        yield TooLate(call=call, reason=f"moved or changed too late, the phones are ringing: {_words(wanted)}")
    elif (
        wanted.asked_at != call.asked_at
        and wanted.due_at < now
        and not (_unseen_in_time(wanted, read_before) and now <= wanted.deadline_at)
    ):
        yield Cancel(call=call, reason=f"moved into the past, to {wanted.asked_at:%Y-%m-%d %H:%M:%S} UTC")
    else:
        yield Move(call=call, wanted=wanted)


def _withdraw(leftover: Recorded, reasons: Mapping[Key, str]) -> Iterable[Change]:
    said = [reasons[key] for key in sorted(leftover.keys) if key in reasons]
    yield _stop(leftover, said[0] if said else _GONE)


def _stop(one: Recorded, reason: str) -> Cancel | TooLate:
    if _stoppable(one.call):
        return Cancel(call=one.call, reason=reason)
    return TooLate(call=one.call, reason=f"too late, the phones are ringing: {reason}")


def _stoppable(call: Call) -> bool:
    return call.state in (State.PLANNED, State.CLAIMED)


def _same(call: Call, wanted: PlannedCall) -> bool:
    return (
        call.slot == wanted.slot
        and (call.cli, call.presentation, call.summary) == (wanted.cli, wanted.presentation, wanted.summary)
        and (call.due_at, call.deadline_at) == (wanted.due_at, wanted.deadline_at)
    )


def _words(wanted: PlannedCall) -> str:
    return f"now {wanted.asked_at:%Y-%m-%d %H:%M:%S} UTC"
