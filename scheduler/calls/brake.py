"""The brake (rule 9): when too many of a calendar's appointments vanish at once, their calls are held.

Held means that nothing changes: the calendar's last good word stands, and the call rings at its time. An emptied
or truncated feed looks like somebody who deletes most of a calendar; only time, or a person, can tell them apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeGuard

from scheduler.calls.call import Key, State
from scheduler.calls.change import (
    GONE,
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
)

FEWEST = 5  # fewer are never held: people do delete four appointments in a row
AGREE_AFTER = timedelta(minutes=10)
AGREED = f"{GONE}: two fetches ten minutes apart agree"
ACCEPTED = f"{GONE}, and that was accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """What one round of reconciling says of the calendars' calls, by their ids."""

    lost: Mapping[str, frozenset[int]]  # collection → what it no longer holds, nor does any other
    elsewhere: Mapping[str, frozenset[int]]  # collection → what lives on in another one alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Vanished:
    """A call that a calendar has lost: held, or let go and remembered for a while."""

    call_id: int
    since: datetime  # the fetch that first lacked it
    missed_at: datetime  # the fetch from which agreement counts: of an empty calendar the last one
    held: bool
    accepted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One calendar in one round, before anything of it is applied."""

    fetched_at: datetime  # the fetch that the round is of
    empty: bool  # nothing at all is in it
    coming: frozenset[int]  # the calls that it had to come, without what lives on elsewhere
    lost: frozenset[int]
    sought: frozenset[int] = frozenset()  # of the lost: its server was asked for these alone, and has them no more
    remembered: tuple[Vanished, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Braked:
    """What becomes of a calendar's losses, and what is to be remembered instead of what was."""

    let_go: Mapping[int, str]  # call id → the reason of its cancellation
    remember: tuple[Vanished, ...]

    @property
    def held(self) -> frozenset[int]:
        return frozenset(one.call_id for one in self.remember if one.held)


def brake(standing: Standing) -> Braked:
    """Hold what a calendar lost too suddenly, until it is accepted, or comes back, or a later fetch agrees.

    What was let go within the last ten minutes counts as lost too, since a feed may shrink step by step. An
    empty calendar never agrees with itself. While anything is held, whatever else it loses is held as well, but
    for what was sought by itself (rule 8): somebody deleted it, unless too much of the calendar goes that way.
    """
    lately = _let_go_lately(standing)
    before = {one.call_id: one for one in standing.remembered if one.held and one.call_id in standing.lost}
    stop = bool(before) or _too_many(standing.lost, standing, lately)
    believed = frozenset[int]() if _too_many(standing.sought, standing, lately) else standing.sought
    lost = [
        before.get(call_id) or _first_missed(call_id, standing, stop and call_id not in believed)
        for call_id in sorted(standing.lost)
    ]
    let_go = {one.call_id: reason for one in lost if (reason := _why_let_go(one, standing))}
    held = [_once_more(one, standing) for one in lost if one.call_id not in let_go]
    fresh = [one for one in lost if not one.held and one.call_id in standing.coming]
    return Braked(let_go=let_go, remember=(*lately, *fresh, *held))


def _let_go_lately(standing: Standing) -> list[Vanished]:
    oldest = standing.fetched_at - AGREE_AFTER
    return [
        one
        for one in standing.remembered
        if not one.held and one.missed_at > oldest and one.call_id not in standing.lost
    ]


def _too_many(gone: frozenset[int], standing: Standing, lately: Collection[Vanished]) -> bool:
    lost = len(gone & standing.coming) + len(lately)
    return lost >= FEWEST and 2 * lost > len(standing.coming) + len(lately)


def _first_missed(call_id: int, standing: Standing, held: bool) -> Vanished:
    at = standing.fetched_at
    return Vanished(call_id=call_id, since=at, missed_at=at, held=held)


def _why_let_go(one: Vanished, standing: Standing) -> str:
    """The reason; "" where it is held."""
    if not one.held:
        return GONE
    if one.accepted:
        return ACCEPTED
    agreed = not standing.empty and standing.fetched_at - one.missed_at >= AGREE_AFTER
    return AGREED if agreed else ""


def _once_more(one: Vanished, standing: Standing) -> Vanished:
    return replace(one, missed_at=standing.fetched_at) if standing.empty else one


def read_losses(changes: Iterable[Change], recorded: Iterable[Recorded]) -> Losses:
    """Find what vanished among the changes that ``recorded`` led to.

    An event that still says something has not vanished: a series that was moved or shortened, one that is
    marked as cancelled, one in a calendar that is no longer configured.
    """
    changes = tuple(changes)
    keys = {one.call.id: one.keys for one in recorded if one.call.state is not State.ENDED}
    gone = {change.call.id for change in changes if withdraws(change)}
    there = _still_there(changes, (own for call_id, own in keys.items() if call_id not in gone))
    lost: dict[str, set[int]] = defaultdict(set)
    for call_id in gone:
        for collection in _collections(keys[call_id]) - {where for where, _ in _events(keys[call_id]) & there}:
            lost[collection].add(call_id)
    return Losses(lost=_frozen(lost), elsewhere=_frozen(_moved_away(changes, keys)))


def withdraws(change: Change) -> TypeGuard[Cancel | TooLate]:
    """Whether it says that no calendar holds the call's appointment any more."""
    match change:
        case Cancel(reason=reason):
            return reason == GONE
        case TooLate(reason=reason):
            return reason == WITHDRAWN_TOO_LATE
        case _:
            return False


def _still_there(changes: Iterable[Change], kept: Iterable[frozenset[Key]]) -> set[tuple[str, str]]:
    found = {event for own in kept for event in _events(own)}
    for change in changes:
        found |= _events(_wanted_keys(change))
    return found


def _moved_away(changes: Iterable[Change], keys: Mapping[int, frozenset[Key]]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for change in changes:
        if isinstance(change, Attach | Move):
            before = _collections(keys.get(change.call.id, frozenset()))
            for collection in before - _collections(_wanted_keys(change)):
                found[collection].add(change.call.id)
    return found


def _wanted_keys(change: Change) -> frozenset[Key]:
    """The appointments that ask for the call from now on."""
    match change:
        case Attach(keys=keys):
            return keys
        case Add(wanted=wanted) | AddMissed(wanted=wanted) | Move(wanted=wanted) | Ignore(wanted=wanted):
            return wanted.keys
        case _:
            return frozenset()


def _events(keys: Iterable[Key]) -> set[tuple[str, str]]:
    """(collection, uid) of each."""
    return {(key.collection, key.uid) for key in keys}


def _collections(keys: Iterable[Key]) -> set[str]:
    return {key.collection for key in keys}


def _frozen(found: Mapping[str, set[int]]) -> dict[str, frozenset[int]]:
    return {collection: frozenset(ids) for collection, ids in found.items()}
