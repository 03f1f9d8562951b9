"""Whatever differs from what a scene sets out is told, and makes the demo fail."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scheduler.calls.call import Outcome, State
from scheduler.demo.scenes import SCENES, Scene
from scheduler.demo.verdict import Came, at_second, judge
from scheduler.vca import Cdr, Presentation, read_cdr, write_time

FIRST_RING_AT = datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.uid)
def test_what_came_as_set_out_has_no_fault(scene: Scene) -> None:
    assert _faults(scene, _as_set_out(scene)) == ()


def test_a_wrong_outcome_is_a_fault() -> None:
    scene = _scene("answered")
    assert _faults(scene, replace(_as_set_out(scene), outcome=Outcome.BUSY)) == ("busy, not answered",)


def test_a_call_without_an_outcome_is_a_fault() -> None:
    scene = _scene("busy")
    came = replace(_as_set_out(scene), outcome=None, state=State.PLACED)
    assert _faults(scene, came) == ("no outcome, not busy",)


def test_an_outcome_for_another_reason_is_a_fault() -> None:
    scene = _scene("cancelled")
    faults = _faults(scene, replace(_as_set_out(scene), reason="another appointment asks for the same call"))
    assert faults == ("its reason doesn't say 'it is cancelled'",)


def test_a_missing_call_is_a_fault() -> None:
    faults = _faults(_scene("answered"), Came())
    assert "0 calls in the ledger, not 1" in faults
    assert "it never rang" in faults


def test_a_call_of_what_should_not_become_one_is_a_fault() -> None:
    scene = _scene("unmarked")
    came = replace(_as_set_out(scene), calls=1, outcome=Outcome.ANSWERED, rings=(_ring(scene, 0),))
    assert _faults(scene, came) == (
        "1 calls in the ledger, not 0",
        "answered, not no call at all",
        "it rang",
    )


def test_a_second_ring_is_a_fault() -> None:
    scene = _scene("answer-lost")
    rings = (_ring(scene, 21), _ring(scene, 22))
    assert _faults(scene, replace(_as_set_out(scene), rings=rings)) == ("it rang 2 times",)


@pytest.mark.parametrize("uid", ["barred", "cancelled", "deleted", "all-day", "stranger"])
def test_a_ring_of_what_must_not_ring_is_a_fault(uid: str) -> None:
    scene = _scene(uid)
    assert _faults(scene, replace(_as_set_out(scene), rings=(_ring(scene, scene.second),))) == ("it rang",)


@pytest.mark.parametrize("second", [14, 23, 27])
def test_a_ring_before_its_time_or_over_two_seconds_after_is_a_fault(second: int) -> None:
    scene = _scene("moved")
    came = replace(_as_set_out(scene), rings=(_ring(scene, second),))
    assert _faults(scene, came) == ("it rang at another time",)


@pytest.mark.parametrize("second", [24, 25, 26])
def test_a_ring_up_to_two_seconds_after_its_time_is_in_time(second: int) -> None:
    scene = _scene("moved")
    assert _faults(scene, replace(_as_set_out(scene), rings=(_ring(scene, second),))) == ()


def test_a_number_shown_that_should_be_withheld_is_a_fault() -> None:
    scene = _scene("withheld")
    shown = _ring(replace(scene, presentation=Presentation.ALLOWED), 13)
    assert _faults(scene, replace(_as_set_out(scene), rings=(shown,))) == (
        "the number on the display was allowed",
    )


def test_a_call_planned_on_a_day_that_the_series_leaves_out_is_a_fault() -> None:
    scene = _scene("recurring")
    came = _as_set_out(scene)
    tomorrow = at_second(FIRST_RING_AT, scene.second) + timedelta(days=1)
    (fault,) = _faults(scene, replace(came, coming=(tomorrow, *came.coming)))
    assert "other calls are planned" in fault


def _faults(scene: Scene, came: Came) -> tuple[str, ...]:
    verdict = judge(scene, came, FIRST_RING_AT)
    assert verdict.fine is (verdict.faults == ())
    return verdict.faults


def _scene(uid: str) -> Scene:
    return next(scene for scene in SCENES if scene.uid == uid)


def _as_set_out(scene: Scene) -> Came:
    return Came(
        calls=0 if scene.outcome is None else 1,
        state=None if scene.outcome is None else State.ENDED,
        outcome=scene.outcome,
        reason=f"since {scene.because}.",
        coming=scene.daily.coming(at_second(FIRST_RING_AT, scene.second)) if scene.daily else (),
        rings=() if scene.rings_at is None else (_ring(scene, scene.rings_at),),
    )


def _ring(scene: Scene, second: int) -> Cdr:
    return read_cdr(
        {
            "sessionId": "1",
            "origin": "3228160258",
            "destination": scene.number.removeprefix("+"),
            "presentation": scene.presentation.lower(),
            "requestTime": write_time(at_second(FIRST_RING_AT, second)),
        }
    )
