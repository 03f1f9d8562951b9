"""Calls that are asked for outside calling hours get their next opening; those of one origin one after another."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scheduler.calls.call import PlannedCall
from scheduler.calls.hours import FARTHEST, Hours
from scheduler.calls.policy import Policy
from scheduler.phone import PhoneNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outside:
    """A call that is asked for outside its hours, and the opening that it would get if it were alone."""

    call: PlannedCall
    hours: Hours
    opens_at: datetime

    @property
    def order(self) -> tuple[datetime, datetime, PhoneNumber]:
        return self.opens_at, self.call.asked_at, self.call.destination


def shift_into_hours(calls: Iterable[PlannedCall], policy: Policy) -> list[PlannedCall]:
    """The calls with the times that ``policy.hours`` give them; what never opens keeps the time it asks for.

    What is moved keeps its order, and its distance of ``stagger`` to every other call of its origin.
    """
    shifted: list[PlannedCall] = []
    outside: list[_Outside] = []
    for call in calls:
        hours = policy.hours.of(call.origin, call.destination)
        opens_at = hours.next_opening(call.asked_at) if hours and policy.hours.moves else None
        if hours is None or opens_at is None or opens_at == call.asked_at:
            shifted.append(_due(call, call.asked_at, hours, policy))
        else:
            outside.append(_Outside(call=call, hours=hours, opens_at=opens_at))
    taken = _taken(shifted)
    for one in sorted(outside, key=lambda one: one.order):
        due_at = _first_free(one, taken[one.call.origin], policy.hours.stagger)
        insort(taken[one.call.origin], due_at)
        shifted.append(_due(one.call, due_at, one.hours, policy))
    return shifted


def _taken(calls: Iterable[PlannedCall]) -> dict[PhoneNumber, list[datetime]]:
    """When the calls of each origin are due, in order."""
    taken = defaultdict(list)
    for due_at, origin in sorted((call.due_at, call.origin) for call in calls):
        taken[origin].append(due_at)
    return taken


def _first_free(one: _Outside, taken: Sequence[datetime], stagger: timedelta) -> datetime:
    """The first open time that is ``stagger`` away from what is ``taken``; too far ahead it stays where it is."""
    free: datetime | None = one.opens_at
    for other in taken[bisect_left(taken, one.opens_at - stagger) :]:
        if free is not None and abs(free - other) < stagger:
            free = one.hours.next_opening(other + stagger)
    asked_at = one.call.asked_at
    return asked_at if free is None or free - asked_at > FARTHEST else free


def _due(call: PlannedCall, due_at: datetime, hours: Hours | None, policy: Policy) -> PlannedCall:
    """Due then, and too late as soon as its grace or the calling hours are over."""
    deadline_at = due_at + policy.grace
    if hours is not None and hours.inside(due_at):
        deadline_at = hours.closing(due_at, deadline_at) or deadline_at
    return replace(call, due_at=due_at, deadline_at=deadline_at)
