"""How a scene stands, in words."""

from __future__ import annotations

from datetime import datetime

from scheduler.calls.call import State
from scheduler.demo.verdict import Came, words

SILENT = "doesn't ring"
RINGING = "ringing"
OVER = "over"
_STATES = {
    State.PLANNED: "planned",
    State.CLAIMED: "now",
    State.REQUESTED: RINGING,
    State.PLACED: RINGING,
    State.ENDED: OVER,
}


def state(came: Came) -> str:
    """Empty where nobody has said anything about it yet."""
    if came.state is None:
        return SILENT if came.reason else ""
    return _STATES[came.state]


def standing(came: Came) -> str:
    """State, outcome and reason in one line; a planned call with its time."""
    if came.state is State.PLANNED and came.due_at:
        return f"planned for {wall_time(came.due_at)}"
    how = words(came.outcome) or state(came)
    reason = came.reason.removeprefix(f"{how}: ")
    return f"{how}: {reason}" if reason else how


def wall_time(instant: datetime) -> str:
    """As the user's clock shows it."""
    return f"{instant.astimezone():%H:%M:%S}"
