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
from tests.duties.support import POLICY, Bench, ScriptedProvider, cdr
from tests.ledger.samples import SAMPLES, restore


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_what_an_earlier_version_left_pending_rings_or_is_settled_and_nothing_rings_twice(
    tmp_path: Path, sample: Path
) -> None:
    restore(sample, tmp_path / "ledger.db")
    with closing(open_ledger(tmp_path / "ledger.db")) as ledger:
        duties = Bench(ledger, ScriptedProvider())
        duties.clock.advance(timedelta(minutes=2))
        ledger.write(recover, duties.clock.now())
        duties.place_due()
        # It had claimed call 4 and planned call 5 again; 2 was accepted, and the answer for 3 was lost.
        assert {request.origin for request in duties.provider.requests} == {"+442079460103", "+442079460104"}
        rang = [("442079460101", "2"), ("442079460102", "3")]
        rang += [(one.origin[1:], f"session-{n}") for n, one in enumerate(duties.provider.requests, start=1)]
        duties.provider.records = [
            read_cdr({**cdr(NOON).raw, "origin": origin, "sessionId": session_id}) for origin, session_id in rang
        ]
        duties.clock.advance(POLICY.cdr_lag)
        assert duties.collect() == 4
        for call_id in range(1, 6):
            call = duties.call(call_id)
            assert (call.state, call.outcome) == (State.ENDED, Outcome.ANSWERED), call_id
        assert duties.call(6).outcome is Outcome.CANCELLED
