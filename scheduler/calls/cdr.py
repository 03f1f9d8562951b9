"""What a CDR means: which attempt it is about, and how the call ended."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from scheduler.calls.call import Attempt, Outcome
from scheduler.duration import spell_duration
from scheduler.vca import Cdr, read_cdr

_RELEASE = re.compile(r"\s*Leg(?P<leg>[12])-(?P<code>[4-6]\d\d)?", re.IGNORECASE)
_BUSY = {486, 600}
_NO_ANSWER = {408, 480, 487}
_NOT_FOUND = {404, 484, 604}
_REFUSED = {403, 603}
_REQUEST_LASTS = timedelta(seconds=30)  # how long a request may be under way before the provider stamps it


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a call ended, in our words; the provider's own text stays in ``reason``."""

    outcome: Outcome
    reason: str
    duration: timedelta


def complete_cdr(raw: str) -> Cdr | None:
    """The CDR that a kept text is, if it can be read and tells how the call ended."""
    try:
        cdr = read_cdr(json.loads(raw))
    except (ValueError, RecursionError):
        return None
    return cdr if cdr.complete else None


def ending_of(cdr: Cdr) -> Ending:
    """Classify a complete CDR by the leg and SIP code of its release text (api/README, "Outcomes")."""
    duration = cdr.duration or timedelta()
    release = _RELEASE.match(cdr.release_info)
    if duration > timedelta() and (release is None or release["code"] is None):
        return Ending(outcome=Outcome.ANSWERED, reason=f"talked {spell_duration(duration)}", duration=duration)
    outcome, words = _failure(release)
    text = f" ({cdr.release_info})" if cdr.release_info else ""
    return Ending(outcome=outcome, reason=f"{words}{text}", duration=duration)


def _failure(release: re.Match[str] | None) -> tuple[Outcome, str]:
    if release is None or release["code"] is None:
        return Outcome.FAILED, "no conversation, and no reason that we know"
    origin, code = release["leg"] == "1", int(release["code"])
    who = "the account manager" if origin else "the customer"
    if code in _BUSY:
        return (Outcome.ORIGIN_BUSY if origin else Outcome.BUSY), f"{who} was busy"
    if code in _NO_ANSWER:
        return (Outcome.ORIGIN_NO_ANSWER if origin else Outcome.NO_ANSWER), f"{who} didn't answer"
    if code in _NOT_FOUND:
        return Outcome.FAILED, f"{'the origin' if origin else 'the destination'}'s number does not exist"
    if code in _REFUSED:
        return Outcome.FAILED, f"{who}'s line refused the call"
    return Outcome.FAILED, f"{who}'s line failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The attempts that a CDR may be about: one is proof, several are never guessed among."""

    attempts: tuple[Attempt, ...]

    @property
    def attempt(self) -> Attempt | None:
        return self.attempts[0] if len(self.attempts) == 1 else None

    @property
    def ambiguous(self) -> bool:
        return len(self.attempts) > 1


def match(cdr: Cdr, attempts: Iterable[Attempt], slack: timedelta) -> Match:
    """Find the attempt of ``cdr``: by session id, else by numbers and the time of the request.

    ``session_id`` isn't promised to be unique, so the numbers must fit as well. An attempt that has a
    session id of its own never matches another one's by time, and one that the provider certainly didn't
    take matches only where no other does.
    """
    same_numbers = [one for one in attempts if _same_numbers(cdr, one)]
    by_session = [one for one in same_numbers if cdr.session_id and one.session_id == cdr.session_id]
    if by_session:
        return Match(attempts=_near_in_time(cdr, by_session, slack) or tuple(by_session))
    unnamed = [one for one in same_numbers if not (one.session_id and cdr.session_id)]
    near = _near_in_time(cdr, unnamed, slack)
    return Match(attempts=tuple(one for one in near if one.may_have_rung) or near)


def _same_numbers(cdr: Cdr, attempt: Attempt) -> bool:
    return (cdr.origin, cdr.destination) == (attempt.origin.e164, attempt.destination.e164)


def _near_in_time(cdr: Cdr, attempts: list[Attempt], slack: timedelta) -> tuple[Attempt, ...]:
    if cdr.request_time is None:
        return ()
    return tuple(
        one
        for one in attempts
        if one.requested_at - slack <= cdr.request_time <= one.requested_at + _REQUEST_LASTS + slack
    )
