"""What is written into an event about its call: what is planned, how it ended, and why nothing will ring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType

from scheduler.calendars.annotation import Note
from scheduler.calendars.language import Language
from scheduler.calls.call import Attempt, Call, Outcome, State
from scheduler.duration import spell_duration

# So shortly before a call nobody reads it any more, and its calendar is looked at for the last time.
_CALM = timedelta(seconds=30)
# Of the others nothing is known but what they say themselves.
_WITH_REASON = (Outcome.FAILED, Outcome.BARRED, Outcome.MISSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """How an event is spoken in: its language, and the clocks of whoever reads it."""

    language: Language
    zone: tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What is known of one appointment."""

    call: Call | None = None  # the latest that it means, or meant
    live: bool = False  # whether it means that call still
    attempts: Sequence[Attempt] = ()
    silence: str = ""  # why its calendar says that it doesn't ring
    barred: str = ""  # why its planned call will be barred, as far as that is known


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    planned: str
    again: str
    placed: str
    silent: str
    ended: Mapping[Outcome, str]


_WORDS = MappingProxyType(
    {
        Language.EN: _Words(
            planned="call planned for {at}, with {number}",
            again="nobody answered yet, tried again at {at}",
            placed="calling since {at}",
            silent="no call: {reason}",
            ended={
                Outcome.ANSWERED: "called at {at}, answered, {length}",
                Outcome.NO_ANSWER: "called at {at}, not answered",
                Outcome.BUSY: "called at {at}, busy",
                Outcome.ORIGIN_NO_ANSWER: "tried at {at}: your own phone wasn't picked up",
                Outcome.ORIGIN_BUSY: "tried at {at}: your own phone was busy",
                Outcome.FAILED: "the call failed at {at}{reason}",
                Outcome.BARRED: "no call{reason}",
                Outcome.MISSED: "the call was missed{reason}",
                Outcome.UNKNOWN: "perhaps called at {at}: nobody knows how it ended",
            },
        ),
        Language.NL: _Words(
            planned="oproep gepland om {at}, met {number}",
            again="nog niet opgenomen, nieuwe poging om {at}",
            placed="belt sinds {at}",
            silent="geen oproep: {reason}",
            ended={
                Outcome.ANSWERED: "gebeld om {at}, opgenomen, {length}",
                Outcome.NO_ANSWER: "gebeld om {at}, niet opgenomen",
                Outcome.BUSY: "gebeld om {at}, in gesprek",
                Outcome.ORIGIN_NO_ANSWER: "geprobeerd om {at}: je eigen telefoon werd niet opgenomen",
                Outcome.ORIGIN_BUSY: "geprobeerd om {at}: je eigen telefoon was in gesprek",
                Outcome.FAILED: "de oproep is mislukt om {at}{reason}",
                Outcome.BARRED: "geen oproep{reason}",
                Outcome.MISSED: "de oproep is gemist{reason}",
                Outcome.UNKNOWN: "misschien gebeld om {at}: niemand weet hoe het afliep",
            },
        ),
        Language.FR: _Words(
            planned="appel prévu à {at}, avec {number}",
            again="pas encore de réponse, nouvel essai à {at}",
            placed="appel en cours depuis {at}",
            silent="pas d'appel : {reason}",
            ended={
                Outcome.ANSWERED: "appelé à {at}, réponse, {length}",
                Outcome.NO_ANSWER: "appelé à {at}, sans réponse",
                Outcome.BUSY: "appelé à {at}, occupé",
                Outcome.ORIGIN_NO_ANSWER: "essayé à {at} : votre propre téléphone n'a pas répondu",
                Outcome.ORIGIN_BUSY: "essayé à {at} : votre propre téléphone était occupé",
                Outcome.FAILED: "l'appel a échoué à {at}{reason}",
                Outcome.BARRED: "pas d'appel{reason}",
                Outcome.MISSED: "l'appel a été manqué{reason}",
                Outcome.UNKNOWN: "peut-être appelé à {at} : personne ne sait comment cela s'est terminé",
            },
        ),
        Language.DE: _Words(
            planned="Anruf geplant um {at}, mit {number}",
            again="noch nicht angenommen, neuer Versuch um {at}",
            placed="Anruf läuft seit {at}",
            silent="kein Anruf: {reason}",
            ended={
                Outcome.ANSWERED: "angerufen um {at}, angenommen, {length}",
                Outcome.NO_ANSWER: "angerufen um {at}, nicht angenommen",
                Outcome.BUSY: "angerufen um {at}, besetzt",
                Outcome.ORIGIN_NO_ANSWER: "versucht um {at}: das eigene Telefon wurde nicht abgenommen",
                Outcome.ORIGIN_BUSY: "versucht um {at}: das eigene Telefon war besetzt",
                Outcome.FAILED: "der Anruf ist um {at} gescheitert{reason}",
                Outcome.BARRED: "kein Anruf{reason}",
                Outcome.MISSED: "der Anruf wurde verpasst{reason}",
                Outcome.UNKNOWN: "vielleicht angerufen um {at}: niemand weiß, wie es ausging",
            },
        ),
    }
)


