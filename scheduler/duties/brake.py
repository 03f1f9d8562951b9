"""The brake between deciding and applying: what vanished too suddenly is held back, remembered and told."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from shlex import quote

from scheduler.calls.brake import Braked, Losses, Standing, Vanished, brake, read_losses, withdraws
from scheduler.calls.call import OPEN_STATES
from scheduler.calls.change import Cancel, Change, Recorded
from scheduler.database import Connection, Database
from scheduler.errors import Problem
from scheduler.ledger.calls import select_call
from scheduler.ledger.collections import holds_objects
from scheduler.ledger.events import append_event
from scheduler.ledger.vanished import (
    Hold,
    replace_vanished,
    select_coming,
    select_holds,
    select_vanished,
)

log = logging.getLogger(__name__)

Memory = Mapping[str, tuple[Vanished, ...]]  # by collection


class Brake:
    """Holds back the cancellations that rule 9 doesn't believe yet."""

    def __init__(self, ledger: Database) -> None:
        self._ledger = ledger

    def hold_back(
        self,
        changes: tuple[Change, ...],
        recorded: Iterable[Recorded],
        now: datetime,
        *,
        fetched_at: Mapping[str, datetime],
        sought: Collection[tuple[str, str]] = (),
    ) -> tuple[Change, ...]:
        """The changes without what is held, and with what was held and is let go now.

        :param recorded: the calls that ``changes`` were decided from. What is held and isn't among them was
            not looked at: it is as lost as it was.
        :param fetched_at: the fetch of each collection that ``changes`` were decided from.
        :param sought: (collection, uid) of the events that a last look asked for by themselves and didn't find.
        """
        memory = self._ledger.read(select_vanished)
        if not memory and not any(withdraws(change) for change in changes):
            return changes
        recorded = tuple(recorded)
        losses = read_losses(changes, recorded)
        unseen = self._ledger.read(_still_open, _held(memory) - {one.call.id for one in recorded})
        standings = self._ledger.read(_standings, losses, memory, unseen, now, fetched_at)
        standings = {name: _with_sought(one, name, recorded, sought) for name, one in standings.items()}
        braked = {collection: brake(standing) for collection, standing in standings.items()}
        self._ledger.write(_record, memory, braked, now)
        _tell(memory, braked, standings)
        return tuple(self._left(changes, braked))

    def _left(self, changes: tuple[Change, ...], braked: Mapping[str, Braked]) -> Iterator[Change]:
        """A call that several calendars lost goes once all of them let it go."""
        held = {call_id for one in braked.values() for call_id in one.held}
        let_go = {call_id: reason for one in braked.values() for call_id, reason in one.let_go.items()}
        for change in changes:
            if withdraws(change):
                reason = let_go.pop(change.call.id, change.reason)
                if change.call.id not in held:
                    yield replace(change, reason=reason) if isinstance(change, Cancel) else change
            else:
                yield change
        yield from self._cancels({call_id: why for call_id, why in let_go.items() if call_id not in held})

    def _cancels(self, let_go: Mapping[int, str]) -> Iterator[Cancel]:
        for call_id, reason in let_go.items():
            if call := self._ledger.read(select_call, call_id):
                yield Cancel(call=call, reason=reason)


def hold_problems(connection: Connection, now: datetime) -> tuple[Problem, ...]:
    """What is held, for commands: the calendar, how much of it, since when, and what ends it."""
    return tuple(
        Problem(where=f"calendar {hold.collection}", what=_words(hold), remedy=_remedy(hold.collection))
        for hold in select_holds(connection, now)
    )


def _words(hold: Hold) -> str:
    until = (
        "nothing is left in it, so that this lasts until somebody accepts it"
        if hold.empty
        else "this lasts until fetches ten minutes apart agree"
    )
    return (
        f"{hold.held} of its {hold.coming} coming calls vanished at once, seen first {hold.since:%Y-%m-%d %H:%M} "
        f"UTC; they are held and still ring; {until}"
    )


def _remedy(collection: str) -> str:
    return f"if they were deleted on purpose: call-scheduler sync --accept {quote(collection)}"


def _held(memory: Memory) -> set[int]:
    return {one.call_id for ones in memory.values() for one in ones if one.held}


def _still_open(connection: Connection, call_ids: Iterable[int]) -> frozenset[int]:
    calls = (select_call(connection, call_id) for call_id in call_ids)
    return frozenset(call.id for call in calls if call is not None and call.state in OPEN_STATES)


def _standings(
    connection: Connection,
    losses: Losses,
    memory: Memory,
    unseen: Collection[int],
    now: datetime,
    fetched_at: Mapping[str, datetime],
) -> dict[str, Standing]:
    """Of every calendar that lost something, now or before."""
    nothing: frozenset[int] = frozenset()
    return {
        collection: Standing(
            fetched_at=fetched_at.get(collection, now),
            empty=not holds_objects(connection, collection),
            coming=select_coming(connection, collection, now) - losses.elsewhere.get(collection, nothing),
            lost=losses.lost.get(collection, nothing).union(
                one.call_id for one in memory.get(collection, ()) if one.call_id in unseen
            ),
            remembered=memory.get(collection, ()),
        )
        for collection in losses.lost.keys() | memory.keys()
    }


def _with_sought(
    standing: Standing, collection: str, recorded: Iterable[Recorded], sought: Collection[tuple[str, str]]
) -> Standing:
    """With the calls all of whose events in this collection were sought in vain."""
    if not sought:
        return standing
    alone = {
        one.call.id
        for one in recorded
        if one.call.id in standing.lost
        and all((key.collection, key.uid) in sought for key in one.keys if key.collection == collection)
    }
    return replace(standing, sought=frozenset(alone))


def _record(connection: Connection, memory: Memory, braked: Mapping[str, Braked], now: datetime) -> None:
    for collection, one in braked.items():
        replace_vanished(connection, collection, one.remember)
    before, after = _held(memory), {call_id for one in braked.values() for call_id in one.held}
    for call_id in sorted(after - before):
        append_event(connection, now, "held", call_id=call_id)
    let_go = {call_id for one in braked.values() for call_id in one.let_go}
    for call_id in sorted(_still_open(connection, before - after - let_go)):
        append_event(connection, now, "released", call_id=call_id)


def _tell(memory: Memory, braked: Mapping[str, Braked], standings: Mapping[str, Standing]) -> None:
    for collection, one in braked.items():
        before = {seen.call_id for seen in memory.get(collection, ()) if seen.held}
        if one.held and not before:
            log.warning(
                "calendar %s: %d of its %d coming calls vanished at once; they are held and still ring (%s)",
                collection, len(one.held), len(standings[collection].coming), _remedy(collection),
            )  # fmt: skip
        elif before and not one.held:
            log.info("calendar %s: nothing of it is held any more", collection)
