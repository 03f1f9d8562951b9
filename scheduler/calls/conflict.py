"""Coming calls that one phone can't have both in time, or not so many of a day: people are told beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeVar

from scheduler.calls.call import Call, Outcome, PlannedCall
from scheduler.calls.policy import Policy
from scheduler.calls.timing import day_of
from scheduler.phone import PhoneNumber

K = TypeVar("K")
_RANG = (Outcome.ANSWERED, Outcome.NO_ANSWER, Outcome.BUSY, Outcome.UNKNOWN)


def find_conflicts(
    calls: Mapping[K, Call | PlannedCall], policy: Policy, beside: Iterable[Call] = ()
) -> dict[K, str]:
    """What is told of each call that is due before the one ahead of it must have begun, or when its customer was
    rung often enough that day; by the keys given.

    :param beside: other calls of those days, the ended ones among them.
    """
    most = policy.limits.rings_a_day
    rings = Counter(_day(one, policy) for one in beside if one.outcome is None or one.outcome in _RANG)
    origins: dict[PhoneNumber, Call | PlannedCall] = {}
    destinations: dict[PhoneNumber, Call | PlannedCall] = {}
    found: dict[K, str] = {}
    for key, call in _in_order(calls):
        if most and rings[_day(call, policy)] >= most:
            found[key] = _too_often(most)
            continue  # it takes no phone
        rings[_day(call, policy)] += 1
        ahead, rival = origins.get(call.origin), destinations.get(call.destination)
        if ahead is not None and _meets(ahead, call):
            found[key] = _words(f"{call.origin} also calls {ahead.destination}", ahead, call, policy)
        elif rival is not None and _meets(rival, call):
            found[key] = _words(f"{rival.origin} also calls {call.destination}", rival, call, policy)
        origins[call.origin] = destinations[call.destination] = call
    return found


def _too_often(most: int) -> str:
    ahead = "one before it that day rings" if most == 1 else f"{most} before it that day ring"
    return f"will be barred if the {ahead} the customer (calling.rings_a_day)"


def _day(call: Call | PlannedCall, policy: Policy) -> tuple[PhoneNumber, datetime]:
    return call.destination, day_of(call.due_at, policy)


def _in_order(calls: Mapping[K, Call | PlannedCall]) -> Iterable[tuple[K, Call | PlannedCall]]:
    return sorted(calls.items(), key=lambda item: (item[1].due_at, item[1].origin, item[1].destination))


def _meets(ahead: Call | PlannedCall, call: Call | PlannedCall) -> bool:
    """Whether ``ahead`` may not even have begun when ``call`` is due."""
    return call.due_at < ahead.deadline_at or call.due_at == ahead.due_at


def _words(what: str, ahead: Call | PlannedCall, call: Call | PlannedCall, policy: Policy) -> str:
    begins, latest = (one.astimezone(policy.zone) for one in (ahead.due_at, call.deadline_at))
    return f"{what} at {begins:%H:%M}: this call waits until that one is over, until {latest:%H:%M} at most"
