"""How old what is known of a calendar is: told wherever its last fetch failed, and in ``check``."""

from __future__ import annotations

from datetime import datetime, timedelta

from scheduler.database import Connection
from scheduler.duration import spell_duration
from scheduler.errors import Problem
from scheduler.ledger.collections import Collection, select_collections, title_of

_LATE = 3  # intervals
_LATE_AT_LEAST = timedelta(minutes=5)  # a big calendar takes its time


def last_read(good_at: datetime | None, now: datetime) -> str:
    """``last read well 3 h 5 min ago, at 2026-11-23 09:00 UTC``; a calendar may never have been."""
    if good_at is None:
        return "never read well"
    return f"last read well {spell_duration(max(now - good_at, timedelta()))} ago, at {good_at:%Y-%m-%d %H:%M} UTC"


def calendar_problems(connection: Connection, now: datetime) -> tuple[Problem, ...]:
    """The calendars and address books whose last fetch failed: they may be older than they look."""
    return tuple(_problem(row, now) for row in select_collections(connection) if row.problem)


def _problem(row: Collection, now: datetime) -> Problem:
    locks = "; the login is tried ever more rarely, so that the account isn't locked" if row.forbidden else ""
    return Problem(
        where=title_of(row.name),
        what=f"{row.problem}; failure {row.failures} in a row, {last_read(row.good_at, now)}{locks}",
    )


def is_late(row: Collection, every: timedelta, now: datetime) -> bool:
    """Whether a daemon that runs should have tried to read it since."""
    return now - row.tried_at > max(_LATE * every, _LATE_AT_LEAST)
