"""The coming calls that will have to wait for each other, or be barred, as people are shown them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from scheduler.calls.call import Call, PlannedCall
from scheduler.calls.conflict import find_conflicts
from scheduler.calls.policy import Policy
from scheduler.duties.look import Entry

_OVER = ("not_ringing", "ended")


def with_conflicts(entries: Sequence[Entry], policy: Policy, recorded: Iterable[Call] = ()) -> tuple[Entry, ...]:
    """The same entries; where two meet, the reason of the later one says so, or that it is one too many of a day.

    :param recorded: the ledger's calls of those days.
    """
    calls: dict[int, Call | PlannedCall] = {}
    for number, entry in enumerate(entries):
        call = entry.call or entry.wanted
        if call is not None and entry.state not in _OVER:
            calls[number] = call
    shown = {call.id for call in calls.values() if isinstance(call, Call)}
    told = find_conflicts(calls, policy, [call for call in recorded if call.id not in shown])
    return tuple(
        replace(entry, reason="; ".join(filter(None, (entry.reason, told.get(number)))))
        for number, entry in enumerate(entries)
    )
