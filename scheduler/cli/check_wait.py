"""``check --wait``: until a daemon runs and has read every calendar and address book, for scripts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

from scheduler.cli.check_ledger import daemon_runs
from scheduler.cli.context import ledger_to_read
from scheduler.clock import SystemClock
from scheduler.config import BookConfig, CalendarConfig, Config
from scheduler.duties.staleness import is_late, last_read
from scheduler.errors import DatabaseError
from scheduler.ledger.collections import Collection, select_collections, title_of

_LOOK_EVERY_SECONDS = 0.5


def wait_for_daemon(config: Config, longest: timedelta) -> tuple[str, ...]:
    """Wait until nothing is missing, or for ``longest``; returns what is missing still."""
    clock, pause = SystemClock(), threading.Event()
    give_up_at = clock.boot_seconds() + longest.total_seconds()
    while missing := tuple(_missing(config, clock.now())):
        left = give_up_at - clock.boot_seconds()
        if left <= 0:
            break
        pause.wait(min(left, _LOOK_EVERY_SECONDS))
    return missing


def _missing(config: Config, now: datetime) -> Iterator[str]:
    try:
        yield from _unread(config, now)
        if not daemon_runs(config):
            yield "no daemon runs: start it, and see its log if it ends"
    except DatabaseError as error:  # one that starts may be migrating it just now
        yield str(error)


def _unread(config: Config, now: datetime) -> Iterator[str]:
    with ledger_to_read(config) as ledger:
        rows = {row.name: row for row in ledger.read(select_collections)} if ledger else {}
    sources: tuple[CalendarConfig | BookConfig, ...] = (*config.calendars, *config.books)
    for one in sources:
        if said := _not_read(one, rows.get(one.source.name), now):
            yield f"{title_of(one.source.name)}: {said}"


def _not_read(one: CalendarConfig | BookConfig, row: Collection | None, now: datetime) -> str:
    """Why what the daemon knows of it isn't what the configuration asks for; "" where it is."""
    if row is not None and row.problem:
        return row.problem
    if row is None or row.settings != one.digest:
        return "not read yet, as it stands in the configuration now"
    return last_read(row.good_at, now) if is_late(row, one.every, now) else ""
