"""Which calendars are looked at when, and which calls have to wait for that."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.calls.last_look import (
    KEPT_BACK_AFTER,
    LastLook,
    Look,
    Nearing,
    Sight,
    Watched,
    WhenUnreachable,
    decide_looks,
    vouched_until,
    why_held,
)
from tests.clocks import NOON

SECOND = timedelta(seconds=1)
BEFORE = 3 * SECOND
HOLD = WhenUnreachable.HOLD


def last_look(
    *collections: str, fresh_for: timedelta = timedelta(), when: WhenUnreachable = WhenUnreachable.PLACE
) -> LastLook:
    watched = Watched(fresh_for=fresh_for, when_unreachable=when)
    return LastLook(before=BEFORE, calendars=dict.fromkeys(collections or ("sales",), watched))


def near(
    due_at: datetime = NOON,
    *,
    waits: float = 0,
    call_id: int = 1,
    collection: str = "sales",
    uid: str = "one",
) -> Nearing:
    """A call that is tried next so many seconds after it was due."""
    tried_at = due_at + waits * SECOND
    return Nearing(call_id=call_id, due_at=due_at, tried_at=tried_at, collection=collection, uid=uid)


def seen(
    *, planned: float | None = None, looked: float | None = None, collection: str = "sales", problem: str = ""
) -> Sight:
    """A calendar seen so many seconds before noon."""
    return Sight(
        collection=collection,
        planned_at=None if planned is None else NOON - planned * SECOND,
        looked_at=None if looked is None else NOON - looked * SECOND,
        problem=problem,
    )


def decide(
    *nearing: Nearing,
    at: float,
    sight: Sight | None = None,
    rules: LastLook | None = None,
    begun: float | None = None,
    going_on: tuple[str, ...] = (),
) -> tuple[Look, ...]:
    """What is begun so many seconds before noon."""
    return decide_looks(
        nearing,
        {} if sight is None else {sight.collection: sight},
        rules or last_look(),
        NOON - at * SECOND,
        begun_at={} if begun is None else {"sales": NOON - begun * SECOND},
        going_on=going_on,
    )


@pytest.mark.parametrize(
    ("at", "sight", "looks"),
    [
        pytest.param(3.001, None, False, id="too early"),
        pytest.param(3, None, True, id="just in time"),
        pytest.param(3, seen(planned=50), True, id="fetched a while ago"),
        pytest.param(2, seen(planned=3), False, id="fetched since: the call may have come with that very fetch"),
        pytest.param(2, seen(planned=3.001), True, id="fetched just too early"),
        pytest.param(2, seen(planned=50, looked=3), False, id="looked at already"),
        pytest.param(3, seen(looked=10), True, id="looked at for another call"),
        pytest.param(0.001, None, True, id="late, and perhaps still in time"),
        pytest.param(0, None, False, id="due, so that it rings"),
    ],
)
def test_a_calendar_is_looked_at_once_shortly_before_its_call(at: float, sight: Sight | None, looks: bool) -> None:
    assert bool(decide(near(), at=at, sight=sight)) is looks


def test_a_feed_that_was_fetched_within_its_minute_is_not_asked_again() -> None:
    feed = last_look(fresh_for=60 * SECOND)
    assert decide(near(), at=3, sight=seen(planned=63), rules=feed) == ()
    assert len(decide(near(), at=3, sight=seen(planned=64), rules=feed)) == 1


def test_all_calls_of_a_calendar_are_one_look() -> None:
    calls = [near(call_id=number, uid=f"uid{number}") for number in range(1000)]
    (look,) = decide(*calls, at=3)
    assert (look.collection, len(look.uids), len(look.call_ids)) == ("sales", 1000, 1000)


def test_a_call_of_two_calendars_asks_both() -> None:
    rules = last_look("sales", "support")
    looks = decide(near(), near(collection="support"), at=3, rules=rules)
    assert [look.collection for look in looks] == ["sales", "support"]


def test_the_calendar_of_the_soonest_call_is_asked_first() -> None:
    rules = last_look("sales", "support")
    looks = decide(near(), near(NOON - SECOND, collection="support"), at=3, rules=rules)
    assert [look.collection for look in looks] == ["support", "sales"]


def test_a_calendar_that_is_no_longer_configured_is_not_asked() -> None:
    assert decide(near(collection="gone"), at=3) == ()


@pytest.mark.parametrize(("begun", "looks"), [(2.9, False), (3, True)])
def test_a_calendar_is_asked_at_most_once_a_second(begun: float, looks: bool) -> None:
    assert bool(decide(near(), at=2, begun=begun)) is looks


def test_a_calendar_that_is_being_looked_at_is_not_asked_beside_it() -> None:
    assert decide(near(), at=2, going_on=("sales",)) == ()


@pytest.mark.parametrize(
    ("at", "looked", "looks"),
    [
        pytest.param(-56, 3, False, id="too early before it is tried again"),
        pytest.param(-57, 3, True, id="the look before it was due is too old by now"),
        pytest.param(-58, -57, False, id="looked at again"),
        pytest.param(-60, -50, False, id="tried at this moment"),
        pytest.param(-65, -57, True, id="kept back since"),
        pytest.param(-65, -62, False, id="kept back, and looked at lately"),
    ],
)
def test_a_call_that_waits_past_its_time_is_looked_at_before_it_is_tried_again(
    at: float, looked: float, looks: bool
) -> None:
    assert bool(decide(near(waits=60), at=at, sight=seen(looked=looked))) is looks


def test_a_held_call_that_waited_for_its_origin_needs_a_look_of_the_last_seconds() -> None:
    rules, freed_at = last_look(when=HOLD), NOON + 60 * SECOND
    assert why_held(NOON, freed_at, [seen(looked=3)], rules) != ""
    assert why_held(NOON, freed_at, [seen(looked=-52)], rules) == ""


@pytest.mark.parametrize(("begun", "looks"), [(-56, False), (-55, True)])
def test_a_held_call_is_looked_for_again_every_five_seconds(begun: float, looks: bool) -> None:
    assert bool(decide(near(), at=-60, begun=begun, rules=last_look(when=HOLD))) is looks


def test_a_call_is_held_until_its_calendar_was_looked_at() -> None:
    rules = last_look(when=HOLD)
    assert (
        why_held(NOON, NOON, [seen(planned=50)], rules) == "calendar sales could not be looked at: no answer yet"
    )
    assert why_held(NOON, NOON, [seen(problem="down")], rules) == "calendar sales could not be looked at: down"
    assert why_held(NOON, NOON, [seen(planned=50, looked=3)], rules) == ""
    assert why_held(NOON, NOON, [seen(planned=2)], rules) == ""


def test_a_call_is_held_for_none_but_the_calendars_that_hold() -> None:
    hold, place = Watched(fresh_for=timedelta(), when_unreachable=HOLD), Watched(fresh_for=timedelta())
    rules = LastLook(before=BEFORE, calendars={"sales": place, "support": hold})
    assert why_held(NOON, NOON, [seen()], rules) == ""
    assert why_held(NOON, NOON, [seen(), seen(collection="support")], rules).startswith("calendar support")
    assert why_held(NOON, NOON, [seen(collection="gone")], rules) == ""


SECONDS = st.floats(min_value=-100, max_value=100)


@given(at=SECONDS, planned=st.none() | SECONDS, looked=st.none() | SECONDS, due=SECONDS)
def test_a_call_that_holds_is_either_vouched_for_or_looked_for(
    at: float, planned: float | None, looked: float | None, due: float
) -> None:
    rules = last_look(when=HOLD)
    sight, due_at = seen(planned=planned, looked=looked), NOON - due * SECOND
    held = bool(why_held(due_at, due_at, [sight], rules))
    now = NOON - at * SECOND
    if now >= due_at + KEPT_BACK_AFTER:
        held = vouched_until(sight, rules.calendars["sales"], BEFORE) < now
    near_enough = now >= due_at - BEFORE
    assert bool(decide(near(due_at), at=at, sight=sight, rules=rules)) is (held and near_enough)


@given(planned=SECONDS, looked=SECONDS, later=st.floats(min_value=0, max_value=100))
def test_what_was_vouched_for_stays_so(planned: float, looked: float, later: float) -> None:
    rules = Watched(fresh_for=timedelta())
    before = vouched_until(seen(planned=planned, looked=looked), rules, BEFORE)
    assert vouched_until(seen(planned=planned, looked=looked - later), rules, BEFORE) >= before
    assert vouched_until(seen(planned=planned - later, looked=looked), rules, BEFORE) >= before
