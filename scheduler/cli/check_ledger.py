"""The part of ``check`` that looks at the ledger, and through it at the daemon."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scheduler.cli.check_outcomes import look_at_outcomes
from scheduler.cli.context import drop_to_owner, ledger_to_read
from scheduler.cli.finding import Finding, finding_of
from scheduler.cli.output import local
from scheduler.config import Config
from scheduler.database import Database
from scheduler.duties.brake import hold_problems
from scheduler.duties.deliver import delivery_problems
from scheduler.duties.guarded_clock import clock_problems
from scheduler.duties.paused import pause_problems
from scheduler.duties.staleness import calendar_problems, is_late, last_read
from scheduler.errors import DatabaseBusy, DatabaseError
from scheduler.ledger.alerts import select_alerts
from scheduler.ledger.collections import select_collections, title_of
from scheduler.ledger.lock import held_lock
from scheduler.ledger.pauses import select_pauses
from scheduler.ledger.provenance import select_provenance
from scheduler.ledger.tombstones import key_problem
from scheduler.parts import provenance

_MOST_ALERTS = 20
_ALERTS_LAST = timedelta(days=7)
_TRIES_AGAIN = "it tries again after a pause, or at once with `sync`"


def look_at_ledger(config: Config) -> Iterator[Finding]:
    subject = f"ledger {config.ledger}"
    runs = daemon_runs(config)
    now = datetime.now(UTC)
    try:
        with ledger_to_read(config) as ledger:
            yield Finding(subject=subject, fine=True, text="readable") if ledger else _look_for_room(config.ledger)
            if ledger is not None:
                yield from _look_into(config, ledger, runs, now)
    except DatabaseError as error:
        yield Finding(subject=subject, fine=False, text=str(error))


def _look_for_room(ledger: Path) -> Finding:
    """Whether the daemon can make it."""
    folder = next(folder for folder in ledger.parents if folder.exists())
    fine = folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
    text = "not there yet: the daemon makes it at its first start"
    if not fine:
        text = f"not there yet, and {folder} isn't a folder that this user can write in (see ledger.path)"
    return Finding(subject=f"ledger {ledger}", fine=fine, text=text)


def _look_into(config: Config, ledger: Database, runs: bool, now: datetime) -> Iterator[Finding]:
    if lost := key_problem(ledger):
        yield Finding(subject="erased numbers", fine=False, text=lost)
    changed = provenance(config).changed_since(ledger.read(select_provenance))
    if changed:
        text = f"is derived anew when the daemon starts or reloads: {changed}"
        yield Finding(subject="plan", fine=True, text=text)
    for problem in ledger.read(calendar_problems, now):
        found = finding_of(problem, in_the_daemon=True)
        yield Finding(subject=found.subject, fine=False, text=f"{found.text}; {_TRIES_AGAIN}")
    yield from _ages(config, ledger, runs, now)
    yield from _alerts(config, ledger, now)
    problems = (*ledger.read(hold_problems, now), *pause_problems(ledger.read(select_pauses, now)))
    yield from (finding_of(problem) for problem in problems)
    yield from (finding_of(problem) for problem in ledger.read(delivery_problems, now))
    yield from look_at_outcomes(config, ledger)
    yield Finding(subject="daemon", fine=True, text="running" if runs else "not running")
    if runs:
        yield from (finding_of(problem, in_the_daemon=True) for problem in ledger.read(clock_problems))


def _ages(config: Config, ledger: Database, runs: bool, now: datetime) -> Iterator[Finding]:
    """How old what the daemon knows of each calendar is; what it failed to read is told as a problem."""
    every = {calendar.name: calendar.every for calendar in config.calendars}
    for row in ledger.read(select_collections):
        if row.problem or row.name not in every:
            continue
        late = runs and is_late(row, every[row.name], now)
        remedy = "; it should have been read since: see the log of the daemon" if late else ""
        yield Finding(
            subject=f"{title_of(row.name)}, in the daemon",
            fine=not late,
            text=last_read(row.good_at, now) + remedy,
        )


def _alerts(config: Config, ledger: Database, now: datetime) -> Iterator[Finding]:
    alerts = ledger.read(select_alerts, now - _ALERTS_LAST)
    for alert in alerts[:_MOST_ALERTS]:
        yield Finding(subject=f"alert, {local(alert.at, config.company_zone)}", fine=False, text=alert.text)
    if alerts:
        more = f"{len(alerts) - _MOST_ALERTS} older ones; " if len(alerts) > _MOST_ALERTS else ""
        yield Finding(subject="alerts", fine=False, text=f"{more}once you have seen them: check --acknowledge")


def daemon_runs(config: Config) -> bool:
    """Whether somebody holds the ledger."""
    if not config.ledger.exists():
        return False
    drop_to_owner(config.ledger)
    try:
        with held_lock(config.ledger):
            return False
    except DatabaseBusy:
        return True
