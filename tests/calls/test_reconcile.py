"""The rules of a call's life that compare what the calendars want with what the ledger holds (rules 2, 5–7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from scheduler.calls.call import Call, Key, Outcome, PlannedCall, State
from scheduler.calls.change import (
    ALREADY_PAST,
    CALLED_ALREADY,
    WITHDRAWN_TOO_LATE,
    Add,
    AddMissed,
    Attach,
    Cancel,
    Change,
    Ignore,
    Move,
    Recorded,
    TooLate,
)
from scheduler.calls.reconcile import reconcile
from scheduler.calls.unreadable import Unreadable
from tests.calls.builders import (
    CUSTOMER,
    HOUR,
    MINUTE,
    ORIGIN,
    OTHER_CUSTOMER,
    SECOND_ORIGIN,
    a_call,
    key,
    want,
)
from tests.clocks import NOON

NOW = NOON - HOUR
RINGING = (State.REQUESTED, State.PLACED)
NOTHING_UNREADABLE = Unreadable()


def decide(
    wanted: Iterable[PlannedCall],
    recorded: Iterable[Recorded] = (),
    *,
    now: datetime = NOW,
    read_before: Mapping[str, datetime] | None = None,
    reasons: Mapping[Key, str] | None = None,
    unreadable: Unreadable = NOTHING_UNREADABLE,
) -> list[Change]:
    """Reconcile calendars that were read just before, unless the test says otherwise."""
    return list(
        reconcile(
            wanted,
            recorded,
            now,
            read_before={"sales": now, "team": now} if read_before is None else read_before,
            reasons=reasons or {},
            unreadable=unreadable,
            until=now + timedelta(days=14),
        )
    )


def kept(
    wanted: PlannedCall,
    *,
    id: int = 1,
    state: State = State.PLANNED,
    outcome: Outcome | None = None,
    attempts: int = 0,
) -> Recorded:
    """The call that an earlier round made of ``wanted``."""
    call = a_call(wanted, id=id, state=state, outcome=outcome, attempts=attempts)
    return Recorded(call=call, keys=wanted.keys)


def starting(one: Recorded) -> Call:
    """The call of appointments without a lead, as the ledger gives it back."""
    return replace(one.call, starts_at=one.call.asked_at)


def test_a_new_appointment_becomes_a_call() -> None:
    assert decide([want("one")]) == [Add(wanted=want("one"))]


def test_what_has_not_changed_changes_nothing() -> None:
    assert decide([want("one")], [kept(want("one"))]) == []


def test_a_moved_appointment_moves_its_call() -> None:
    before, after = kept(want("one")), want("one", at=NOON + HOUR)
    assert decide([after], [before]) == [Move(call=before.call, wanted=after)]


@pytest.mark.parametrize(
    "after",
    [
        want("one", destination=OTHER_CUSTOMER),
        want("one", origin=SECOND_ORIGIN),
        want("one", cli=SECOND_ORIGIN),
        want("one", summary="Call Ben back"),
        want("one", grace=MINUTE),
    ],
)
def test_a_call_follows_what_else_its_appointment_says(after: PlannedCall) -> None:
    before = kept(want("one"))
    assert decide([after], [before]) == [Move(call=before.call, wanted=after)]


def test_another_number_is_still_called_when_it_came_after_the_due_time() -> None:
    before = kept(want("one"), attempts=2)
    after = want("one", destination=OTHER_CUSTOMER)
    assert decide([after], [before], now=NOON + MINUTE) == [Move(call=before.call, wanted=after)]


def test_a_cancelled_appointment_cancels_its_call_with_the_reason() -> None:
    before = kept(want("one"))
    reasons = {key("one"): "the event is cancelled"}
    assert decide([], [before], reasons=reasons) == [Cancel(call=before.call, reason="the event is cancelled")]


def test_a_deleted_appointment_cancels_its_call() -> None:
    before = kept(want("one"), state=State.CLAIMED)
    (change,) = decide([], [before])
    assert change == Cancel(call=before.call, reason="the appointment is no longer in the calendar")


def test_an_appointment_that_comes_back_is_called_again_if_nobody_rang() -> None:
    cancelled = kept(want("one"), outcome=Outcome.CANCELLED)
    assert decide([want("one")], [cancelled]) == [Add(wanted=want("one"))]


def test_a_slot_that_was_cancelled_after_an_attempt_is_not_planned_anew() -> None:
    cancelled = kept(want("one"), outcome=Outcome.CANCELLED, attempts=1)
    assert decide([want("one")], [cancelled]) == []


@pytest.mark.parametrize("outcome", [one for one in Outcome if one is not Outcome.CANCELLED])
def test_a_slot_with_an_outcome_is_never_planned_anew(outcome: Outcome) -> None:
    assert decide([want("one")], [kept(want("one"), outcome=outcome)]) == []


def test_what_was_edited_after_its_call_does_not_ring_again() -> None:
    answered = kept(want("one"), outcome=Outcome.ANSWERED, attempts=1)
    edited = want("one", destination=OTHER_CUSTOMER, summary="Called Ben")
    assert decide([edited], [answered], now=NOON + MINUTE, read_before={"sales": NOW}) == []


def test_an_appointment_moved_on_after_its_call_is_a_new_call() -> None:
    answered = kept(want("one"), outcome=Outcome.ANSWERED, attempts=1)
    later = want("one", at=NOON + HOUR)
    assert decide([later], [answered], now=NOON + MINUTE) == [Add(wanted=later)]


def test_moved_back_to_a_time_already_called_the_open_call_closes() -> None:
    answered = kept(want("one"), outcome=Outcome.ANSWERED, attempts=1)
    later = kept(want("one", at=NOON + HOUR), id=2)
    (change,) = decide([want("one")], [answered, later], now=NOON + MINUTE)
    assert isinstance(change, Cancel)
    assert change.call == later.call
    assert "already ended" in change.reason


def test_a_rekeyed_series_that_meets_a_slot_already_called_is_that_call() -> None:
    answered = kept(want("old"), outcome=Outcome.ANSWERED, attempts=1)
    (change,) = decide([want("new")], [answered], now=NOON + MINUTE, read_before={"sales": NOW})
    assert change == Attach(call=answered.call, keys=frozenset({key("new")}))


def test_a_call_that_ended_is_kept_by_the_appointments_that_still_mean_it() -> None:
    answered = kept(want("old"), outcome=Outcome.ANSWERED, attempts=1)
    both = replace(want("new"), keys=frozenset({key("new"), key("old")}))
    (change,) = decide([both], [answered], now=NOON + MINUTE, read_before={"sales": NOW})
    assert change == Attach(call=answered.call, keys=frozenset({key("old"), key("new")}))


def test_an_ended_call_is_that_of_the_event_it_was_and_of_another_one_at_its_slot() -> None:
    answered = kept(want("one"), outcome=Outcome.ANSWERED, attempts=1)
    edited = want("one", "other", destination=OTHER_CUSTOMER)
    for order in ([edited, want("new")], [want("new"), edited]):
        last = decide(order, [answered], now=NOON + MINUTE)[-1]
        assert last == Attach(call=answered.call, keys=edited.keys | {key("new")})


@pytest.mark.parametrize("back", [False, True])
def test_two_events_that_swap_names_after_one_was_called_keep_a_call_each(back: bool) -> None:
    """Whichever is looked at first: the call still to come isn't left without an appointment."""
    first, second = (OTHER_CUSTOMER, CUSTOMER) if back else (CUSTOMER, OTHER_CUSTOMER)
    answered = kept(want("one", destination=first), outcome=Outcome.ANSWERED, attempts=1)
    planned = kept(want("two", destination=second), id=2)
    wanted = [want("two", destination=first), want("one", destination=second)]
    for order in (wanted, wanted[::-1]):
        changes = decide(order, [answered, planned])
        assert Attach(call=answered.call, keys=frozenset({key("two")})) in changes
        assert Attach(call=planned.call, keys=frozenset({key("one")})) in changes
        assert len(changes) == 2


