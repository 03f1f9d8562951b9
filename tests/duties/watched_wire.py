"""A wire that holds every request against the ledger and the promises at the moment when it leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from scheduler.callout.answer import Accepted, PerhapsSent, PlaceAnswer, Withheld
from scheduler.calls.call import Call, State
from scheduler.calls.timing import day_of
from scheduler.database import Database
from scheduler.ledger.attempts import select_attempt_of_reference
from scheduler.ledger.calls import select_call
from scheduler.vca import CallRequest, Cdr, read_cdr, write_time
from tests.clocks import SetClock
from tests.duties.watched_limits import WatchedLimits


class Died(BaseException):
    """The process ends here: nothing of it runs any further."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A request that the provider took: the phones ring."""

    request: CallRequest
    session_id: str
    at: datetime  # by the provider's clock, which nobody sets

    @property
    def reference(self) -> str:
        return self.request.callback.rpartition("/")[2]

    def record(self, duration: int, release: str) -> Cdr:
        return read_cdr(
            {
                "sessionId": self.session_id,
                "origin": self.request.origin[1:],
                "destination": self.request.destination[1:],
                "requestTime": write_time(self.at),
                "callOneRelease": write_time(self.at),
                "callDuration": duration,
                "callReleaseInfo": release,
            }
        )


def let_be(_taken: Taken) -> None:
    """Nothing happens before the answer."""


class WatchedWire:
    """Looks at each request: its intention is on the disk, its time has come, it is neither late nor barred."""

    def __init__(self, clock: SetClock) -> None:
        self.clock = clock
        self.barred: set[str] = set()
        self.next_answer: PlaceAnswer | None = None  # None: the process dies before there is one
        self.takes_it = True
        self.lies = False  # where it says that it placed nothing, it may have
        self.has_token = True  # else the worker asks for it, and records the intention itself
        self.before_answer: Callable[[Taken], None] = let_be
        self.taken: list[Taken] = []
        self.evident: set[str] = set()  # references of what was taken, as far as anybody could know
        self.limits = WatchedLimits()
        self.requests: Counter[str] = Counter()  # by the attempt's reference
        self.records: list[Cdr] = []
        self.broken: list[str] = []  # what no request may do; not raised, since placing survives any error
        self.ledger: Database

    def token(self) -> str:
        return "token"

    def token_at_hand(self) -> str:
        return "token" if self.has_token else ""

    def cdrs(self, since: datetime) -> tuple[Cdr, ...]:  # noqa: ARG002
        return tuple(self.records)

    def place(self, request: CallRequest, token: str, withhold: Callable[[], str]) -> PlaceAnswer:  # noqa: ARG002
        if why := withhold():
            return Withheld(reason=why)
        taken = Taken(request=request, session_id=f"session-{len(self.taken)}", at=self.clock.true_now())
        self._hold_against_the_promises(taken)
        if self._is_taken():
            self.taken.append(taken)
            if isinstance(self.next_answer, Accepted | PerhapsSent | None):
                self.evident.add(taken.reference)
            self.before_answer(taken)
        if self.next_answer is None:
            raise Died
        if isinstance(self.next_answer, Accepted):
            return Accepted(session_id=taken.session_id)
        return self.next_answer

    def ends_of(self, taken: Taken) -> list[str]:
        """How it was released, by the records that have appeared of it."""
        return [one.release_info for one in self.records if one.session_id == taken.session_id]

    def _is_taken(self) -> bool:
        if isinstance(self.next_answer, Accepted):
            return True
        in_doubt = self.next_answer is None or isinstance(self.next_answer, PerhapsSent)
        return self.takes_it and (in_doubt or self.lies)

    def _hold_against_the_promises(self, taken: Taken) -> None:
        attempt = self.ledger.read(select_attempt_of_reference, taken.reference)
        if attempt is None:
            self.broken.append("its intention isn't on the disk")
            return
        call = self.ledger.read(select_call, attempt.call_id)
        assert call is not None
        self.requests[taken.reference] += 1
        numbers = (taken.request.origin, taken.request.destination)
        now = self.clock.now()
        broken = {
            "its attempt is closed": not attempt.open,
            "its call isn't requested": call.state is not State.REQUESTED,
            "its numbers are another call's": (call.origin.e164, call.destination.e164) != numbers,
            "it rings outside its window": not call.due_at <= now <= call.deadline_at,
            "its destination is barred": taken.request.destination in self.barred,
            "its attempt had a request already": self.requests[taken.reference] > 1,
            "its call rang already, and somebody answered, or nobody knows": self._rang_for_good(call),
        }
        self.broken += [promise for promise, is_broken in broken.items() if is_broken]
        self.broken += self.limits.broken(self.ledger, call, attempt, now, rings=self._rings(taken))

    def _rang_for_good(self, call: Call) -> bool:
        """Whether an earlier attempt is known to have rung, and none of its records allows another."""
        return any(
            not any(self.limits.may_be_tried_again(release) for release in self.ends_of(one))
            for one in self.taken
            if one.reference in self.evident and self._call_id(one) == call.id
        )

    def _call_id(self, taken: Taken) -> int:
        attempt = self.ledger.read(select_attempt_of_reference, taken.reference)
        assert attempt is not None
        return attempt.call_id

    def _rings(self, taken: Taken) -> int:
        """How often its customer's phone has rung today, as could be known."""
        today = day_of(self.clock.now(), self.limits.policy)
        return sum(
            one.at >= today
            and one.reference in self.evident
            and one.request.destination == taken.request.destination
            and not any(release.startswith("Leg1-") for release in self.ends_of(one))
            for one in self.taken
        )
