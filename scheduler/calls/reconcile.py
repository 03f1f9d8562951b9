"""Wanted calls against recorded ones: what the ledger must change so that it holds what the calendars say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scheduler.calls.call import Call, Key, Outcome, PlannedCall, Slot, State
from scheduler.calls.unreadable import Unreadable
from scheduler.phone import PhoneNumber

GONE = "the appointment is no longer in the calendar"
WITHDRAWN_TOO_LATE = "its appointment went too late: the phones are ringing"
ALREADY_PAST = "already past when it appeared"
CALLED_ALREADY = "it was called already, and no change of it rings twice"
HELD_BACK = (
    "a part of its event can't be read, and a call that was planned for it at another time still stands:"
    " nothing is added, so that nobody is rung twice; mend the event in its calendar"
)
# What appears in the past, so near to a call between its numbers whose appointment is gone, is that one tidied up.
_TIDIED_UP = timedelta(hours=1)


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


def reconcile(
    wanted: Iterable[PlannedCall],
    recorded: Iterable[Recorded],
    now: datetime,
    *,
    read_before: Mapping[str, datetime],
    reasons: Mapping[Key, str],
    unreadable: Unreadable,
    until: datetime,
) -> tuple[Change, ...]:
    """Decide every change; applied in this order they never meet a slot that is still taken.

    :param wanted: as :func:`scheduler.calls.plan.plan` gives them: one a slot, an instance in one of them.
    :param recorded: every open call of a calendar, and the ended ones that ``wanted`` may still meet.
    :param read_before: when each collection was last read well *before* the fetch that gave ``wanted``;
        a collection that never was is missing.
    :param reasons: why an occurrence doesn't ring, for those that don't.
    :param unreadable: what could not be read this time: its calls are left alone, since a broken event says
        nothing, not even that it is gone.
    :param until: the end of the window that ``wanted`` covers; open calls beyond it are left alone.
    """
    wanted = tuple(wanted)
    said = frozenset(key for one in wanted for key in one.keys)
    look = _Look(now=now, read_before=read_before, unreadable=unreadable, said=said)
    book = _Book(recorded, wanted)
    changes: list[Change] = []
    for one in wanted:
        changes.extend(_meet(one, book, look))
    kept = frozenset(uid for one in book.unmet(None) for uid in unreadable.whole(one.keys))
    changes = [_unless_kept(change, kept) for change in changes]
    for leftover in book.unmet(until):
        if not look.broken(leftover.keys):
            changes.append(_withdraw(leftover, reasons))
    return tuple(changes)


def _unless_kept(change: Change, kept: Collection[str]) -> Change:
    """Nothing new of an event whose old calls are kept, as nobody can tell whether it is one of them, moved.

    :param kept: uids, since one event may stand in several calendars.
    """
    if isinstance(change, Add | AddMissed) and any(key.uid in kept for key in change.wanted.keys):
        return Ignore(wanted=change.wanted, reason=HELD_BACK)
    return change


def moved_too_late(wanted: PlannedCall) -> str:
    """What is noted of a call that rings while its appointment becomes another one."""
    return f"moved or changed too late, the phones are ringing: now {_words(wanted)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What we know of the calendars at this moment."""

    now: datetime
    read_before: Mapping[str, datetime]
    unreadable: Unreadable
    said: Collection[Key]  # the appointments that there are

    def still_said(self, keys: frozenset[Key]) -> frozenset[Key]:
        """Those that the calendars still have, or can't tell just now."""
        return keys.intersection(self.said) | self.broken(keys)

    def broken(self, keys: Iterable[Key]) -> frozenset[Key]:
        return self.unreadable.hidden(keys)

    def past(self, wanted: PlannedCall) -> bool:
        return wanted.asked_at < self.now

    def unseen_in_time(self, wanted: PlannedCall) -> bool:
        """Rule 6: whether our last look at its calendars came before its time, so nobody saw it."""
        reads = [self.read_before[key.collection] for key in wanted.keys if key.collection in self.read_before]
        return bool(reads) and max(reads) < wanted.asked_at