def test_a_rekeyed_series_keeps_its_planned_calls() -> None:
    before = kept(want("old"))
    (change,) = decide([want("new")], [before])
    assert change == Attach(call=before.call, keys=frozenset({key("new")}))


def test_the_same_event_in_a_second_calendar_is_the_same_call() -> None:
    before = kept(want("one"))
    both = want("one", key("one", "team"))
    assert decide([both], [before]) == [Attach(call=before.call, keys=both.keys)]


def test_a_call_stays_while_one_of_two_calendars_still_has_its_event() -> None:
    before = kept(want("one", key("one", "team")))
    (change,) = decide([want("one")], [before], reasons={key("one", "team"): "declined"})
    assert change == Attach(call=before.call, keys=frozenset({key("one")}))


def test_two_appointments_that_merge_into_one_slot_are_one_call() -> None:
    one, two = kept(want("one")), kept(want("two", at=NOON + HOUR), id=2)
    attach, cancel = decide([want("one", "two")], [one, two])
    assert attach == Attach(call=one.call, keys=frozenset({key("one"), key("two")}))
    assert isinstance(cancel, Cancel)
    assert cancel.call == two.call


def test_two_appointments_that_part_are_two_calls() -> None:
    both = kept(want("one", "two"))
    earlier = want("one", at=NOON - 10 * MINUTE)
    changes = decide([earlier, want("two")], [both])
    assert changes == [Add(wanted=earlier), Attach(call=both.call, keys=frozenset({key("two")}))]


