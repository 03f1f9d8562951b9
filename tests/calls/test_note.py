"""What an event is told: in its language, by the clocks of who reads it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.calendars.language import Language, language_of
from scheduler.calls.call import Attempt, Outcome, State
from scheduler.calls.note import Story, Voice, decide_note
from tests.calls.builders import a_call

AT = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
VOICE = Voice(language=Language.EN, zone=ZoneInfo("Europe/Brussels"))
PLANNED = replace(a_call(), asked_at=AT, due_at=AT, wake_at=AT, starts_at=AT, attempts=0)


def attempt(at: datetime = AT, duration: timedelta | None = None) -> Attempt:
    return Attempt(
        id=1,
        call_id=1,
        number=1,
        reference="r",
        origin=PLANNED.origin,
        destination=PLANNED.destination,
        requested_at=at,
        answer=None,
        session_id="",
        closed_at=None,
        duration=duration,
    )


def told(story: Story, language: Language = Language.EN) -> str:
    note = decide_note(story, replace(VOICE, language=language))
    return note.text if note else ""


def ended(outcome: Outcome, reason: str = "", *attempts: Attempt) -> Story:
    over = replace(PLANNED, state=State.ENDED, outcome=outcome, reason=reason, ended_at=AT, attempts=len(attempts))
    return Story(call=over, live=True, attempts=attempts)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (Language.EN, "called at 10:00, answered, 4 min 12 s"),
        (Language.NL, "gebeld om 10:00, opgenomen, 4 min 12 s"),
        (Language.FR, "appelé à 10:00, réponse, 4 min 12 s"),
        (Language.DE, "angerufen um 10:00, angenommen, 4 min 12 s"),
    ],
)
def test_an_answered_call_tells_when_and_how_long_in_each_language(language: Language, text: str) -> None:
    assert told(ended(Outcome.ANSWERED, "", attempt(duration=timedelta(seconds=252))), language) == text


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("outcome", set(Outcome) - {Outcome.CANCELLED})
def test_each_outcome_is_told_in_each_language_and_is_final(outcome: Outcome, language: Language) -> None:
    note = decide_note(ended(outcome, "why", attempt()), replace(VOICE, language=language))
    assert note is not None
    assert note.final
    assert note.status.startswith(f"{outcome} at=20261201T090000Z")
    assert "{" not in note.text


def test_what_the_call_itself_says_is_told_where_nobody_rang() -> None:
    assert told(ended(Outcome.MISSED, "the daemon was stopped")) == "the call was missed: the daemon was stopped"
    assert told(ended(Outcome.MISSED)) == "the call was missed"


def test_what_a_person_noted_of_an_unknown_end_stays_out_of_the_event() -> None:
    assert "Anna" not in told(ended(Outcome.NO_ANSWER, "decided by root: Anna says so", attempt()))


def test_a_call_that_calling_hours_moved_to_another_day_tells_the_day() -> None:
    moved = replace(PLANNED, due_at=AT + timedelta(days=1))
    assert told(Story(call=moved, live=True)).startswith("call planned for 2026-12-02 10:00, with ")


def test_a_second_attempt_tells_when_it_is_made() -> None:
    waiting = replace(PLANNED, wake_at=AT + timedelta(minutes=1), attempts=1)
    story = Story(call=waiting, live=True, attempts=(attempt(),))
    assert told(story) == "nobody answered yet, tried again at 10:01"


def test_a_call_that_will_be_barred_says_so_before_it_is() -> None:
    assert told(Story(call=PLANNED, live=True, barred="the number is premium")) == "no call: the number is premium"


def test_an_outcome_outlives_whatever_its_event_says_later() -> None:
    story = replace(ended(Outcome.BUSY, "", attempt()), live=False, silence="no number")
    assert told(story) == "called at 10:00, busy"


def test_a_cancelled_call_leaves_nothing_but_the_reason_why_nothing_rings() -> None:
    assert told(ended(Outcome.CANCELLED)) == ""
    silent = replace(ended(Outcome.CANCELLED), live=False, silence="two contacts have that name")
    assert told(silent) == "no call: two contacts have that name"


@pytest.mark.parametrize(
    ("title", "language"),
    [
        ("Call Anna", Language.EN),
        ("[Bellen] Anna Janssens", Language.NL),
        ("Téléphoner à Anna", Language.FR),
        ("ANRUF: Anna", Language.DE),
        ("Anna Janssens", Language.FR),
        ("", Language.FR),
    ],
)
def test_the_word_that_asks_for_the_call_tells_the_language(title: str, language: Language) -> None:
    assert language_of(title, Language.FR) is language