class _Book:
    """The recorded calls, found by instance and by slot; each can be taken once."""

    def __init__(self, recorded: Iterable[Recorded], wanted: Collection[PlannedCall]) -> None:
        self._wanted_slots = {one.slot for one in wanted}
        self._open: dict[int, Recorded] = {}
        self._open_by_instance: dict[tuple[str, str], set[int]] = defaultdict(set)
        self._open_by_slot: dict[Slot, int] = {}
        self._ended_by_slot: dict[Slot, Recorded] = {}
        self._ended_by_instance: dict[tuple[tuple[str, str], datetime], Recorded] = {}
        self._attached: dict[int, frozenset[Key]] = {}
        self._tried: dict[tuple[PhoneNumber, PhoneNumber], list[Recorded]] = defaultdict(list)
        self._attempted: set[tuple[str, str]] = set()
        self._attempted_starts: set[tuple[tuple[str, str], datetime]] = set()
        for one in recorded:
            if one.call.state is not State.ENDED:
                self._enter_open(one)
            elif one.call.outcome is not Outcome.CANCELLED or one.call.attempts:
                # A call that was called off before anybody rang leaves its slot free.
                self._enter_ended(one)
        meeting_open = [one for one in wanted if one.slot in self._open_by_slot]
        self._mean_open = {(key, one.asked_at) for one in meeting_open for key in one.keys}

    def _enter_open(self, one: Recorded) -> None:
        self._open[one.call.id] = one
        for key in one.keys:
            self._open_by_instance[key.instance].add(one.call.id)
        if one.call.again_of is None:
            self._open_by_slot[one.call.slot] = one.call.id
        if not _stoppable(one.call):
            self._remember_attempted(one)

    def _enter_ended(self, one: Recorded) -> None:
        self._ended_by_slot[one.call.slot] = one
        for key in one.keys:
            self._ended_by_instance[key.instance, one.call.asked_at] = one
        if one.call.attempts:
            self._remember_attempted(one)

    def _remember_attempted(self, one: Recorded) -> None:
        self._tried[one.call.origin, one.call.destination].append(one)
        for key in one.keys | one.once:
            self._attempted.add(key.instance)
            if one.call.starts_at is not None:
                self._attempted_starts.add((key.instance, one.call.starts_at))

    def take_open(self, wanted: PlannedCall) -> list[Recorded]:
        """The open calls that ``wanted`` is, that of its own slot first.

        Normally one; several where appointments merged. A call at the slot of another wanted one is that
        one's: so two appointments can change places, or follow each other, and never meet in a slot.
        """
        ids = {i for key in wanted.keys for i in self._open_by_instance[key.instance] if self._is_free(i)}
        if wanted.slot in self._open_by_slot:
            ids.add(self._open_by_slot[wanted.slot])
        taken = [self._open.pop(i) for i in ids if i in self._open]
        return sorted(taken, key=lambda one: (one.call.slot != wanted.slot, one.call.id))

    def _is_free(self, call_id: int) -> bool:
        return call_id in self._open and self._open[call_id].call.slot not in self._wanted_slots

    def meaning_open(self, keys: Iterable[Key], asked_at: datetime) -> frozenset[Key]:
        """Those that, at this time, mean an open call: at one time an appointment means one call only."""
        return frozenset(key for key in keys if (key, asked_at) in self._mean_open)

    def ended(self, wanted: PlannedCall) -> Recorded | None:
        """The ended call that ``wanted`` already was: the same numbers or the same instance, at its time."""
        for key in wanted.keys:
            if one := self._ended_by_instance.get((key.instance, wanted.asked_at)):
                return one
        return self._ended_by_slot.get(wanted.slot)

    def attach(self, ended: Call, keys: frozenset[Key]) -> frozenset[Key]:
        """All that mean it from now on: it may be met by its numbers and by its instance, in different ones."""
        self._attached[ended.id] = keys | self._attached.get(ended.id, frozenset())
        return self._attached[ended.id]

    def attempted(self, wanted: PlannedCall) -> bool:
        """Whether an appointment of it has been called before, at whatever time."""
        return any(key.instance in self._attempted for key in wanted.keys)

    def renamed(self, wanted: PlannedCall, look: _Look) -> list[Call]:
        """What was called between its numbers for appointments of its calendars that are gone: perhaps itself,
        under another name, as after a split or where a program deletes and writes anew.
        """
        places = {key.collection for key in wanted.keys}
        return [
            one.call
            for one in self._tried.get((wanted.origin, wanted.destination), ())
            if places & {key.collection for key in one.keys | one.once} and not look.still_said(one.keys)
        ]

    def called_for_this_start(self, wanted: PlannedCall) -> bool:
        """Whether it was called already and still starts when it did: only its lead is another one."""
        starts_at = wanted.starts_at
        return starts_at is not None and any(
            (key.instance, starts_at) in self._attempted_starts for key in wanted.keys
        )

    def unmet(self, until: datetime | None) -> list[Recorded]:
        return [one for one in self._open.values() if one.keys and (until is None or one.call.asked_at < until)]


def _meet(wanted: PlannedCall, book: _Book, look: _Look) -> Iterable[Change]:
    taken = book.take_open(wanted)
    already = book.ended(wanted)
    at_its_slot = bool(taken) and taken[0].call.slot == wanted.slot
    if already is not None and not at_its_slot:
        yield from _rekeyed(already, wanted, book, look)
        for one in taken:
            yield _stop(one, f"moved to {_words(wanted)}, whose call has already ended")
    elif taken:
        yield from _meet_open(wanted, taken, look)
    else:
        yield _appear(wanted, book, look)