def test_two_appointments_that_change_places_keep_both_calls() -> None:
    one, two = kept(want("one")), kept(want("two", at=NOON + HOUR), id=2)
    changes = decide([want("two"), want("one", at=NOON + HOUR)], [one, two])
    assert changes == [
        Attach(call=one.call, keys=frozenset({key("two")})),
        Attach(call=two.call, keys=frozenset({key("one")})),
    ]


@pytest.mark.parametrize("state", RINGING)
def test_a_move_after_the_request_is_noted_and_its_new_time_not_yet_planned(state: State) -> None:
    ringing = kept(want("one"), state=state, attempts=1)
    (change,) = decide([want("one", at=NOON + HOUR)], [ringing], now=NOON)
    assert isinstance(change, TooLate)
    assert change.reason == "moved or changed too late, the phones are ringing: now 2026-11-23 13:00:00 UTC"


@pytest.mark.parametrize("state", RINGING)
def test_a_deletion_after_the_request_is_noted(state: State) -> None:
    ringing = kept(want("one"), state=state, attempts=1)
    assert decide([], [ringing], now=NOON) == [TooLate(call=ringing.call, reason=WITHDRAWN_TOO_LATE)]


def test_a_new_title_or_grace_while_the_phones_ring_is_nothing_to_tell() -> None:
    ringing = kept(want("one"), state=State.PLACED, attempts=1)
    assert decide([want("one", summary="Call Ben back", grace=HOUR)], [ringing], now=NOON) == []


def test_another_number_on_the_display_comes_too_late_while_the_phones_ring() -> None:
    ringing = kept(want("one"), state=State.PLACED, attempts=1)
    (change,) = decide([want("one", cli=SECOND_ORIGIN)], [ringing], now=NOON)
    assert isinstance(change, TooLate)