def decide_note(story: Story, voice: Voice) -> Note | None:
    """What the event should say; None where nothing of ours should stand in it."""
    call = story.call
    if call is not None and (story.live or call.attempts) and call.outcome is not Outcome.CANCELLED:
        return _of_call(call, story, voice)
    if story.silence:
        return _silent(story.silence, voice)
    return None


def is_too_late(story: Story, now: datetime) -> bool:
    """Whether its call is so near that nothing is written any more until the phones have rung."""
    call = story.call
    return call is not None and call.state is State.PLANNED and call.wake_at - now < _CALM


def _of_call(call: Call, story: Story, voice: Voice) -> Note:
    words = _WORDS[voice.language]
    tried_at = story.attempts[-1].requested_at if story.attempts else None
    if call.outcome is not None:
        return _ended(call, call.outcome, story, voice)
    if call.state in (State.REQUESTED, State.PLACED):
        at = tried_at or call.due_at
        return Note(text=words.placed.format(at=_clock(at, call, voice)), status=_status("placed", at))
    if story.barred:
        return _silent(story.barred, voice)
    if tried_at is not None:
        text = words.again.format(at=_clock(call.wake_at, call, voice))
        return Note(text=text, status=_status("planned", call.wake_at))
    text = words.planned.format(at=_clock(call.due_at, call, voice), number=call.destination.masked)
    return Note(text=text, status=_status("planned", call.due_at))


def _ended(call: Call, outcome: Outcome, story: Story, voice: Voice) -> Note:
    at = story.attempts[-1].requested_at if story.attempts else call.ended_at or call.due_at
    length = next((one.duration for one in reversed(story.attempts) if one.duration is not None), timedelta())
    text = (
        _WORDS[voice.language]
        .ended[outcome]
        .format(
            at=_clock(at, call, voice),
            length=spell_duration(length),
            reason=f": {call.reason}" if outcome in _WITH_REASON and call.reason else "",
        )
    )
    seconds = f" seconds={round(length.total_seconds())}" if outcome is Outcome.ANSWERED else ""
    return Note(text=text, status=_status(outcome, at) + seconds, final=True)


def _silent(reason: str, voice: Voice) -> Note:
    return Note(text=_WORDS[voice.language].silent.format(reason=reason), status="silent")


def _status(word: str, at: datetime) -> str:
    return f"{word} at={at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _clock(at: datetime, call: Call, voice: Voice) -> str:
    """The time of day; with its date where that isn't the event's."""
    local, shown = at.astimezone(voice.zone), (call.starts_at or call.asked_at).astimezone(voice.zone)
    return f"{local:%H:%M}" if local.date() == shown.date() else f"{local:%Y-%m-%d %H:%M}"
