"""Having a call rung again obeys what any other call obeys, and says so at once where that is known at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler.calls.barring import Barring
from scheduler.calls.call import Outcome, State
from scheduler.calls.calling_hours import CallingHours, Clocks
from scheduler.calls.policy import Limits, Policy
from scheduler.duties.resolve import again_arguments, resolve
from scheduler.errors import DecisionRefused
from tests.calls.weeks import BRUSSELS, office
from tests.clocks import NOON
from tests.duties.support import BARRING, DESTINATION, POLICY, SECOND_ORIGIN, Bench

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
UNTIL_SIX = Policy(hours=CallingHours(week=office("09:00-18:00"), clocks=Clocks(company=BRUSSELS)))


@pytest.fixture
def unknown(duties: Bench) -> int:
    """A call of which nobody ever heard; it is 16:10:01 UTC then, 17:10 in Brussels."""
    call_id = duties.add(cli=SECOND_ORIGIN)
    duties.place_due()
    duties.clock.advance(POLICY.silence + SECOND)
    duties.collect()
    assert duties.call(call_id).outcome is Outcome.UNKNOWN
    return call_id


def again(
    duties: Bench, call_id: int, after: timedelta, policy: Policy = POLICY, barring: Barring = BARRING
) -> int:
    now = duties.guard.now()
    return resolve(duties.ledger, again_arguments(call_id, now + after, "ann"), now, policy, barring)


def test_outside_calling_hours_it_is_refused_and_says_when_they_open(duties: Bench, unknown: int) -> None:
    with pytest.raises(DecisionRefused, match=r"not at that time: .*they open .*\(--at says another\)"):
        again(duties, unknown, HOUR, UNTIL_SIX)
    assert again(duties, unknown, timedelta(), UNTIL_SIX)


@pytest.mark.parametrize(
    ("barring", "reason"),
    [
        (replace(BARRING, do_not_call=frozenset({DESTINATION})), "on the do-not-call list"),
        (replace(BARRING, owned=BARRING.owned - {SECOND_ORIGIN}), "its CLI isn't one of the company's own"),
    ],
)
def test_whom_nobody_calls_and_what_isnt_ours_is_refused(
    duties: Bench, unknown: int, barring: Barring, reason: str
) -> None:
    with pytest.raises(DecisionRefused, match=reason):
        again(duties, unknown, timedelta(), barring=barring)


def test_who_was_rung_enough_today_isnt_rung_again_and_the_new_call_says_why(duties: Bench, unknown: int) -> None:
    duties.placing.policy = replace(POLICY, limits=Limits(rings_a_day=1))
    new = again(duties, unknown, timedelta())
    duties.place_due()
    call = duties.call(new)
    assert (call.outcome, call.reason) == (
        Outcome.BARRED, "the customer was rung once today (calling.rings_a_day)",
    )  # fmt: skip


def test_what_is_barred_after_the_decision_isnt_rung(duties: Bench, unknown: int) -> None:
    new = again(duties, unknown, HOUR)
    duties.placing.barring = replace(BARRING, do_not_call=frozenset({DESTINATION}))
    duties.clock.advance(HOUR)
    duties.place_due()
    assert (duties.call(new).outcome, len(duties.provider.requests)) == (Outcome.BARRED, 1)


def test_otherwise_it_rings(duties: Bench, unknown: int) -> None:
    new = again(duties, unknown, timedelta())
    duties.place_due()
    assert duties.call(new).state is State.PLACED
    assert duties.call(new).due_at == NOON + POLICY.silence + SECOND
