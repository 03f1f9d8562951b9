"""The brake (rule 9): what vanishes too suddenly is held, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.calls.brake import (
    ACCEPTED,
    AGREE_AFTER,
    AGREED,
    FEWEST,
    Braked,
    Losses,
    Standing,
    Vanished,
    brake,
    read_losses,
)
from scheduler.calls.call import Key, Outcome, State
from scheduler.calls.change import GONE, Recorded
from scheduler.calls.reconcile import reconcile
from scheduler.calls.unreadable import Unreadable
from tests.calls.builders import HOUR, MINUTE, a_call, key, want
from tests.clocks import NOON

DAY = timedelta(days=1)


@dataclass
class Calendar:
    """A calendar's calls to come, fetch after fetch; what is let go is gone from then on."""

    coming: frozenset[int]
    now: datetime = NOON
    remembered: tuple[Vanished, ...] = field(default=())

    def fetch(self, *, lost: Iterable[int], after: timedelta = timedelta(), empty: bool = False) -> Braked:
        self.now += after
        braked = brake(
            Standing(
                fetched_at=self.now,
                empty=empty,
                coming=self.coming,
                lost=frozenset(lost) & self.coming,
                remembered=self.remembered,
            )
        )
        self.remembered = braked.remember
        self.coming -= braked.let_go.keys()
        return braked

    def accept(self) -> None:
        self.remembered = tuple(replace(one, accepted=one.held) for one in self.remembered)


def calendar(coming: int) -> Calendar:
    return Calendar(frozenset(range(coming)))


@pytest.mark.parametrize(
    ("coming", "lost", "held"),
    [
        (4, 4, False),  # too few to tell a fault from an afternoon's work
        (5, 5, True),
        (9, 5, True),
        (10, 5, False),  # half isn't more than half
        (10, 6, True),
        (200, 100, False),
        (200, 101, True),
    ],
)
def test_at_least_five_and_more_than_half_at_once_are_held(coming: int, lost: int, held: bool) -> None:
    braked = calendar(coming).fetch(lost=range(lost))
    assert len(braked.held) == (lost if held else 0)
    assert set(braked.let_go.values()) == (set() if held else {GONE})


def test_a_partial_loss_is_let_go_once_a_fetch_ten_minutes_later_agrees() -> None:
    sales = calendar(10)
    sales.fetch(lost=range(6))
    assert len(sales.fetch(lost=range(6), after=AGREE_AFTER - MINUTE).held) == 6
    assert sales.fetch(lost=range(6), after=MINUTE).let_go == dict.fromkeys(range(6), AGREED)


def test_what_is_lost_later_is_agreed_on_later() -> None:
    sales = calendar(10)
    sales.fetch(lost=range(6))
    sales.fetch(lost=range(8), after=5 * MINUTE)
    braked = sales.fetch(lost=range(8), after=5 * MINUTE)
    assert (set(braked.let_go), braked.held) == (set(range(6)), {6, 7})
    assert sales.fetch(lost={6, 7}, after=5 * MINUTE).let_go == dict.fromkeys((6, 7), AGREED)


def test_an_empty_calendar_is_held_until_it_is_accepted() -> None:
    sales = calendar(10)
    sales.fetch(lost=range(10), empty=True)
    assert len(sales.fetch(lost=range(10), empty=True, after=30 * DAY).held) == 10
    sales.accept()
    assert sales.fetch(lost=range(10), empty=True).let_go == dict.fromkeys(range(10), ACCEPTED)


def test_an_empty_fetch_never_counts_as_one_of_the_two_that_agree() -> None:
    sales = calendar(10)
    sales.fetch(lost=range(10), empty=True)
    sales.fetch(lost=range(10), empty=True, after=DAY)
    assert len(sales.fetch(lost=range(9), after=MINUTE).held) == 9
    assert len(sales.fetch(lost=range(9), after=AGREE_AFTER).let_go) == 9