def test_a_ringing_call_moved_onto_another_ones_slot_leaves_that_one_standing() -> None:
    ringing = kept(want("one"), state=State.REQUESTED, attempts=1)
    later = kept(want("two", at=NOON + HOUR), id=2)
    merged = want("one", "two", at=NOON + HOUR)
    late, attach = decide([merged], [ringing, later], now=NOON)
    assert isinstance(late, TooLate)
    assert late.call == ringing.call
    assert attach == Attach(call=later.call, keys=merged.keys)


def test_an_event_edited_after_its_call_does_not_take_another_ones_call_away() -> None:
    answered = kept(want("one"), outcome=Outcome.ANSWERED, attempts=1)
    other = kept(want("two", destination=OTHER_CUSTOMER), id=2)
    both = want("one", "two", destination=OTHER_CUSTOMER)
    assert decide([both], [answered, other], now=NOON) == [Attach(call=other.call, keys=both.keys)]


def test_a_call_already_tried_that_moves_to_the_future_becomes_another_call() -> None:
    tried = kept(want("one"), attempts=2)
    later = want("one", at=NOON + HOUR)
    cancel, add = decide([later], [tried], now=NOON + MINUTE)
    assert cancel == Cancel(call=tried.call, reason="moved to 2026-11-23 13:00:00 UTC")
    assert add == Add(wanted=later)


def test_a_call_already_tried_that_moves_into_the_past_is_not_called_again() -> None:
    tried = kept(want("one"), attempts=1)
    earlier = want("one", at=NOON - MINUTE)
    (change,) = decide([earlier], [tried], now=NOON, read_before={"sales": NOW})
    assert isinstance(change, Cancel)


def test_an_appointment_first_seen_in_the_past_is_not_called() -> None:
    past = want("one", at=NOW - MINUTE)
    assert decide([past]) == [Ignore(wanted=past, reason=ALREADY_PAST)]
    assert decide([past], read_before={}) == [Ignore(wanted=past, reason=ALREADY_PAST)]


def test_an_appointment_that_came_due_between_our_fetches_is_called_within_grace() -> None:
    past = want("one", at=NOW - MINUTE)
    assert decide([past], read_before={"sales": NOW - 2 * MINUTE}) == [Add(wanted=past)]


def test_an_appointment_that_came_due_between_our_fetches_is_missed_past_its_grace() -> None:
    past = want("one", at=NOW - 6 * MINUTE)
    (change,) = decide([past], read_before={"sales": NOW - HOUR})
    assert change == AddMissed(wanted=past, reason="came due while its calendar could not be read")


def test_what_another_calendar_showed_in_time_was_not_unseen() -> None:
    past = want("one", key("one", "team"), at=NOW - MINUTE)
    reads = {"sales": NOW - HOUR, "team": NOW}
    assert decide([past], read_before=reads) == [Ignore(wanted=past, reason=ALREADY_PAST)]


def test_an_appointment_moved_into_the_past_is_cancelled() -> None:
    before = kept(want("one"))
    (change,) = decide([want("one", at=NOW - MINUTE)], [before])
    assert change == Cancel(call=before.call, reason="moved into the past, to 2026-11-23 10:59:00 UTC")


@pytest.mark.parametrize("late", [MINUTE, 10 * MINUTE])
def test_an_appointment_moved_while_nobody_could_see_it_follows_and_is_called_or_missed(late: timedelta) -> None:
    before, after = kept(want("one")), want("one", at=NOW - late)
    changes = decide([after], [before], read_before={"sales": NOW - HOUR})
    assert changes == [Move(call=before.call, wanted=after)]


def test_an_unreadable_event_leaves_its_calls_alone() -> None:
    before = kept(want("one"))
    assert decide([], [before], unreadable=Unreadable(events={("sales", "one")})) == []


def test_an_event_that_is_unreadable_in_one_of_two_calendars_goes_on_meaning_its_call() -> None:
    both = kept(want("one", key("one", "team")))
    broken = Unreadable(events={("team", "one")})
    assert decide([want("one")], [both], unreadable=broken) == []
    assert decide([], [both], unreadable=broken) == []


