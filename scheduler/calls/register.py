"""What reconciling looks things up in: the recorded calls, and what is known of the calendars."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from scheduler.calls.call import Call, Key, Outcome, PlannedCall, Slot, State
from scheduler.calls.change import Recorded
from scheduler.calls.unreadable import Unreadable
from scheduler.phone import PhoneNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
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


class Register:
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
        if not stoppable(one.call):
            self._remember_attempted(one)

    def _enter_ended(self, one: Recorded) -> None:
        self._ended_by_slot[one.call.slot] = one
        for key in one.keys:
            self._ended_by_instance[key.instance, one.call.asked_at] = one
        # What ends as unknown may have rung, also where a restored ledger knows of no attempt.
        if one.call.attempts or one.call.outcome is Outcome.UNKNOWN:
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

    def renamed(self, wanted: PlannedCall, known: Knowledge) -> list[Call]:
        """What was called between its numbers for appointments of its calendars that are gone: perhaps itself,
        under another name, as after a split or where a program deletes and writes anew.
        """
        places = {key.collection for key in wanted.keys}
        return [
            one.call
            for one in self._tried.get((wanted.origin, wanted.destination), ())
            if places & {key.collection for key in one.keys | one.once} and not known.still_said(one.keys)
        ]

    def called_for_this_start(self, wanted: PlannedCall) -> bool:
        """Whether it was called already and still starts when it did: only its lead is another one."""
        starts_at = wanted.starts_at
        return starts_at is not None and any(
            (key.instance, starts_at) in self._attempted_starts for key in wanted.keys
        )

    def unmet(self, until: datetime | None) -> list[Recorded]:
        return [one for one in self._open.values() if one.keys and (until is None or one.call.asked_at < until)]


def stoppable(call: Call) -> bool:
    return call.state in (State.PLANNED, State.CLAIMED)
