"""A batch of claimed calls at the last gate: decided as a whole, and as one after the other would be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.calls.call import PlannedCall
from scheduler.calls.pause import PauseScope
from scheduler.calls.policy import Limits, Policy
from scheduler.calls.timing import DESTINATION_HELD, ORIGIN_HELD, PACED, End, Wait
from scheduler.database import Connection, Database
from scheduler.ledger.calls import Claim, claim_due, insert_call, release_claim
from scheduler.ledger.pauses import begin_pause
from scheduler.ledger.requesting import Ask, Requested, request
from scheduler.phone import PhoneNumber
from tests.calls.builders import CUSTOMER, GRACE, MINUTE, ORIGIN, OTHER_CUSTOMER, SECOND_ORIGIN, want
from tests.clocks import NOON
from tests.ledger.desk import POLICY, Desk

SECOND = timedelta(seconds=1)
AT_ONCE = timedelta()
JUST_BEFORE_DEADLINE = GRACE - SECOND
T = TypeVar("T")
Asked = list[Requested | Wait | End | None]


def asks_of(claims: Sequence[Claim]) -> list[Ask]:
    return [Ask(claim=claim, reference=f"reference of {claim.call.id}") for claim in claims]


def ask_all(desk: Desk, policy: Policy = POLICY, waits: Sequence[timedelta] | None = None) -> Asked:
    """Claim what is due and ask for it as one batch, which no pace keeps back by default."""
    asks = asks_of(desk.claim())
    return desk.ledger.write(request, asks, NOON, policy, waits=waits or [AT_ONCE] * len(asks))


def test_a_batch_gets_one_attempt_and_one_event_for_each_call(desk: Desk) -> None:
    first = desk.plan(want())
    second = desk.plan(want(origin=SECOND_ORIGIN, destination=OTHER_CUSTOMER))
    asked = ask_all(desk)
    ids = {number: attempt.id for number in (first, second) for attempt in desk.attempts(number)}
    assert asked == [Requested(attempt_id=ids[first]), Requested(attempt_id=ids[second])]
    assert [attempt.reference for attempt in desk.attempts(second)] == [f"reference of {second}"]
    assert desk.history(first) == desk.history(second) == ["requested"]


def test_the_second_call_of_an_origin_in_a_batch_waits_for_the_first(desk: Desk) -> None:
    desk.plan(want(at=NOON - SECOND))
    desk.plan(want(destination=OTHER_CUSTOMER))
    first, second = ask_all(desk)
    assert isinstance(first, Requested)
    assert isinstance(second, Wait)
    assert second.reason == ORIGIN_HELD


def test_the_second_call_to_a_customer_in_a_batch_waits_for_the_first(desk: Desk) -> None:
    desk.plan(want(at=NOON - SECOND))
    desk.plan(want(origin=SECOND_ORIGIN))
    first, second = ask_all(desk)
    assert isinstance(first, Requested)
    assert isinstance(second, Wait)
    assert second.reason == DESTINATION_HELD


def test_a_ring_in_the_same_batch_counts_among_those_of_today(desk: Desk) -> None:
    for number in range(2):
        desk.plan(want(at=NOON - JUST_BEFORE_DEADLINE + number * SECOND))
    first, second = ask_all(desk, Policy(limits=Limits(rings_a_day=1)))
    assert isinstance(first, Requested)
    assert isinstance(second, End)
    assert "rung once today" in second.reason


def test_of_a_batch_as_many_leave_as_the_pace_allows(desk: Desk) -> None:
    desk.plan(want(at=NOON - SECOND))
    desk.plan(want(origin=SECOND_ORIGIN, destination=OTHER_CUSTOMER))
    first, second = ask_all(desk, waits=[AT_ONCE, MINUTE])
    assert isinstance(first, Requested)
    assert second == Wait(until=NOON + MINUTE, reason=PACED)


def test_a_claim_that_no_longer_holds_costs_no_other_of_its_batch(desk: Desk) -> None:
    taken = desk.plan(want())
    desk.plan(want(origin=SECOND_ORIGIN, destination=OTHER_CUSTOMER))
    asks = asks_of(desk.claim())
    desk.ledger.write(release_claim, asks[0].claim, NOON)
    first, second = desk.ledger.write(request, asks, NOON, POLICY, waits=[AT_ONCE] * 2)
    assert first is None
    assert isinstance(second, Requested)
    assert desk.attempts(taken) == ()


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A call of a batch; a late one is just before its deadline, where a held origin is tried all the same."""

    origin: PhoneNumber
    destination: PhoneNumber
    late: bool

    def wanted(self, number: int) -> PlannedCall:
        """No two of a batch have one slot."""
        before = JUST_BEFORE_DEADLINE if self.late else SECOND
        return want(
            origin=self.origin, destination=self.destination, at=NOON - before + number * timedelta(milliseconds=1)
        )


PLANNED = st.builds(
    Planned,
    origin=st.sampled_from([ORIGIN, SECOND_ORIGIN]),
    destination=st.sampled_from([CUSTOMER, OTHER_CUSTOMER]),
    late=st.booleans(),
)
WAITS = [AT_ONCE, AT_ONCE, AT_ONCE, MINUTE, MINUTE, MINUTE]


def test_a_batch_is_decided_as_its_calls_are_one_after_the_other(ledger: Database) -> None:
    @settings(max_examples=200, deadline=None)
    @given(
        rings_a_day=st.integers(0, 2),
        going_on=st.lists(PLANNED, max_size=2),
        batch=st.lists(PLANNED, min_size=1, max_size=6),
        paused=st.sampled_from([None, ORIGIN, SECOND_ORIGIN]),
    )
    def alike(rings_a_day: int, going_on: list[Planned], batch: list[Planned], paused: PhoneNumber | None) -> None:
        policy = Policy(limits=Limits(rings_a_day=rings_a_day))

        def both(connection: Connection) -> None:
            for number, planned in enumerate(going_on):
                as_a_batch(connection, claimed(connection, [planned.wanted(-1 - number)]), policy)
            if paused is not None:
                begin_pause(connection, PauseScope(origin=paused), None, "", NOON)
            asks = claimed(connection, [planned.wanted(number) for number, planned in enumerate(batch)])
            together = taken_back(connection, lambda: as_a_batch(connection, asks, policy))
            assert one_by_one(connection, asks, policy) == together

        ledger.write(lambda connection: taken_back(connection, lambda: both(connection)))

    alike()


def claimed(connection: Connection, wanted: Sequence[PlannedCall]) -> list[Ask]:
    for one in wanted:
        insert_call(connection, one, NOON)
    return asks_of(claim_due(connection, NOON, len(wanted), "token"))


def taken_back(connection: Connection, work: Callable[[], T]) -> T:
    """What ``work`` gives, and as if it had never been done."""
    connection.execute("SAVEPOINT before")
    done = work()
    connection.execute("ROLLBACK TO before")
    connection.execute("RELEASE before")
    return done


def as_a_batch(connection: Connection, asks: Sequence[Ask], policy: Policy) -> Asked:
    return request(connection, asks, NOON, policy, waits=WAITS[: len(asks)])


def one_by_one(connection: Connection, asks: Sequence[Ask], policy: Policy) -> Asked:
    asked: Asked = []
    for ask in asks:
        left = sum(isinstance(one, Requested) for one in asked)
        asked += request(connection, [ask], NOON, policy, waits=WAITS[left : left + 1])
    return asked
