from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.calls.call import Outcome
from scheduler.calls.cdr import Ending
from scheduler.calls.voicemail import is_marked, marked_if_brief

EIGHT = timedelta(seconds=8)


def talked(seconds: int, outcome: Outcome = Outcome.ANSWERED) -> Ending:
    return Ending(outcome=outcome, reason=f"talked {seconds} s", duration=timedelta(seconds=seconds))


def test_a_very_short_conversation_is_told_as_maybe_voicemail() -> None:
    found = marked_if_brief(talked(3), EIGHT)
    assert (found.outcome, found.reason) == (Outcome.ANSWERED, "talked 3 s, maybe voicemail")
    assert is_marked(found.reason)


@pytest.mark.parametrize("ending", [talked(8), talked(70), talked(0, Outcome.ORIGIN_BUSY)])
def test_other_endings_stay_as_they_are(ending: Ending) -> None:
    assert marked_if_brief(ending, EIGHT) == ending
    assert not is_marked(ending.reason)


def test_a_limit_of_nothing_flags_nothing() -> None:
    assert marked_if_brief(talked(1), timedelta()) == talked(1)
