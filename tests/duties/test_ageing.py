"""A daemon of this version on the ledgers of every earlier one: what was pending goes on."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.calls.call import Outcome, State
from scheduler.ledger import open_ledger
from scheduler.ledger.life import recover
from scheduler.vca import read_cdr
from tests.clocks import NOON
from tests.duties.support import Bench, ScriptedProvider, cdr
from tests.ledger.samples import SAMPLES, restore


def rung_now(duties: Bench) -> list[str]:
    """The origins of the requests that leave when the timetable looks."""
    before = len(duties.provider.requests)
    duties.place_due()
    return [request.origin for request in duties.provider.requests[before:]]


def hung_up(duties: Bench, *calls: tuple[str, str]) -> int:
    """The provider has records of these: origin, session id. How many settled something."""
    duties.provider.records = [
        read_cdr({**cdr(NOON).raw, "origin": origin[1:], "sessionId": session_id}) for origin, session_id in calls
    ]
    return duties.collect()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_what_an_earlier_version_left_pending_rings_or_is_settled_and_nothing_rings_twice(
    tmp_path: Path, sample: Path
) -> None:
    restore(sample, tmp_path / "ledger.db")
    with closing(open_ledger(tmp_path / "ledger.db")) as ledger:
        duties = Bench(ledger, ScriptedProvider())
        duties.clock.advance(timedelta(minutes=2))
        ledger.write(recover, duties.clock.now())
        # It had claimed call 4 and planned call 5 again; 2 was accepted, and the answer for 3 was lost.
        assert [rung_now(duties), hung_up(duties, ("+442079460101", "2"), ("+442079460102", "3"))] == [[], 2]
        # All are calls of one customer: one after the other.
        for number, origin in enumerate(("+442079460103", "+442079460104"), start=1):
            assert rung_now(duties) == [origin]
            assert hung_up(duties, (origin, f"session-{number}")) == 1
        assert rung_now(duties) == []
        for call_id in range(1, 6):
            call = duties.call(call_id)
            assert (call.state, call.outcome) == (State.ENDED, Outcome.ANSWERED), call_id
        assert duties.call(6).outcome is Outcome.CANCELLED
