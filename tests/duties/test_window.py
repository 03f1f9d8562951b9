"""No request leaves outside its call's window or to a barred number, whatever the outage, clock, configuration."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scheduler.callout.answer import Accepted, NotSent, PlaceAnswer, RefusedForNow, Unauthorized
from scheduler.calls.call import Outcome, State
from scheduler.calls.policy import Policy
from scheduler.clock import Sync
from scheduler.ledger.life import recover
from scheduler.phone import PhoneNumber
from tests.clocks import NOON
from tests.duties.support import BARRING, DESTINATION, POLICY, Bench, bench
from tests.duties.watched_wire import WatchedWire

SECOND = timedelta(seconds=1)
NUMBERS = [f"+3246837390{digit}" for digit in range(4)]
ORIGINS = [PhoneNumber(f"+322816030{digit}") for digit in range(4)]
UNPLACED: list[PlaceAnswer] = [
    NotSent(reason="no route"),
    RefusedForNow(reason="busy", retry_after=7 * SECOND),
    Unauthorized(reason="expired"),
    Accepted(session_id="any"),
]
moments = st.floats(0, 700) | st.sampled_from([0, 0.001, 1.9, 299.9, 300, 300.001])
# Outage before the claim, delay between claim and request, step of the wall clock in between, all in seconds.
rounds = st.tuples(
    moments | st.floats(0, 400 * 86_400),
    st.floats(0, 2.5) | st.sampled_from([0, 1.9]),
    st.sampled_from([0, 0, 0, -1, 1.5, -3600, 3600]),
)


def watched(duties: Bench, barred: set[str]) -> WatchedWire:
    wire = WatchedWire(duties.clock)
    wire.ledger, wire.barred = duties.ledger, barred
    duties.clock.synchronised = Sync.SYNCHRONISED
    duties.placing.provider = wire
    return wire


@given(
    due=st.lists(st.integers(0, 600), min_size=1, max_size=4),
    rounds=st.lists(rounds, min_size=1, max_size=5),
    barred=st.sets(st.sampled_from(NUMBERS)),
    barred_later=st.sets(st.sampled_from(NUMBERS)),
    grace=st.sampled_from([0, 1, 60, 300]),
    retry=st.sampled_from([1, 5, 20]),
    answer=st.sampled_from(UNPLACED),
)
@example(
    due=[0], rounds=[(299.9, 1.9, 0)], barred=set(), barred_later=set(), grace=300, retry=5, answer=UNPLACED[-1]
)
@example(due=[0], rounds=[(0, 0, -1)], barred=set(), barred_later=set(), grace=300, retry=5, answer=UNPLACED[-1])
@settings(max_examples=60, deadline=None)
def test_no_request_leaves_outside_its_window_or_to_a_barred_number(
    due: list[int],
    rounds: list[tuple[float, float, float]],
    barred: set[str],
    barred_later: set[str],
    grace: int,
    retry: int,
    answer: PlaceAnswer,
) -> None:
    """The wire looks at each as it leaves."""
    with TemporaryDirectory() as folder, bench(Path(folder)) as duties:
        wire = watched(duties, barred)
        wire.next_answer = answer
        duties.placing.policy = Policy(grace=grace * SECOND, unsent_retry=retry * SECOND)
        bar(duties, barred)
        for second, origin, number in zip(due, ORIGINS, NUMBERS, strict=False):
            duties.add(due_at=NOON + second * SECOND, origin=origin, destination=PhoneNumber(number))
        for outage, delay, step in rounds:
            duties.clock.advance(outage * SECOND)
            claimed = duties.store.claim_due(duties.clock.now(), 10)
            duties.clock.advance(delay * SECOND)
            duties.clock.step(step * SECOND)
            wire.barred = barred | barred_later
            bar(duties, wire.barred)
            for one in claimed:
                duties.placing.place(one)
            duties.ledger.write(recover, duties.clock.now())  # after the answers
        assert wire.broken == []


def bar(duties: Bench, numbers: set[str]) -> None:
    duties.placing.barring = replace(BARRING, numbers=frozenset(map(PhoneNumber, numbers)))


@pytest.mark.parametrize(
    ("claimed_after", "delay", "step"),
    [
        pytest.param(POLICY.grace - 0.1 * SECOND, 1.9 * SECOND, 0 * SECOND, id="the grace runs out"),
        pytest.param(0 * SECOND, 0 * SECOND, -SECOND, id="the clock is set back to before it is due"),
    ],
)
def test_what_leaves_its_window_between_intention_and_request_is_not_sent(
    duties: Bench, claimed_after: timedelta, delay: timedelta, step: timedelta
) -> None:
    call_id = duties.add()
    duties.clock.advance(claimed_after)
    (prepared,) = duties.store.claim_due(duties.clock.now(), 10)
    duties.clock.advance(delay)
    duties.clock.step(step)
    duties.placing.place(prepared)
    duties.ledger.write(lambda _connection: None)
    assert duties.provider.requests == []
    call = duties.call(call_id)
    assert call.outcome is Outcome.MISSED if delay else call.state is State.PLANNED


def test_what_is_barred_between_intention_and_request_is_not_sent_and_ends_as_barred(duties: Bench) -> None:
    call_id = duties.add()
    (prepared,) = duties.store.claim_due(duties.clock.now(), 10)
    bar(duties, {DESTINATION.e164})
    duties.placing.place(prepared)
    duties.ledger.write(lambda _connection: None)
    duties.clock.advance(POLICY.unsent_retry)
    duties.place_due()
    assert duties.provider.requests == []
    assert duties.call(call_id).outcome is Outcome.BARRED
