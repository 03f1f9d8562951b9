"""Coming calls that one phone can't have both in time: the later one waits, which people are told beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from scheduler.calls.call import Call, PlannedCall
from scheduler.calls.policy import Policy
from scheduler.phone import PhoneNumber

K = TypeVar("K")


def find_conflicts(calls: Mapping[K, Call | PlannedCall], policy: Policy) -> dict[K, str]:
    """What is told of each call that is due before the one ahead of it must have begun; by the keys given."""
    origins: dict[PhoneNumber, Call | PlannedCall] = {}
    destinations: dict[PhoneNumber, Call | PlannedCall] = {}
    found: dict[K, str] = {}
    for key, call in _in_order(calls):
        ahead, rival = origins.get(call.origin), destinations.get(call.destination)
        if ahead is not None and _meets(ahead, call):
            found[key] = _words(f"{call.origin} also calls {ahead.destination}", ahead, call, policy)
        elif rival is not None and _meets(rival, call):
            found[key] = _words(f"{rival.origin} also calls {call.destination}", rival, call, policy)
        origins[call.origin] = destinations[call.destination] = call
    return found


def _in_order(calls: Mapping[K, Call | PlannedCall]) -> Iterable[tuple[K, Call | PlannedCall]]:
    return sorted(calls.items(), key=lambda item: (item[1].due_at, item[1].origin, item[1].destination))


def _meets(ahead: Call | PlannedCall, call: Call | PlannedCall) -> bool:
    """Whether ``ahead`` may not even have begun when ``call`` is due."""
    return call.due_at < ahead.deadline_at or call.due_at == ahead.due_at


def _words(what: str, ahead: Call | PlannedCall, call: Call | PlannedCall, policy: Policy) -> str:
    begins, latest = (one.astimezone(policy.zone) for one in (ahead.due_at, call.deadline_at))
    return f"{what} at {begins:%H:%M}: this call waits until that one is over, until {latest:%H:%M} at most"
