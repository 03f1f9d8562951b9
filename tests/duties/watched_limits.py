"""What the company's settings forbid of a request as it leaves, beside all others that are on their way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scheduler.calls.call import Attempt, Call
from scheduler.calls.policy import Policy
from scheduler.database import Database
from scheduler.ledger.attempts import select_open_attempts

# Between the decision and the request there may be a moment, and the clock may be set by one.
_MOMENT = timedelta(seconds=5)
_ORIGIN_MISSED, _DESTINATION_MISSED = "Leg1-480", "Leg2-486"


@dataclass
class WatchedLimits:
    """The settings that hold; what was decided by others is spared."""

    policy: Policy = field(default_factory=Policy)
    spared: set[int] = field(default_factory=set)  # the calls that were in hand when the settings changed
    destinations_too: bool = False  # whether it was ever set that customers are rung again

    def use(self, policy: Policy, in_hand: set[int]) -> None:
        self.policy = policy
        self.spared |= in_hand
        self.destinations_too |= policy.retries.destination > 0

    def may_be_tried_again(self, release: str) -> bool:
        """Whether a call that was released so may be made again by any settings that there were."""
        return release.startswith(_ORIGIN_MISSED) or (
            self.destinations_too and release.startswith(_DESTINATION_MISSED)
        )

    def broken(
        self, ledger: Database, call: Call, attempt: Attempt, now: datetime, *, rings: int
    ) -> Iterator[str]:
        """:param rings: how often the customer has rung today."""
        held_since = now - self.policy.origin_hold + _MOMENT
        others = [
            one
            for one in ledger.read(select_open_attempts)
            if one.id != attempt.id and one.requested_at > held_since
        ]
        last_try = call.deadline_at - self.policy.origin_retry - _MOMENT
        if now < last_try and any(one.origin == call.origin for one in others):
            yield "its origin is in another call"
        if any(one.destination == call.destination and one.origin != call.origin for one in others):
            yield "its customer is in another manager's call"
        if self.policy.hours.closed(call.origin, call.destination, now):
            yield "it rings outside calling hours"
        if call.id not in self.spared:
            yield from self._too_many(len(others) + 1, rings + 1)

    def _too_many(self, going_on: int, rings: int) -> Iterator[str]:
        limits = self.policy.limits
        if 0 < limits.calls_at_once < going_on:
            yield "more calls go on than there are lines"
        if 0 < limits.rings_a_day < rings:
            yield "its customer has rung often enough today"