def _rekeyed(already: Recorded, wanted: PlannedCall, book: _Book, look: _Look) -> Iterable[Change]:
    if not wanted.keys <= already.keys:
        # Those that are gone stay behind: some feeds give new keys at each fetch.
        still = look.still_said(already.keys) - book.meaning_open(already.keys, already.call.asked_at)
        yield Attach(call=already.call, keys=book.attach(already.call, wanted.keys | still))


def _meet_open(wanted: PlannedCall, taken: list[Recorded], look: _Look) -> Iterable[Change]:
    """What rings at another time goes on; its new time is planned once it has ended (rule 2)."""
    ringing = [one for one in taken if not _stoppable(one.call) and one.call.slot != wanted.slot]
    for one in ringing:
        yield TooLate(call=one.call, reason=moved_too_late(wanted))
    rest = [one for one in taken if one not in ringing]
    if rest:
        yield from _update(rest[0], wanted, look)
    for merged in rest[1:]:
        yield _stop(merged, "another appointment asks for the same call")


def _appear(wanted: PlannedCall, book: _Book, look: _Look) -> Change:
    renamed = book.renamed(wanted, look)
    if book.called_for_this_start(wanted) or any(_starts_with(call, wanted) for call in renamed):
        return Ignore(wanted=wanted, reason=CALLED_ALREADY)
    if not look.past(wanted):
        return Add(wanted=wanted)
    # What was called already and then tidied up, as to its real start, isn't called again.
    tidied_up = any(abs(call.asked_at - wanted.asked_at) < _TIDIED_UP for call in renamed)
    if tidied_up or book.attempted(wanted):
        return Ignore(wanted=wanted, reason=CALLED_ALREADY)
    if not look.unseen_in_time(wanted):
        return Ignore(wanted=wanted, reason=ALREADY_PAST)
    if look.now <= wanted.deadline_at:
        return Add(wanted=wanted)
    return AddMissed(wanted=wanted, reason="came due while its calendar could not be read")


def _starts_with(call: Call, wanted: PlannedCall) -> bool:
    return wanted.starts_at is not None and call.starts_at == wanted.starts_at


def _update(kept: Recorded, wanted: PlannedCall, look: _Look) -> Iterable[Change]:
    call = kept.call
    # What can't be read just now goes on meaning this call.
    keys = wanted.keys | look.broken(kept.keys)
    if _same(call, wanted):
        if keys != kept.keys:
            yield Attach(call=call, keys=keys)
        if not _stoppable(call) and not _looks_the_same(call, wanted):
            yield TooLate(call=call, reason=moved_too_late(wanted))
    elif look.unreadable.doubtful(wanted.keys) == wanted.keys:
        # Perhaps the very change that moved this instance is what can't be read.
        yield Ignore(wanted=wanted, reason=HELD_BACK)
    elif wanted.asked_at == call.asked_at:
        yield Move(call=call, wanted=replace(wanted, keys=keys))
    else:
        yield from _reschedule(call, replace(wanted, keys=keys), look)


def _reschedule(call: Call, wanted: PlannedCall, look: _Look) -> Iterable[Change]:
    if look.past(wanted) and (call.attempts or not look.unseen_in_time(wanted)):
        yield Cancel(call=call, reason=f"moved into the past, to {_words(wanted)}")
    elif call.attempts:
        # Rule 7: another slot, with a budget of its own, which late evidence of the old one doesn't touch.
        yield Cancel(call=call, reason=f"moved to {_words(wanted)}")
        yield Add(wanted=wanted)
    else:
        yield Move(call=call, wanted=wanted)


def _withdraw(leftover: Recorded, reasons: Mapping[Key, str]) -> Change:
    said = [reasons[key] for key in sorted(leftover.keys) if key in reasons]
    return _stop(leftover, said[0] if said else GONE)


def _stop(one: Recorded, reason: str) -> Cancel | TooLate:
    if _stoppable(one.call):
        return Cancel(call=one.call, reason=reason)
    return TooLate(call=one.call, reason=WITHDRAWN_TOO_LATE)


def _stoppable(call: Call) -> bool:
    return call.state in (State.PLANNED, State.CLAIMED)


def _same(call: Call, wanted: PlannedCall) -> bool:
    """Whether nothing has to change, or can: what rings keeps all that it has."""
    if call.slot != wanted.slot:
        return False
    in_time = (call.due_at, call.deadline_at) == (wanted.due_at, wanted.deadline_at)
    return not _stoppable(call) or (in_time and call.summary == wanted.summary and _looks_the_same(call, wanted))


def _looks_the_same(call: Call, wanted: PlannedCall) -> bool:
    """To those whose phones ring."""
    return (call.cli, call.presentation) == (wanted.cli, wanted.presentation)


def _words(wanted: PlannedCall) -> str:
    return f"{wanted.asked_at:%Y-%m-%d %H:%M:%S} UTC"
