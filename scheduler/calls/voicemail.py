"""Calls that were answered, but too briefly for people: perhaps a voicemail took one of the two legs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from scheduler.calls.call import Outcome
from scheduler.calls.cdr import Ending
from scheduler.duration import spell_duration

_MARK = "maybe voicemail"


def marked_if_brief(ending: Ending, shorter_than: timedelta) -> Ending:
    """The same ending; its reason says so where the conversation was shorter than that."""
    if ending.outcome is not Outcome.ANSWERED or ending.duration >= shorter_than:
        return ending
    return replace(ending, reason=f"talked {spell_duration(ending.duration)}, {_MARK}")


def is_marked(reason: str) -> bool:
    """Whether a recorded reason says so."""
    return reason.endswith(_MARK)