def test_how_long_it_is_held_is_counted_from_the_first_fetch_that_lacked_it() -> None:
    sales = calendar(10)
    sales.fetch(lost=range(10), empty=True)
    braked = sales.fetch(lost=range(10), empty=True, after=DAY)
    assert {one.since for one in braked.remember} == {NOON}


def test_what_comes_back_is_held_no_more_and_may_be_deleted_one_by_one() -> None:
    sales = calendar(10)
    sales.fetch(lost=range(8))
    assert sales.fetch(lost=(), after=MINUTE) == Braked(let_go={}, remember=())
    assert sales.fetch(lost={3}, after=MINUTE).let_go == {3: GONE}


def test_a_feed_that_shrinks_step_by_step_is_held_like_one_that_shrinks_at_once() -> None:
    sales = calendar(10)
    assert len(sales.fetch(lost=range(4)).let_go) == 4
    assert sales.fetch(lost={4, 5, 6, 7}, after=2 * MINUTE).held == {4, 5, 6, 7}


def test_losses_more_than_ten_minutes_apart_are_none_of_each_others_business() -> None:
    sales = calendar(10)
    sales.fetch(lost=range(4))
    assert len(sales.fetch(lost={4, 5, 6, 7}, after=AGREE_AFTER).let_go) == 4


def test_while_something_is_held_whatever_else_is_lost_is_held_too() -> None:
    sales = calendar(20)
    sales.fetch(lost=range(11))
    assert 15 in sales.fetch(lost={0, 15}, after=MINUTE).held


def standing(*, coming: Iterable[int], lost: Iterable[int], remembered: Iterable[Vanished] = ()) -> Standing:
    return Standing(
        fetched_at=NOON,
        empty=False,
        coming=frozenset(coming),
        lost=frozenset(lost),
        remembered=tuple(remembered),
    )


def test_what_rings_already_is_no_loss_that_counts() -> None:
    assert brake(standing(coming=range(4, 10), lost=range(4))).remember == ()


def test_a_loss_that_was_let_go_and_is_still_there_counts_once() -> None:
    let_go = [Vanished(call_id=n, since=NOON - MINUTE, missed_at=NOON - MINUTE, held=False) for n in range(4)]
    braked = brake(standing(coming=range(6), lost=range(4), remembered=let_go))
    assert [one.call_id for one in braked.remember] == [0, 1, 2, 3]


FETCHES = st.lists(
    st.tuples(
        st.integers(0, 15),  # minutes since the fetch before
        st.one_of(st.just(frozenset[int]()), st.frozensets(st.integers(0, 19)), st.just(frozenset(range(20)))),
        st.booleans(),
    ),
    max_size=12,
)


@given(coming=st.integers(0, 20), fetches=FETCHES)
def test_whatever_a_feed_does_it_never_loses_more_than_half_of_its_calls_unawares(
    coming: int, fetches: list[tuple[int, frozenset[int], bool]]
) -> None:
    """Unawares: not accepted, and not agreed on by fetches ten minutes apart."""
    sales = calendar(coming)
    unawares: list[datetime] = []
    missing_since: dict[int, datetime] = {}
    for minutes, lost, empty in fetches:
        before = sales.coming
        braked = sales.fetch(lost=lost, after=minutes * MINUTE, empty=empty)
        lately = [at for at in unawares if at > sales.now - AGREE_AFTER]
        gone = [sales.now for reason in braked.let_go.values() if reason == GONE]
        unawares += gone
        together = len(gone) + len(lately)
        assert not gone or together < FEWEST or 2 * together <= len(before) + len(lately)
        missing_since = {one: missing_since.get(one, sales.now) for one in lost & before}
        for one, reason in braked.let_go.items():
            assert reason == GONE or (not empty and sales.now - missing_since[one] >= AGREE_AFTER)


