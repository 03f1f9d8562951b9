"""What can't be read just now neither goes nor comes: its planned calls stand, and nobody is rung twice."""

from __future__ import annotations

from datetime import timedelta

from scheduler.calls.call import Key
from scheduler.calls.change import HELD_BACK, Add, AddMissed, Ignore, Move
from scheduler.calls.unreadable import Unreadable
from tests.calls.builders import HOUR, want
from tests.calls.test_reconcile import NOW, decide, kept

DAY = timedelta(days=1)
EVENT = ("sales", "one")


def instance(day: int, *, collection: str = "sales", moved: timedelta = timedelta()) -> Key:
    return Key(collection=collection, uid="one", recurrence_id=f"{NOW + HOUR + day * DAY + moved:%Y%m%dT%H%M%SZ}")


def test_an_event_that_was_perhaps_moved_is_added_once_its_old_calls_are_gone() -> None:
    old, new = instance(0), instance(0, moved=HOUR)
    wanted = want(new, at=NOW + 2 * HOUR)
    hidden = Unreadable(events={EVENT})
    assert decide([wanted], [kept(want(old, at=NOW + HOUR))], unreadable=hidden) == [
        Ignore(wanted=wanted, reason=HELD_BACK)
    ]
    assert decide([wanted], unreadable=hidden) == [Add(wanted=wanted)]


def test_an_event_that_is_as_it_was_goes_on_to_be_planned_as_its_window_rolls() -> None:
    first, later = want(instance(0), at=NOW + HOUR), want(instance(9), at=NOW + 9 * DAY)
    assert decide([first, later], [kept(first)], unreadable=Unreadable(events={EVENT})) == [Add(wanted=later)]


def test_a_move_that_one_of_two_calendars_cannot_tell_adds_nothing() -> None:
    both = kept(want(instance(0), instance(0, collection="team"), at=NOW + HOUR))
    moved = want(instance(0, moved=HOUR), at=NOW + 2 * HOUR)
    changes = decide([moved], [both], unreadable=Unreadable(events={("team", "one")}))
    assert not [one for one in changes if isinstance(one, Add | AddMissed)]


def test_of_a_series_only_the_instance_that_cannot_be_read_is_left_alone() -> None:
    lost, other, later = instance(0), instance(1), want(instance(9), at=NOW + 9 * DAY)
    moved = want(other, at=NOW + DAY + 2 * HOUR)
    before = [kept(want(lost, at=NOW + HOUR), id=1), kept(want(other, at=NOW + DAY + HOUR), id=2)]
    changes = decide([moved, later], before, unreadable=Unreadable(instances={lost}))
    assert changes == [Move(call=before[1].call, wanted=moved), Add(wanted=later)]
