"""Statements that measure the ledger for the metrics: each reads an index that stays small, or single rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.calls.call import Outcome
from scheduler.database import Connection, write_instant
from scheduler.ledger.alerts import select_alerts
from scheduler.ledger.calls import next_wake_at
from scheduler.ledger.collections import Collection, select_collections

_ALERTS_LAST = timedelta(days=7)  # as long as `check` shows them


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the ledger holds at one moment, counted."""

    outcomes: Mapping[Outcome, int]  # how often a call ever ended so, those included that are no longer stored
    due: int
    waiting: int
    next_at: datetime | None  # when the soonest planned call is looked at
    open_attempts: int
    unknown: int
    alerts: int
    collections: tuple[Collection, ...]


def select_figures(connection: Connection, now: datetime) -> Figures:
    return Figures(
        outcomes=select_tallies(connection),
        due=count_due(connection, now),
        waiting=count_waiting(connection, now),
        next_at=next_wake_at(connection),
        open_attempts=_count(connection, "attempt WHERE closed_at IS NULL"),
        unknown=_count(connection, "call WHERE outcome = 'unknown'"),
        alerts=len(select_alerts(connection, now - _ALERTS_LAST)),
        collections=select_collections(connection),
    )


def select_tallies(connection: Connection) -> dict[Outcome, int]:
    """Kept by a trigger. A call that was unknown and then found out about counts as both: neither ever shrinks."""
    tallies = dict.fromkeys(Outcome, 0)
    for row in connection.execute("SELECT outcome, calls FROM tally"):
        tallies[Outcome(row["outcome"])] = row["calls"]
    return tallies


def count_due(connection: Connection, now: datetime) -> int:
    """The calls whose time has come and that nobody has claimed yet."""
    return _count(connection, "call WHERE state = 'planned' AND wake_at <= ?", write_instant(now))


def count_waiting(connection: Connection, now: datetime) -> int:
    """The calls that are past their time and wait for something: a pause, a phone that talks, another attempt."""
    at = write_instant(now)
    return _count(
        connection, "call WHERE state = 'planned' AND wake_at > due_at AND wake_at > ? AND due_at <= ?", at, at
    )


def _count(connection: Connection, of: str, *parameters: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {of}", parameters).fetchone()[0])