@given(coming=st.integers(0, 20), fetches=FETCHES, lost=st.frozensets(st.integers(0, 19)))
def test_whatever_happened_before_two_fetches_that_agree_end_every_hold(
    coming: int, fetches: list[tuple[int, frozenset[int], bool]], lost: frozenset[int]
) -> None:
    sales = calendar(coming)
    for minutes, earlier, empty in fetches:
        sales.fetch(lost=earlier, after=minutes * MINUTE, empty=empty)
    sales.fetch(lost=lost, after=MINUTE)
    sales.fetch(lost=lost, after=AGREE_AFTER)
    assert not sales.coming & lost
    assert not [one for one in sales.remembered if one.held]


def recorded(
    *keys: Key,
    id: int,
    at: datetime = NOON,
    state: State = State.PLANNED,
    outcome: Outcome | None = None,
) -> Recorded:
    call = a_call(want(*keys, at=at), id=id, state=state, outcome=outcome, attempts=1 if outcome else 0)
    return Recorded(call=call, keys=frozenset(keys))


def losses(wanted: Iterable[Key], *ledger: Recorded, moved: timedelta = timedelta()) -> Losses:
    """After a fetch whose calendars hold ``wanted``, each at the time of its call or ``moved`` from it."""
    times = {one: found.call.asked_at for found in ledger for one in found.keys}
    changes = reconcile(
        [want(one, at=times.get(one, NOON) + moved) for one in wanted],
        ledger,
        NOON - HOUR,
        read_before={},
        reasons={key("marked"): "it is cancelled"},
        unreadable=Unreadable(events={("sales", "broken")}),
        until=NOON + 14 * DAY,
    )
    return read_losses(changes, ledger)


def test_an_event_that_no_calendar_holds_any_more_is_lost() -> None:
    assert losses([], recorded(key("one"), id=1)).lost == {"sales": {1}}


@pytest.mark.parametrize("uid", ["marked", "broken"])
def test_an_event_that_says_it_is_cancelled_or_cant_be_read_is_not_lost(uid: str) -> None:
    assert losses([], recorded(key(uid), id=1)).lost == {}


def test_a_moved_event_is_not_lost() -> None:
    assert losses([key("one")], recorded(key("one"), id=1), moved=HOUR).lost == {}


def test_an_event_with_another_uid_but_the_same_numbers_and_instant_is_not_lost() -> None:
    assert losses([key("new")], recorded(key("old"), id=1)).lost == {}


def test_a_series_at_another_time_of_day_loses_no_instance() -> None:
    days = [NOON + n * DAY for n in range(7)]
    old = [recorded(key(recurrence_id=f"{at:%d}"), id=n, at=at) for n, at in enumerate(days)]
    assert losses([key(recurrence_id=f"{at:%d}-later") for at in days], *old, moved=HOUR).lost == {}


def test_an_instance_that_rings_is_no_sign_that_its_series_is_still_there() -> None:
    ringing = recorded(key(recurrence_id="1"), id=1, state=State.PLACED)
    planned = recorded(key(recurrence_id="2"), id=2, at=NOON + DAY)
    assert losses([], ringing, planned).lost == {"sales": {1, 2}}


def test_an_instance_that_was_called_is_no_sign_that_its_series_is_still_there() -> None:
    called = recorded(key(recurrence_id="1"), id=1, outcome=Outcome.ANSWERED)
    planned = recorded(key(recurrence_id="2"), id=2, at=NOON + DAY)
    assert losses([], called, planned).lost == {"sales": {2}}


def test_an_event_that_another_calendar_holds_too_is_not_lost_but_elsewhere() -> None:
    found = losses([key("one", "team")], recorded(key("one", "sales"), key("one", "team"), id=1))
    assert (found.lost, found.elsewhere) == ({}, {"sales": {1}})


def test_an_event_that_moved_to_another_calendar_is_not_lost_but_elsewhere() -> None:
    found = losses([key("one", "team")], recorded(key("one", "sales"), id=1))
    assert (found.lost, found.elsewhere) == ({}, {"sales": {1}})


def test_an_event_that_both_its_calendars_lost_at_once_is_lost_to_both() -> None:
    found = losses([], recorded(key("one", "sales"), key("one", "team"), id=1))
    assert found.lost == {"sales": {1}, "team": {1}}
