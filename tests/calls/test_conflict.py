from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from scheduler.calls.calling_hours import CallingHours, Clocks
from scheduler.calls.conflict import find_conflicts
from scheduler.calls.policy import Policy
from tests.calls.builders import CUSTOMER, GRACE, MINUTE, ORIGIN, OTHER_CUSTOMER, SECOND_ORIGIN, want
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
