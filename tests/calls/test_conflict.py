from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from scheduler.calls.call import Call, Outcome, State
from scheduler.calls.calling_hours import CallingHours, Clocks
from scheduler.calls.conflict import find_conflicts
from scheduler.calls.policy import Limits, Policy
from tests.calls.builders import CUSTOMER, GRACE, MINUTE, ORIGIN, OTHER_CUSTOMER, SECOND_ORIGIN, a_call, want
from tests.clocks import NOON

POLICY = Policy(hours=CallingHours(clocks=Clocks(company=ZoneInfo("Europe/Brussels"))))
SECOND = timedelta(seconds=1)


def test_the_later_of_two_calls_of_one_phone_waits_and_says_for_whom() -> None:
    calls = {"first": want(), "second": want(at=NOON + 3 * MINUTE, destination=OTHER_CUSTOMER)}
    assert find_conflicts(calls, POLICY) == {
        "second": f"{ORIGIN} also calls {CUSTOMER} at 13:00: this call waits until that one is over, "
        "until 13:08 at most"
    }


def test_two_managers_who_call_one_customer_are_told_too() -> None:
    found = find_conflicts({1: want(), 2: want(origin=SECOND_ORIGIN)}, POLICY)
    assert list(found.values()) == [
        f"{ORIGIN} also calls {CUSTOMER} at 13:00: this call waits until that one is over, until 13:05 at most"
    ]


def test_one_that_is_due_when_the_one_ahead_has_begun_for_sure_is_no_conflict() -> None:
    near = want(at=NOON + GRACE - SECOND, destination=OTHER_CUSTOMER)
    far = want(at=NOON + GRACE, destination=OTHER_CUSTOMER)
    assert find_conflicts({1: want(), 2: near}, POLICY)
    assert not find_conflicts({1: want(), 2: far}, POLICY)


def test_two_at_one_instant_conflict_even_without_any_grace() -> None:
    none = timedelta()
    calls = {1: want(grace=none), 2: want(grace=none, destination=OTHER_CUSTOMER)}
    assert len(find_conflicts(calls, POLICY)) == 1


def test_other_phones_do_not_conflict() -> None:
    assert not find_conflicts({1: want(), 2: want(origin=SECOND_ORIGIN, destination=OTHER_CUSTOMER)}, POLICY)


TWICE = replace(POLICY, limits=Limits(rings_a_day=2))
BARRED = "will be barred if the 2 before it that day ring the customer (calling.rings_a_day)"


def test_a_call_beyond_those_that_a_customer_may_get_in_a_day_is_told_and_the_next_day_counts_anew() -> None:
    hour = 60 * MINUTE
    calls = {number: want(at=NOON + number * hour) for number in (0, 1, 2, 24)}
    assert find_conflicts(calls, TWICE) == {2: BARRED}
    assert find_conflicts(calls, POLICY) == {}


def test_what_rang_earlier_that_day_counts_and_what_did_not_reach_the_customer_does_not() -> None:
    def earlier(outcome: Outcome, id: int) -> Call:
        return a_call(want(at=NOON - 60 * MINUTE), id=id, state=State.ENDED, outcome=outcome, attempts=1)

    coming = {"first": want(), "second": want(at=NOON + 60 * MINUTE)}
    rang, missed = earlier(Outcome.BUSY, 1), earlier(Outcome.ORIGIN_NO_ANSWER, 2)
    assert find_conflicts(coming, TWICE, [rang, missed]) == {"second": BARRED}


def test_who_will_be_barred_keeps_nobody_waiting() -> None:
    calls = {
        1: want(at=NOON - 60 * MINUTE),
        2: want(at=NOON - 30 * MINUTE),
        3: want(),
        4: want(at=NOON + MINUTE, destination=OTHER_CUSTOMER),
    }
    assert find_conflicts(calls, TWICE) == {3: BARRED}
