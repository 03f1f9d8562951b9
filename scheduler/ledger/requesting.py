"""The last gate before the wire: which of the claimed calls may be requested now, and the intention of each.

A batch is decided as a whole, in few statements: SQLite hands the interpreter to the process's other threads at
each, and they are many when many calls are due.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.calls.call import Call
from scheduler.calls.pause import Pause, unless_paused
from scheduler.calls.policy import Policy
from scheduler.calls.retry import rather_as_it_ended
from scheduler.calls.timing import Decision, End, Place, Wait, day_of, due, rung_enough
from scheduler.database import Connection
from scheduler.ledger.attempts import insert_attempts
from scheduler.ledger.calls import Claim, end_claim, release_claim, request_calls
from scheduler.ledger.events import append_event, append_event_once, append_events
from scheduler.ledger.holds import Gate, select_gates
from scheduler.ledger.life import attempts_of
from scheduler.ledger.pauses import select_calendars_of_call, select_pauses


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A claimed call that is to be requested, and what is known of it outside the ledger."""

    claim: Claim
    reference: str  # of the attempt that it becomes
    barred: str = ""
    obstacle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """The intention is recorded: once it is committed, the request may be sent."""

    attempt_id: int


def request(
    connection: Connection, asks: Sequence[Ask], now: datetime, policy: Policy, *, waits: Sequence[timedelta]
) -> list[Requested | Wait | End | None]:
    """Decide of each call, in this order, whether it may be placed now, and if so record the intention.

    Claim, window, calling hours, barring, origin, destination, limits and pauses are all looked at in this one
    transaction. None: the claim no longer holds, since the call was moved, cancelled or taken.

    :param waits: how long until a first, second, … request may leave: one for each of ``asks``.
    """
    decisions = _decide(connection, asks, now, policy, waits)
    placed = [ask for ask, decision in zip(asks, decisions, strict=True) if isinstance(decision, Place)]
    attempt_ids = _intend(connection, placed, now)
    return [
        _outcome(connection, ask.claim, decision, attempt_ids, now)
        for ask, decision in zip(asks, decisions, strict=True)
    ]


def postpone(connection: Connection, claim: Claim, until: datetime, reason: str, now: datetime) -> Wait | None:
    """Give the claim back before anything is judged by ``now``, as while the clock is in doubt."""
    return _wait(connection, claim, Wait(until=until, reason=reason), now)


class _Leaving:
    """The calls of the batch that are placed: each of them goes on when the next one is looked at."""

    def __init__(self) -> None:
        self.count = 0
        self._origins: set[str] = set()
        self._origins_by_destination: defaultdict[str, list[str]] = defaultdict(list)

    def add(self, call: Call) -> None:
        self.count += 1
        self._origins.add(call.origin.e164)
        self._origins_by_destination[call.destination.e164].append(call.origin.e164)

    def narrow(self, gate: Gate, call: Call) -> Gate:
        """The gate of ``call``, with what the ledger doesn't tell yet."""
        origins = self._origins_by_destination.get(call.destination.e164, ())
        return Gate(
            origin_held=gate.origin_held or call.origin.e164 in self._origins,
            destination_held=gate.destination_held or any(origin != call.origin.e164 for origin in origins),
            rings=gate.rings + len(origins),
        )


def _decide(
    connection: Connection, asks: Sequence[Ask], now: datetime, policy: Policy, waits: Sequence[timedelta]
) -> list[Decision]:
    gates = select_gates(
        connection,
        [ask.claim.call.id for ask in asks],
        held_since=now - policy.origin_hold,
        today=day_of(now, policy) if policy.limits.rings_a_day > 0 else None,
    )
    pauses = select_pauses(connection, now)
    leaving, decisions = _Leaving(), []
    for ask in asks:
        call = ask.claim.call
        gate = leaving.narrow(gates[call.id], call)
        decision = _decide_one(ask, gate, now, policy, waits[leaving.count])
        if pauses and isinstance(decision, Place):
            decision = _unless_paused(connection, call, pauses)
        if isinstance(decision, Place):
            leaving.add(call)
        decisions.append(decision)
    return decisions


def _decide_one(ask: Ask, gate: Gate, now: datetime, policy: Policy, paced: timedelta) -> Decision:
    call = ask.claim.call
    return due(
        call,
        now,
        policy,
        barred=ask.barred or rung_enough(gate.rings, policy),
        closed=policy.hours.closed(call.origin, call.destination, now),
        obstacle=ask.obstacle,
        origin_held=gate.origin_held,
        destination_held=gate.destination_held,
        paced=paced,
    )


def _unless_paused(connection: Connection, call: Call, pauses: Sequence[Pause]) -> Place | Wait:
    return unless_paused(call, pauses, select_calendars_of_call(connection, call.id))


def _intend(connection: Connection, asks: Sequence[Ask], now: datetime) -> Mapping[int, int]:
    """Record the intentions of the calls whose claim still holds: their attempts, by the id of the call."""
    requested = request_calls(connection, [ask.claim for ask in asks])
    references = {ask.claim.call.id: ask.reference for ask in asks if ask.claim.call.id in requested}
    attempt_ids = insert_attempts(connection, references, now)
    append_events(connection, "requested", dict.fromkeys(attempt_ids.values(), now))
    return attempt_ids


def _outcome(
    connection: Connection, claim: Claim, decision: Decision, attempt_ids: Mapping[int, int], now: datetime
) -> Requested | Wait | End | None:
    match decision:
        case Place():
            attempt_id = attempt_ids.get(claim.call.id)
            return None if attempt_id is None else Requested(attempt_id=attempt_id)
        case Wait():
            return _wait(connection, claim, decision, now)
        case End():
            return _end(connection, claim, decision, now)


def _wait(connection: Connection, claim: Claim, decision: Wait, now: datetime) -> Wait | None:
    if not release_claim(connection, claim, decision.until, decision.reason):
        return None
    # Why stands in the call: it may be the provider's wording.
    append_event_once(connection, now, "waits", call_id=claim.call.id, detail="")
    return decision


def _end(connection: Connection, claim: Claim, decision: End, now: datetime) -> End | None:
    end = rather_as_it_ended(decision, attempts_of(connection, claim.call))
    if not end_claim(connection, claim, end.outcome, end.reason, now):
        return None
    append_event(connection, now, end.outcome, call_id=claim.call.id)
    return end
