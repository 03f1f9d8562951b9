from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.database import ConstraintFailed
from scheduler.gateway.line import never_connected
from scheduler.gateway.line.simulated import LineScripts, decide_end
from scheduler.gateway.records import CdrWindow, EndedCall, Records
from tests.gateway.support import CLI, CLIENT, NOON, OTHER, accepted, settings_of

WINDOW = CdrWindow(client_id=CLIENT.client_id, now=NOON + timedelta(days=1))


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with closing(Records(tmp_path / "gateway.db")) as records:
        yield records


def test_what_was_accepted_comes_back_as_it_was(records: Records) -> None:
    call = accepted(cli=CLI, callback="https://example.com/cdr")
    records.accept(call)
    assert records.unfinished() == (call,)


def test_what_has_ended_comes_back_as_it_was(records: Records, tmp_path: Path) -> None:
    call = accepted()
    end = decide_end(call, LineScripts.of(settings_of(tmp_path)))
    records.accept(call)
    records.end(call, end, visible_at=end.ended_at, callbacks=0)
    assert records.page(WINDOW, page=0, limit=100) == (EndedCall(call=call, end=end),)
    assert records.unfinished() == ()


def test_a_session_id_is_given_once(records: Records) -> None:
    records.accept(accepted(7))
    with pytest.raises(ConstraintFailed):
        records.accept(accepted(7))


def test_a_call_ends_once(records: Records) -> None:
    call = accepted(callback="https://example.com/cdr")
    records.accept(call)
    first = never_connected(call, "first", NOON)
    assert len(records.end(call, first, visible_at=NOON, callbacks=1)) == 1
    assert records.end(call, never_connected(call, "second", NOON), visible_at=NOON, callbacks=1) == ()
    assert records.page(WINDOW, page=0, limit=100)[0].end == first
    assert len(records.pending_callbacks()) == 1


def test_a_call_that_goes_on_has_no_cdr(records: Records) -> None:
    records.accept(accepted())
    assert records.count(WINDOW) == 0


def test_a_cdr_is_seen_from_its_time_on_by_its_client(records: Records) -> None:
    call = accepted()
    records.accept(call)
    visible_at = NOON + timedelta(minutes=5)
    records.end(call, never_connected(call, "", NOON), visible_at=visible_at, callbacks=0)
    assert records.count(replace(WINDOW, now=visible_at - timedelta(microseconds=1))) == 0
    assert records.count(replace(WINDOW, now=visible_at)) == 1
    assert records.count(replace(WINDOW, client_id=OTHER.client_id)) == 0


def test_a_settled_callback_is_no_longer_pending(records: Records) -> None:
    call = accepted(callback="https://example.com/cdr")
    records.accept(call)
    made = records.end(call, never_connected(call, "", NOON), visible_at=NOON, callbacks=2)
    later = NOON + timedelta(seconds=2)
    records.settle_callback(made[0].callback_id, state="delivered", due_at=NOON, problem="")
    records.settle_callback(made[1].callback_id, state="pending", due_at=later, problem="answered 500")
    assert records.pending_callbacks() == (replace(made[1], attempts=1, due_at=later),)
