"""The peer: APScheduler with its own SQLAlchemyJobStore over SQLite, doing the same work.

Before its function counts as running it records an intention, as ours does, in the same file: plainly, with a
transaction of its own in the worker's thread.
"""

from __future__ import annotations

import pickle
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger
from sqlalchemy import Engine, text

NAME = "SQLAlchemyJobStore"
_PATIENCE = 120.0
_CHUNK = 10_000  # rows in one transaction: a million at once take 1.5 GB
# One process waits for another's lock as long as a round may take; with the default of 5 s jobs fail.
_ENGINE = {"connect_args": {"timeout": _PATIENCE}}
Jobs = Sequence[tuple[datetime, tuple[object, ...]]]  # when, and what the function is given
_entered: dict[int, datetime] = {}
_all_entered = threading.Event()
_running: list[BackgroundScheduler] = []  # whose store the functions record in; a job can't be given one


def enter(number: int, expected: int, takes: float, recording: bool) -> None:
    """What each job runs: a job store needs a function that it can import by its name."""
    if recording:
        with _engine().begin() as connection:
            connection.execute(
                text("INSERT INTO intention (number, at) VALUES (:number, :at)"), _intention(number)
            )
    _entered[number] = datetime.now(UTC)
    if len(_entered) == expected:
        _all_entered.set()
    time.sleep(takes)


def _intention(number: int) -> dict[str, object]:
    return {"number": number, "at": datetime.now(UTC).isoformat()}


def _engine() -> Engine:
    (scheduler,) = _running
    return scheduler._lookup_jobstore("default").engine


def say_ready() -> None:
    """What the one due job of a start runs."""
    print("ready", flush=True)


@contextmanager
def running_peer(path: Path, *, workers: int) -> Iterator[BackgroundScheduler]:
    scheduler = BackgroundScheduler(
        jobstores={"default": SQLAlchemyJobStore(url=f"sqlite:///{path}", engine_options=_ENGINE)},
        executors={"default": ThreadPoolExecutor(workers)},
        # With the default of 1 s, jobs that wait longer for a worker are dropped.
        job_defaults={"misfire_grace_time": None},
        timezone=UTC,
    )
    scheduler.start()
    _running.append(scheduler)
    try:
        yield scheduler
    finally:
        scheduler.shutdown()
        _running.clear()


def store_future_jobs(path: Path, count: int, now: datetime, *, wal: bool = False) -> None:
    """Fill a new store with ``count`` jobs, one every 10 s from a day ahead on."""
    start = now + timedelta(days=1)
    with running_peer(path, workers=1) as scheduler:
        store = scheduler._lookup_jobstore("default")
        with store.engine.connect() as connection:
            connection.execute(text(f"PRAGMA journal_mode = {'WAL' if wal else 'DELETE'}"))
            connection.execute(text("CREATE TABLE intention (number INTEGER, at TEXT)"))
        for first in range(0, count, _CHUNK):
            numbers = range(first, min(first + _CHUNK, count))
            jobs = [(start + timedelta(seconds=10 * number), (0, 0, 0.0, False)) for number in numbers]
            _insert(scheduler, enter, jobs)


def store_due_job(path: Path, now: datetime) -> None:
    """One job more, which runs as soon as the store is opened."""
    with running_peer(path, workers=1) as scheduler:
        rows = _rows(scheduler, say_ready, [(now, ())])
        store = scheduler._lookup_jobstore("default")
    # Only now: a scheduler that is being shut down would try to run it.
    with store.engine.begin() as connection:
        connection.execute(store.jobs_t.insert(), rows)
    store.engine.dispose()


def place_round(
    scheduler: BackgroundScheduler, due: Sequence[datetime], takes: float, *, recording: bool
) -> list[timedelta]:
    """Add a job for each instant of ``due`` and wait for all; how long after it each one's function ran."""
    _entered.clear()
    _all_entered.clear()
    _insert(scheduler, enter, [(at, (number, len(due), takes, recording)) for number, at in enumerate(due)])
    scheduler.wakeup()
    if not _all_entered.wait(_PATIENCE):
        raise TimeoutError(f"{NAME} ran {len(_entered)} of {len(due)} jobs")
    return [_entered[number] - at for number, at in enumerate(due)]


def _insert(scheduler: BackgroundScheduler, function: Callable[..., None], jobs: Jobs) -> None:
    """Add jobs past ``add_job``, which commits each by itself: 100 000 would take minutes."""
    if jobs:
        store = scheduler._lookup_jobstore("default")
        rows = _rows(scheduler, function, jobs)
        with store.engine.begin() as connection:
            connection.execute(store.jobs_t.insert(), rows)


def _rows(scheduler: BackgroundScheduler, function: Callable[..., None], jobs: Jobs) -> list[dict[str, object]]:
    far = datetime.now(UTC) + timedelta(days=1000)
    sample = scheduler.add_job(function, DateTrigger(far), args=jobs[0][1])
    state = sample.__getstate__()
    sample.remove()
    return [_row(state, at, args) for at, args in jobs]


def _row(state: Mapping[str, object], at: datetime, args: tuple[object, ...]) -> dict[str, object]:
    """As ``SQLAlchemyJobStore.add_job`` writes it."""
    own = {**state, "id": uuid4().hex, "next_run_time": at, "trigger": DateTrigger(at), "args": args}
    return {
        "id": own["id"],
        "next_run_time": at.timestamp(),
        "job_state": pickle.dumps(own, pickle.HIGHEST_PROTOCOL),
    }


def main(path: Path) -> None:
    """Open the store at ``path`` and run its due job."""
    with running_peer(path, workers=1):
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
