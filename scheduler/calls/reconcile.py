"""Wanted calls against recorded ones: what the ledger must change so that it holds what the calendars say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from scheduler.calls.call import Call, Key, PlannedCall
from scheduler.calls.change import (
    ALREADY_PAST,
    CALLED_ALREADY,
    GONE,
    HELD_BACK,
    WITHDRAWN_TOO_LATE,
    Add,
    AddMissed,
    Attach,
    Cancel,
    Change,
    Ignore,
    Move,
    Recorded,
    TooLate,
    moved_too_late,
    time_in_words,
)
from scheduler.calls.register import Knowledge, Register, stoppable
from scheduler.calls.unreadable import Unreadable

# What appears in the past, so near to a call between its numbers whose appointment is gone, is that one tidied up.
_TIDIED_UP = timedelta(hours=1)


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
    known = Knowledge(now=now, read_before=read_before, unreadable=unreadable, said=said)
    register = Register(recorded, wanted)
    changes: list[Change] = []
    for one in wanted:
        changes.extend(_meet(one, register, known))
    kept = frozenset(uid for one in register.unmet(None) for uid in unreadable.whole(one.keys))
    changes = [_unless_kept(change, kept) for change in changes]
    for leftover in register.unmet(until):
        if not known.broken(leftover.keys):
            changes.append(_withdraw(leftover, reasons))
    return tuple(changes)


def _unless_kept(change: Change, kept: Collection[str]) -> Change:
    """Nothing new of an event whose old calls are kept, as nobody can tell whether it is one of them, moved.

    :param kept: uids, since one event may stand in several calendars.
    """
    if isinstance(change, Add | AddMissed) and any(key.uid in kept for key in change.wanted.keys):
        return Ignore(wanted=change.wanted, reason=HELD_BACK)
    return change


def _meet(wanted: PlannedCall, register: Register, known: Knowledge) -> Iterable[Change]:
    taken = register.take_open(wanted)
    already = register.ended(wanted)
    at_its_slot = bool(taken) and taken[0].call.slot == wanted.slot
    if already is not None and not at_its_slot:
        yield from _rekeyed(already, wanted, register, known)
        for one in taken:
            yield _stop(one, f"moved to {time_in_words(wanted)}, whose call has already ended")
    elif taken:
        yield from _meet_open(wanted, taken, known)
    else:
        yield _appear(wanted, register, known)


def _rekeyed(already: Recorded, wanted: PlannedCall, register: Register, known: Knowledge) -> Iterable[Change]:
    if not wanted.keys <= already.keys:
        # Those that are gone stay behind: some feeds give new keys at each fetch.
        still = known.still_said(already.keys) - register.meaning_open(already.keys, already.call.asked_at)
        yield Attach(call=already.call, keys=register.attach(already.call, wanted.keys | still))


def _meet_open(wanted: PlannedCall, taken: list[Recorded], known: Knowledge) -> Iterable[Change]:
    """What rings at another time goes on; its new time is planned once it has ended (rule 2)."""
    ringing = [one for one in taken if not stoppable(one.call) and one.call.slot != wanted.slot]
    for one in ringing:
        yield TooLate(call=one.call, reason=moved_too_late(wanted))
    rest = [one for one in taken if one not in ringing]
    if rest:
        yield from _update(rest[0], wanted, known)
    for merged in rest[1:]:
        yield _stop(merged, "another appointment asks for the same call")


def _appear(wanted: PlannedCall, register: Register, known: Knowledge) -> Change:
    renamed = register.renamed(wanted, known)
    if register.called_for_this_start(wanted) or any(_starts_with(call, wanted) for call in renamed):
        return Ignore(wanted=wanted, reason=CALLED_ALREADY)
    if not known.past(wanted):
        return Add(wanted=wanted)
    # What was called already and then tidied up, as to its real start, isn't called again.
    tidied_up = any(abs(call.asked_at - wanted.asked_at) < _TIDIED_UP for call in renamed)
    if tidied_up or register.attempted(wanted):
        return Ignore(wanted=wanted, reason=CALLED_ALREADY)
    if not known.unseen_in_time(wanted):
        return Ignore(wanted=wanted, reason=ALREADY_PAST)
    if known.now <= wanted.deadline_at:
        return Add(wanted=wanted)
    return AddMissed(wanted=wanted, reason="came due while its calendar could not be read")


def _starts_with(call: Call, wanted: PlannedCall) -> bool:
    return wanted.starts_at is not None and call.starts_at == wanted.starts_at


def _update(kept: Recorded, wanted: PlannedCall, known: Knowledge) -> Iterable[Change]:
    call = kept.call
    # What can't be read just now goes on meaning this call.
    keys = wanted.keys | known.broken(kept.keys)
    if _same(call, wanted):
        if keys != kept.keys:
            yield Attach(call=call, keys=keys)
        if not stoppable(call) and not _looks_the_same(call, wanted):
            yield TooLate(call=call, reason=moved_too_late(wanted))
    elif known.unreadable.doubtful(wanted.keys) == wanted.keys:
        # Perhaps the very change that moved this instance is what can't be read.
        yield Ignore(wanted=wanted, reason=HELD_BACK)
    elif wanted.asked_at == call.asked_at:
        yield Move(call=call, wanted=replace(wanted, keys=keys))
    else:
        yield from _reschedule(call, replace(wanted, keys=keys), known)


def _reschedule(call: Call, wanted: PlannedCall, known: Knowledge) -> Iterable[Change]:
    if known.past(wanted) and (call.attempts or not known.unseen_in_time(wanted)):
        yield Cancel(call=call, reason=f"moved into the past, to {time_in_words(wanted)}")
    elif call.attempts:
        # Rule 7: another slot, with a budget of its own, which late evidence of the old one doesn't touch.
        yield Cancel(call=call, reason=f"moved to {time_in_words(wanted)}")
        yield Add(wanted=wanted)
    else:
        yield Move(call=call, wanted=wanted)


def _withdraw(leftover: Recorded, reasons: Mapping[Key, str]) -> Change:
    said = [reasons[key] for key in sorted(leftover.keys) if key in reasons]
    return _stop(leftover, said[0] if said else GONE)


def _stop(one: Recorded, reason: str) -> Cancel | TooLate:
    if stoppable(one.call):
        return Cancel(call=one.call, reason=reason)
    return TooLate(call=one.call, reason=WITHDRAWN_TOO_LATE)


def _same(call: Call, wanted: PlannedCall) -> bool:
    """Whether nothing has to change, or can: what rings keeps all that it has."""
    if call.slot != wanted.slot:
        return False
    in_time = (call.due_at, call.deadline_at) == (wanted.due_at, wanted.deadline_at)
    return not stoppable(call) or (in_time and call.summary == wanted.summary and _looks_the_same(call, wanted))


def _looks_the_same(call: Call, wanted: PlannedCall) -> bool:
    """To those whose phones ring."""
    return (call.cli, call.presentation) == (wanted.cli, wanted.presentation)
