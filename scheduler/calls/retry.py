"""Another attempt where somebody didn't answer, and what a call ends as when nothing follows its last attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.calls.call import Attempt, Call, Outcome
from scheduler.calls.cdr import Ending
from scheduler.calls.policy import Policy, Retries
from scheduler.calls.timing import End, Wait

_ORIGIN_MISSED = frozenset({Outcome.ORIGIN_NO_ANSWER, Outcome.ORIGIN_BUSY})
_DESTINATION_MISSED = frozenset({Outcome.NO_ANSWER, Outcome.BUSY})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Budget:
    """Which attempts count together, and how many more may follow the first of them."""

    outcomes: frozenset[Outcome]
    retries: int


def after_ending(
    ending: Ending, call: Call, earlier: Sequence[Attempt], now: datetime, policy: Policy, *, stopped: str = ""
) -> Wait | End:
    """What follows an attempt that ended: the same call again after a while, or the call ends as the attempt did.

    :param earlier: the call's attempts before; those that placed nothing don't count.
    :param stopped: why nothing may follow, whatever the settings allow, as that the appointment has gone.
    """
    budget = _budget(ending.outcome, policy.retries)
    tried = 1 + sum(one.outcome in budget.outcomes for one in earlier)
    again_at = now + policy.retries.after
    if tried > budget.retries:
        counted = f"; attempt {tried} of {tried}" if tried > 1 else ""
        return End(outcome=ending.outcome, reason=ending.reason + counted)
    if again_at > call.deadline_at:
        stopped = stopped or f"its deadline is {_clock(call.deadline_at, policy)}"
    if stopped:
        return End(outcome=ending.outcome, reason=_not_again(ending.reason, stopped))
    told = f"again at {_clock(again_at, policy)}, attempt {tried + 1} of {budget.retries + 1}"
    return Wait(until=again_at, reason=f"{ending.reason}; {told}")


def rather_as_it_ended(end: End, attempts: Sequence[Attempt]) -> End:
    """Rule 7: a call that rang before ends as its last attempt did, whatever stops the next one."""
    rang = [one for one in attempts if one.outcome is not None]
    if not rang or rang[-1].outcome is None:
        return end
    why = "its deadline passed first" if end.outcome is Outcome.MISSED else end.reason
    return End(outcome=rang[-1].outcome, reason=_not_again(rang[-1].reason, why))


def _budget(outcome: Outcome, retries: Retries) -> _Budget:
    if outcome in _ORIGIN_MISSED:
        return _Budget(outcomes=_ORIGIN_MISSED, retries=retries.origin)
    if outcome in _DESTINATION_MISSED:
        return _Budget(outcomes=_DESTINATION_MISSED, retries=retries.destination)
    return _Budget(outcomes=frozenset(), retries=0)


def _not_again(reason: str, why: str) -> str:
    return f"{reason}; not tried again: {why}"


def _clock(instant: datetime, policy: Policy) -> str:
    return f"{instant.astimezone(policy.zone):%H:%M:%S}"
