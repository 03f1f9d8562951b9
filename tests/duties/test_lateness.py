"""After an outage of any length the backlog is judged call by call."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.calls.call import Outcome, State
from scheduler.ledger.alerts import select_alerts
from scheduler.ledger.life import recover
from scheduler.phone import PhoneNumber
from tests.clocks import NOON
from tests.duties.support import POLICY, Bench, bench

SECOND = timedelta(seconds=1)
AN_HOUR = timedelta(hours=1)

due_times = st.lists(st.integers(0, 3600), min_size=1, max_size=12)
outages = st.timedeltas(timedelta(), timedelta(days=400)) | st.timedeltas(timedelta(), AN_HOUR)


def plan(duties: Bench, seconds: list[int]) -> dict[int, datetime]:
    """A call between two phones of its own at each second after noon: id → due."""
    calls = {}
    for number, second in enumerate(seconds):
        due_at = NOON + second * SECOND
        origin, destination = PhoneNumber(f"+4420794600{number:02}"), PhoneNumber(f"+3246837{number:04}")
        calls[duties.add(due_at=due_at, origin=origin, destination=destination)] = due_at
    return calls


@given(seconds=due_times, outage=outages, claimed=st.booleans())
@settings(max_examples=30, deadline=None)
def test_after_an_outage_what_is_within_its_grace_rings_and_the_rest_is_missed_and_told(
    seconds: list[int], outage: timedelta, claimed: bool
) -> None:
    with TemporaryDirectory() as folder, bench(Path(folder)) as duties:
        calls = plan(duties, seconds)
        if claimed:
            duties.store.claim_due(NOON, 100)  # and then the process dies, before or after the intention
        rang_before = {attempt.call_id for call_id in calls for attempt in duties.attempts(call_id)}
        duties.clock.advance(outage)
        now = duties.clock.now()
        duties.ledger.write(recover, now)
        duties.place_due()
        rang = {call_id for call_id in calls if duties.attempts(call_id)} - rang_before
        missed = {call_id for call_id in calls if duties.call(call_id).outcome is Outcome.MISSED}
        late = {call_id for call_id, due_at in calls.items() if due_at + POLICY.grace < now} - rang_before
        due = {call_id for call_id, due_at in calls.items() if due_at <= now} - rang_before
        assert missed == late
        assert rang == due - late
        assert {call_id for call_id in calls if duties.call(call_id).state is State.PLANNED} == set(calls) - (
            due | rang_before
        )
        assert all(len(duties.attempts(call_id)) <= 1 for call_id in calls)
        assert len(duties.provider.requests) == len(rang)
        assert len(duties.ledger.read(select_alerts, NOON)) == len(missed)
        assert all("past its grace" in duties.call(call_id).reason for call_id in missed)
