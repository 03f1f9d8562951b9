"""A provider that takes calls and shows no records: what is said of calls whose end nobody could look up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.callout.answer import PerhapsSent
from scheduler.calls.call import Outcome, State
from scheduler.errors import ProviderError
from scheduler.ledger.alerts import select_alerts
from tests.clocks import NOON
from tests.duties.support import POLICY, Bench, cdr

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def placed_unreadably(duties: Bench) -> int:
    call_id = duties.add()
    duties.place_due()
    duties.provider.fault = ProviderError("GET /cdr: status 503: +32468373901", status=503)
    return call_id


def alerts(duties: Bench) -> list[str]:
    return [alert.text for alert in duties.ledger.read(select_alerts, NOON)]


def test_a_call_whose_records_cant_be_read_is_waited_for_a_while_longer(duties: Bench) -> None:
    call_id = placed_unreadably(duties)
    duties.clock.advance(POLICY.silence + SECOND)
    duties.collect()
    assert duties.call(call_id).state is State.PLACED
    duties.provider.fault = None
    duties.collect()
    assert duties.call(call_id).reason == "accepted, but the provider has no record of it"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ((), "accepted, but the provider's records can't be read"),
        (
            (PerhapsSent(reason="reset"),),
            "perhaps accepted: the answer was lost, and the provider's records can't be read",
        ),
    ],
)
def test_it_is_then_told_that_they_cant_be_read_and_never_that_there_is_none(
    duties: Bench, answers: tuple[PerhapsSent, ...], reason: str
) -> None:
    duties.provider.answers = list(answers)
    call_id = placed_unreadably(duties)
    duties.clock.advance(POLICY.silence + POLICY.cdr_lag + SECOND)
    duties.collect()
    call = duties.call(call_id)
    assert (call.outcome, call.reason) == (Outcome.UNKNOWN, reason)
    assert f"call {call_id} ends as unknown: {reason}" in alerts(duties)


def test_a_record_that_can_be_read_later_amends_it(duties: Bench) -> None:
    call_id = placed_unreadably(duties)
    duties.clock.advance(POLICY.silence + POLICY.cdr_lag + SECOND)
    duties.collect()
    duties.provider.fault, duties.provider.records = None, [cdr(NOON)]
    duties.collect()
    assert duties.call(call_id).outcome is Outcome.ANSWERED


def test_records_that_cant_be_read_for_long_are_one_alert_without_the_providers_words(duties: Bench) -> None:
    placed_unreadably(duties)
    told = []
    for _ in range(15):
        duties.collect()
        told.append(len(alerts(duties)))
        duties.clock.advance(MINUTE)
    assert told == [0] * 10 + [1] * 5
    (alert,) = alerts(duties)
    assert alert.startswith("the provider's records can't be read since 2026-11-23 12:00:00 UTC (status 503)")
    assert "468" not in alert


def test_each_time_anew_that_they_cant_be_read_is_an_alert(duties: Bench) -> None:
    placed_unreadably(duties)
    fault = duties.provider.fault
    for wrong in (fault, fault, None, fault, fault):
        duties.provider.fault = wrong
        duties.collect()
        duties.clock.advance(POLICY.cdr_lag)
    assert len(alerts(duties)) == 2
