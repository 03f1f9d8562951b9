"""What came of a scene against what had to come: whatever differs makes the demo fail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.calls.call import Outcome, State
from scheduler.demo.scenes import Scene
from scheduler.vca import Cdr

LATEST = timedelta(seconds=2)  # how long after its time a ring may start; CDRs have whole seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What the ledger and the plan say of a scene today, and what the gateway saw of it."""

    calls: int = 0
    due_at: datetime | None = None
    state: State | None = None
    outcome: Outcome | None = None
    reason: str = ""
    coming: tuple[datetime, ...] = ()  # planned for the days after
    rings: tuple[Cdr, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A scene and what is wrong with what came of it."""

    scene: Scene
    came: Came
    faults: tuple[str, ...]

    @property
    def fine(self) -> bool:
        return not self.faults


def judge(scene: Scene, came: Came, first_ring_at: datetime) -> Verdict:
    """:param first_ring_at: the demo's second 0."""
    return Verdict(
        scene=scene,
        came=came,
        faults=(*_ending(scene, came), *_rings(scene, came, first_ring_at), *_coming(scene, came, first_ring_at)),
    )


def at_second(first_ring_at: datetime, second: int) -> datetime:
    return first_ring_at + timedelta(seconds=second)


def _ending(scene: Scene, came: Came) -> tuple[str, ...]:
    faults = []
    wanted_calls = 0 if scene.outcome is None else 1
    if came.calls != wanted_calls:
        faults.append(f"{came.calls} calls in the ledger, not {wanted_calls}")
    if came.outcome is not scene.outcome:
        faults.append(f"{words(came.outcome) or 'no outcome'}, not {words(scene.outcome) or 'no call at all'}")
    if scene.because not in came.reason:
        faults.append(f"its reason doesn't say {scene.because!r}")
    return tuple(faults)


def _rings(scene: Scene, came: Came, first_ring_at: datetime) -> tuple[str, ...]:
    if scene.rings_at is None:
        return ("it rang",) if came.rings else ()
    if len(came.rings) != 1:
        return (f"it rang {len(came.rings)} times" if came.rings else "it never rang",)
    ring, due_at = came.rings[0], at_second(first_ring_at, scene.rings_at)
    faults = []
    if ring.request_time is None or not timedelta() <= ring.request_time - due_at <= LATEST:
        faults.append("it rang at another time")
    if ring.presentation != scene.presentation:
        faults.append(f"the number on the display was {ring.presentation.lower()}")
    return tuple(faults)


def _coming(scene: Scene, came: Came, first_ring_at: datetime) -> tuple[str, ...]:
    today = at_second(first_ring_at, scene.second)
    wanted = scene.daily.coming(today) if scene.daily else ()
    return (
        () if came.coming == wanted else ("other calls are planned for the coming days than its series asks for",)
    )


def words(outcome: Outcome | None) -> str:
    return outcome.words if outcome else ""
