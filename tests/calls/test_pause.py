"""Which pauses keep a call from being placed, and until when it waits for them."""

from __future__ import annotations

import pytest

from scheduler.calls.pause import Pause, PauseScope, blocking, unless_paused
from scheduler.calls.timing import Place, Wait
from tests.calls.builders import GRACE, MINUTE, ORIGIN, SECOND_ORIGIN, a_call
from tests.clocks import NOON

EVERYTHING = PauseScope()


def a_pause(scope: PauseScope = EVERYTHING, *, minutes: int | None = None, reason: str = "") -> Pause:
    until = None if minutes is None else NOON + minutes * MINUTE
    return Pause(id=1, scope=scope, since=NOON - MINUTE, until=until, reason=reason)


@pytest.mark.parametrize(
    ("scope", "blocks"),
    [
        (EVERYTHING, True),
        (PauseScope(origin=ORIGIN), True),
        (PauseScope(origin=SECOND_ORIGIN), False),
        (PauseScope(calendar="sales"), True),
        (PauseScope(calendar="service"), False),
    ],
    ids=str,
)
def test_a_pause_keeps_the_calls_of_its_scope(scope: PauseScope, blocks: bool) -> None:
    assert bool(blocking([a_pause(scope)], ORIGIN, {"sales"})) is blocks


def test_a_call_that_two_calendars_want_is_kept_once_both_are_paused() -> None:
    sales, service = a_pause(PauseScope(calendar="sales")), a_pause(PauseScope(calendar="service"))
    assert blocking([sales], ORIGIN, {"sales", "service"}) == ()
    assert blocking([sales, service], ORIGIN, {"sales", "service"}) == (sales, service)


def test_a_call_that_a_person_asked_for_belongs_to_no_calendar() -> None:
    assert blocking([a_pause(PauseScope(calendar="sales"))], ORIGIN, ()) == ()


def test_a_call_waits_for_the_end_of_the_pause_or_its_own_deadline() -> None:
    call = a_call()
    early, late = a_pause(minutes=2, reason="lunch"), a_pause(minutes=60)
    assert unless_paused(call, [early, late], ()) == Wait(until=NOON + 2 * MINUTE, reason="paused: “lunch”")
    for pause in (late, a_pause()):
        decision = unless_paused(call, [pause], ())
        assert isinstance(decision, Wait)
        assert NOON + GRACE < decision.until < NOON + GRACE + MINUTE


def test_without_a_pause_it_is_placed() -> None:
    assert unless_paused(a_call(), [], {"sales"}) == Place()