def test_calls_beyond_the_window_are_left_alone() -> None:
    beyond = kept(want("one", at=NOW + timedelta(days=14)))
    assert decide([], [beyond]) == []


def test_a_call_by_hand_is_never_withdrawn() -> None:
    assert decide([], [kept(want())]) == []


def test_a_call_that_repeats_another_one_is_not_taken_for_it() -> None:
    answered = kept(want("one"), outcome=Outcome.ANSWERED, attempts=1)
    again = replace(a_call(want(), id=2), again_of=1)
    assert decide([want("one")], [answered, Recorded(call=again, keys=frozenset())], now=NOON) == []


def test_the_same_customer_called_by_two_managers_at_once_is_two_calls() -> None:
    changes = decide([want("one", origin=ORIGIN), want("two", origin=SECOND_ORIGIN, destination=CUSTOMER)])
    assert [type(change) for change in changes] == [Add, Add]


def test_what_was_called_and_then_tidied_up_into_the_past_is_not_called_again() -> None:
    called = kept(want("one", at=NOON - 5 * MINUTE), state=State.ENDED, outcome=Outcome.ANSWERED, attempts=1)
    tidied = want("one", at=NOON - MINUTE)
    seen = {"sales": NOON - 2 * MINUTE}
    assert decide([tidied], [called], now=NOON, read_before=seen) == [Ignore(wanted=tidied, reason=CALLED_ALREADY)]


def test_another_lead_after_the_call_doesnt_ring_the_same_appointment_again() -> None:
    early = replace(want("one", at=NOON - 5 * MINUTE), starts_at=NOON)
    call = replace(a_call(early, state=State.ENDED, outcome=Outcome.ANSWERED, attempts=1), starts_at=NOON)
    called = Recorded(call=call, keys=early.keys)
    without_lead = replace(want("one", at=NOON), starts_at=NOON)
    moved = replace(want("one", at=NOON + HOUR), starts_at=NOON + HOUR)
    assert decide([without_lead], [called], now=NOON - MINUTE) == [
        Ignore(wanted=without_lead, reason=CALLED_ALREADY)
    ]
    assert decide([moved], [called], now=NOON - MINUTE) == [Add(wanted=moved)]


def test_what_rings_together_with_another_and_gets_another_number_does_not_ring_twice() -> None:
    both = replace(want("one", "two"), starts_at=NOON)
    ringing = Recorded(call=starting(kept(both, state=State.PLACED, attempts=1)), keys=both.keys)
    one = replace(want("one"), starts_at=NOON)
    edited = replace(want("two", destination=OTHER_CUSTOMER), starts_at=NOON)
    changes = decide([one, edited], [ringing], now=NOON)
    assert changes == [Attach(call=ringing.call, keys=one.keys), Ignore(wanted=edited, reason=CALLED_ALREADY)]


def test_a_name_that_rings_and_comes_back_with_another_number_does_not_ring_twice() -> None:
    renamed = replace(want("new"), starts_at=NOON)
    again = replace(want("old", destination=OTHER_CUSTOMER), starts_at=NOON)
    for state in RINGING:
        call = starting(kept(renamed, state=state, attempts=1))
        ringing = Recorded(call=call, keys=renamed.keys, once=frozenset({key("old")}))
        assert decide([renamed, again], [ringing], now=NOON) == [Ignore(wanted=again, reason=CALLED_ALREADY)]


def test_what_rings_and_is_tidied_up_into_an_unseen_past_is_not_called_again() -> None:
    both = want("one", "two")
    ringing = kept(both, state=State.REQUESTED, attempts=1)
    tidied = want("two", at=NOON + MINUTE)
    changes = decide([want("one"), tidied], [ringing], now=NOON + 2 * MINUTE, read_before={"sales": NOON})
    assert Ignore(wanted=tidied, reason=CALLED_ALREADY) in changes
