"""What a person may decide about a call, and what the ledger remembers of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.calls.call import Outcome, State
from scheduler.calls.cdr import Ending
from scheduler.errors import DecisionRefused
from scheduler.ledger.alerts import append_alert, select_alerts
from scheduler.ledger.attempts import select_attempt
from scheduler.ledger.decisions import decide_outcome, ring_again
from scheduler.ledger.events import select_events
from scheduler.ledger.life import stop
from scheduler.ledger.settling import fall_silent
from tests.calls.builders import HOUR
from tests.clocks import NOON
from tests.ledger.desk import BUSY, POLICY, TALKED, Desk, request

LATER = NOON + 5 * HOUR


def unknown(desk: Desk) -> int:
    """A call of which nobody ever heard."""
    call_id = desk.plan()
    attempt = desk.ledger.read(select_attempt, desk.requested())
    desk.ledger.write(fall_silent, attempt, NOON + 4 * HOUR)
    return call_id


def decide(desk: Desk, call_id: int, outcome: Outcome = Outcome.ANSWERED, note: str = "") -> None:
    desk.ledger.write(decide_outcome, call_id, outcome, note, "ann", LATER)


def again(desk: Desk, call_id: int) -> int:
    return desk.ledger.write(ring_again, call_id, LATER, "ann", LATER, POLICY)


def test_a_person_says_how_an_unknown_call_ended_and_the_history_says_who(desk: Desk) -> None:
    call_id = unknown(desk)
    decide(desk, call_id, note="Ben says that they talked")
    call = desk.call(call_id)
    assert (call.outcome, call.reason) == (Outcome.ANSWERED, "decided by ann: Ben says that they talked")
    (resolved,) = [one for one in desk.ledger.read(select_events, call_id) if one.kind == "resolved"]
    assert resolved.detail == "answered, by ann"


def test_a_note_never_stands_in_the_history(desk: Desk) -> None:
    call_id = unknown(desk)
    decide(desk, call_id, note="Ben says that they talked")
    assert "Ben" not in str(desk.ledger.read(select_events, call_id))


def test_a_decision_is_made_once(desk: Desk) -> None:
    call_id = unknown(desk)
    decide(desk, call_id)
    with pytest.raises(DecisionRefused, match="ended as answered"):
        decide(desk, call_id, Outcome.BUSY)
    with pytest.raises(DecisionRefused, match="ended as answered"):
        again(desk, call_id)


def test_a_call_that_is_rung_again_is_a_new_one_that_names_the_old(desk: Desk) -> None:
    old = unknown(desk)
    new = again(desk, old)
    call = desk.call(new)
    assert (call.again_of, call.due_at, call.deadline_at) == (old, LATER, LATER + POLICY.grace)
    assert (call.origin, call.destination, call.summary) == (
        desk.call(old).origin, desk.call(old).destination, desk.call(old).summary,
    )  # fmt: skip
    assert desk.state(old) == (State.ENDED, Outcome.UNKNOWN)
    assert desk.ledger.read(select_events, old)[-2].detail == f"as call {new}, asked for by ann"
    assert desk.ledger.read(select_events, new)[0].detail == f"call {old} again, asked for by ann"
    assert [claim.call.id for claim in desk.claim(LATER)] == [new]


def test_a_call_is_rung_again_once(desk: Desk) -> None:
    old = unknown(desk)
    new = again(desk, old)
    with pytest.raises(DecisionRefused, match=f"as call {new}"):
        again(desk, old)


def test_of_two_people_who_ring_a_call_again_one_is_refused_by_the_ledger_itself(desk: Desk) -> None:
    old = unknown(desk)
    again(desk, old)
    with pytest.raises(Exception, match="UNIQUE"):
        desk.plan(again_of=old)


@pytest.mark.parametrize("stage", ["planned", "claimed", "requested", "placed"])
def test_nothing_is_decided_about_a_call_that_is_not_over(desk: Desk, stage: str) -> None:
    call_id = desk.plan()
    if stage == "claimed":
        desk.claim()
    elif stage == "requested":
        desk.requested()
    elif stage == "placed":
        desk.placed()
    with pytest.raises(DecisionRefused, match=f"isn't over \\({stage}\\)"):
        again(desk, call_id)
    with pytest.raises(DecisionRefused, match="isn't over"):
        decide(desk, call_id)
    assert desk.state(call_id) == (State(stage), None)


def test_nobody_decides_how_a_call_ended_whose_end_is_known(desk: Desk) -> None:
    call_id = desk.plan()
    desk.settle(desk.placed(), BUSY)
    with pytest.raises(DecisionRefused, match="ended as busy"):
        decide(desk, call_id)


def test_a_person_may_have_a_call_rung_again_that_did_not_reach_the_customer(desk: Desk) -> None:
    old = desk.plan()
    desk.settle(desk.placed(), BUSY)
    new = again(desk, old)
    assert (desk.call(new).again_of, desk.state(old)) == (old, (State.ENDED, Outcome.BUSY))


def test_a_person_may_have_a_call_rung_again_that_was_missed_which_is_then_no_alert_any_more(desk: Desk) -> None:
    old = desk.plan()
    desk.ledger.write(stop, old, Outcome.MISSED, "its time has passed", NOON)
    assert desk.ledger.read(select_alerts, NOON) != ()
    again(desk, old)
    assert desk.ledger.read(select_alerts, NOON) == ()


@pytest.mark.parametrize("outcome", [Outcome.CANCELLED, Outcome.BARRED])
def test_what_nobody_wants_any_more_or_may_call_is_not_rung_again(desk: Desk, outcome: Outcome) -> None:
    call_id = desk.plan()
    desk.ledger.write(stop, call_id, outcome, "so it is", NOON)
    with pytest.raises(DecisionRefused, match="isn't rung again"):
        again(desk, call_id)


def test_nothing_is_decided_while_an_attempt_is_open(desk: Desk) -> None:
    call_id = unknown(desk)
    desk.ledger.write(lambda c: c.execute("UPDATE attempt SET closed_at = NULL").close())
    with pytest.raises(DecisionRefused, match="may still be ringing"):
        again(desk, call_id)


def test_nothing_is_decided_about_a_call_that_is_not_there(desk: Desk) -> None:
    with pytest.raises(DecisionRefused, match="there is no call 7"):
        decide(desk, 7)


def test_a_record_that_comes_after_the_decision_changes_nothing_and_is_noted(desk: Desk) -> None:
    call_id = unknown(desk)
    decide(desk, call_id, Outcome.BUSY)
    (attempt,) = desk.attempts(call_id)
    assert not desk.settle(attempt.id, TALKED, LATER)
    assert desk.state(call_id) == (State.ENDED, Outcome.BUSY)
    assert desk.history(call_id)[-1] == "contradicted"


def test_a_record_that_agrees_with_the_decision_is_no_contradiction(desk: Desk) -> None:
    call_id = unknown(desk)
    decide(desk, call_id)
    (attempt,) = desk.attempts(call_id)
    desk.settle(attempt.id, TALKED, LATER)
    assert "contradicted" not in desk.history(call_id)


@pytest.mark.parametrize(("record", "state"), [(TALKED, State.ENDED), (BUSY, State.PLANNED)])
def test_a_call_that_is_rung_again_is_called_off_once_it_is_known_that_they_talked(
    desk: Desk, record: Ending, state: State
) -> None:
    call_id = unknown(desk)
    new_id = again(desk, call_id)
    (attempt,) = desk.attempts(call_id)
    desk.settle(attempt.id, record, LATER)
    assert desk.call(new_id).state is state


def test_a_decision_ends_the_alerts_of_its_call_and_no_others(desk: Desk) -> None:
    call_id = unknown(desk)
    desk.ledger.write(append_alert, NOON, "of the call", call_id=call_id)
    desk.ledger.write(append_alert, NOON, "of the disk")
    decide(desk, call_id)
    assert [alert.text for alert in desk.ledger.read(select_alerts, NOON - timedelta(days=1))] == ["of the disk"]


def test_a_missed_call_is_an_alert_by_itself(desk: Desk) -> None:
    desk.plan()
    (claim,) = desk.claim(LATER)
    desk.ledger.write(request, claim, "reference", LATER, POLICY)
    assert [alert.text for alert in desk.ledger.read(select_alerts, NOON)] == [
        "call 1 was missed: `calls` tells why"
    ]
