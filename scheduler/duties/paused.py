"""Pauses as people are shown them: beside the calls that they keep from ringing, and as what to resume."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from shlex import quote

from scheduler.calls.call import State
from scheduler.calls.pause import Pause, PauseScope, blocking
from scheduler.duties.look import Entry
from scheduler.errors import Problem


def with_pauses(entries: Iterable[Entry], pauses: Iterable[Pause]) -> tuple[Entry, ...]:
    """The entries, each of a call that falls into a pause with that as its reason."""
    pauses = tuple(pauses)
    return tuple(_shown(entry, pauses) for entry in entries)


def _shown(entry: Entry, pauses: Iterable[Pause]) -> Entry:
    call = entry.call or entry.wanted
    if call is None or entry.state != State.PLANNED:
        return entry
    meant = {key.collection for key in entry.wanted.keys} if entry.wanted else {entry.collection}
    lasting = [one for one in pauses if one.until is None or one.until > call.due_at]
    found = blocking(lasting, call.origin, meant)
    return replace(entry, reason=_words(found[0])) if found else entry


def _words(pause: Pause) -> str:
    return f"{pause.words}, {_end(pause)}"


def pause_problems(pauses: Iterable[Pause]) -> tuple[Problem, ...]:
    """What is paused, since when and why, and the command that ends it."""
    return tuple(
        Problem(
            where=f"pause of {one.scope}",
            what=f"since {one.since:%Y-%m-%d %H:%M} UTC, {_end(one)}"
            + (f": {one.reason}" if one.reason else "")
            + "; calls wait inside their grace, and are missed after it",
            remedy=f"to end it: {resume_command(one.scope)}",
        )
        for one in pauses
    )


def resume_command(scope: PauseScope) -> str:
    if scope.calendar:
        return f"call-scheduler resume --calendar {quote(scope.calendar)}"
    return f"call-scheduler resume --origin {scope.origin}" if scope.origin else "call-scheduler resume"


def _end(pause: Pause) -> str:
    return f"until {pause.until:%Y-%m-%d %H:%M:%S} UTC" if pause.until else "until it is resumed"
