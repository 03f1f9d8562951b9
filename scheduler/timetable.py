"""Waking calls at their time: APScheduler over the call table itself, which is its job store.

Only here: apscheduler. What was measured of it, and which of its behaviours made us do what, stands in the
comments; the ledger fulfils :class:`CallStore`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from apscheduler.executors.base import BaseExecutor
from apscheduler.job import Job
from apscheduler.jobstores.base import BaseJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger

from scheduler.clock import Clock
from scheduler.loop import let_calls_pass

_HEARTBEAT = timedelta(seconds=1)
_ALIAS = "calls"
C = TypeVar("C")
C_co = TypeVar("C_co", covariant=True)


class CallStore(Protocol[C_co]):
    """Where the due calls come from."""

    def next_wake_at(self) -> datetime | None:
        """When the soonest call wants to be woken."""

    def claim_due(self, now: datetime, limit: int) -> Sequence[C_co]:
        """Claim at most ``limit`` calls that are due: nobody else gets them."""


class Timetable(Generic[C]):
    """Hands each due call to ``place`` in one of ``workers`` threads.

    No more are claimed than workers are free: what is claimed may have its intention recorded, and then leaves at
    once or not at all.
    """

    def __init__(
        self,
        store: CallStore[C],
        place: Callable[[C], None],
        clock: Clock,
        *,
        workers: int,
    ) -> None:
        self._jobs = _CallJobs(store, place, clock, capacity=workers)
        self._scheduler = BackgroundScheduler(
            jobstores={_ALIAS: self._jobs},
            executors={"default": _Workers(workers)},
            timezone=UTC,
            # An error of the store is looked at again after this; the default is 10 s.
            jobstore_retry_interval=1,
        )

    def start(self) -> None:
        let_calls_pass()
        self._scheduler.start()

    def wake(self) -> None:
        """Look at once: a call was added, moved or has become free."""
        if self._scheduler.running:  # else it looks when it starts
            self._scheduler.wakeup()

    def stop(self) -> None:
        """Claim nothing more, let the workers finish what they hold, and end."""
        self._jobs.closed = True
        # shutdown() alone sets a flag under a loop that may just be handing over what it has claimed, and
        # would lose it. Looking for a job waits until that round is over; the next one claims nothing.
        self._scheduler.get_job("any")
        self._scheduler.shutdown(wait=True)

    def beat_at(self) -> datetime | None:
        """When the loop last came by: the watchdog asks."""
        return self._jobs.beat_at


class _Workers(BaseExecutor):  # type: ignore[misc]
    """APScheduler's extension point for those who run its jobs: here each argument of a job has its own thread."""

    def __init__(self, workers: int) -> None:
        super().__init__()
        self._pool = ThreadPoolExecutor(workers)

    def submit_job(self, job: Job, run_times: list[datetime]) -> None:
        # Overridden, since it counts how often a job runs at once: every batch is a job of its own.
        self._do_submit_job(job, run_times)

    def _do_submit_job(self, job: Job, run_times: list[datetime]) -> None:  # noqa: ARG002
        for claim in job.args:
            self._pool.submit(job.func, claim)

    def shutdown(self, wait: bool = True) -> None:
        self._pool.shutdown(wait)


class _CallJobs(BaseJobStore, Generic[C]):  # type: ignore[misc]
    """APScheduler's documented extension point; rows are calls, and no pickles are kept."""

    def __init__(self, store: CallStore[C], place: Callable[[C], None], clock: Clock, *, capacity: int) -> None:
        super().__init__()
        self._store = store
        self._place = place
        self._clock = clock
        self._capacity = capacity
        self._in_hand = 0
        self._lock = threading.Lock()
        self.closed = False
        self.beat_at: datetime | None = None

    @property
    def free(self) -> int:
        with self._lock:
            return self._capacity - self._in_hand

    def get_due_jobs(self, now: datetime) -> list[Job]:
        # `now` was read before the loop took its lock: a call that fell due since would wait a turn.
        self.beat_at = self._clock.now()
        free = self.free
        if self.closed or free <= 0:
            return []
        claims = self._store.claim_due(self.beat_at, free)
        with self._lock:
            self._in_hand += len(claims)
        return [self._job(claims, now)] if claims else []

    def get_next_run_time(self) -> datetime:
        """The soonest wake-up, but never more than a heartbeat ahead.

        The loop waits on the monotonic clock, so that a step of the wall clock or a suspend would oversleep.
        APScheduler guards get_due_jobs alone: an error here would end its thread while it says it's running.
        """
        ahead = self._clock.now() + _HEARTBEAT
        if self.closed or self.free <= 0:
            return ahead
        try:
            soonest = self._store.next_wake_at()
        except Exception:
            self._logger.exception("the ledger could not be read; looking again in a second")
            return ahead
        return ahead if soonest is None else min(soonest, ahead)

    def _job(self, claims: Sequence[C], now: datetime) -> Job:
        """One for the whole batch: APScheduler does a good deal for each job, which a thousand calls wait for."""
        # Without Job.__init__, which looks for a textual reference to the function in order to pickle it.
        job = Job.__new__(Job)
        job.id = job.name = "place"
        job.func, job.func_ref, job.args, job.kwargs = self._run, None, tuple(claims), {}
        job.trigger, job.next_run_time = DateTrigger(now, UTC), now
        job.executor = "default"
        # Lateness is ours to judge: with a grace time APScheduler drops what waited too long for a worker.
        job.misfire_grace_time, job.coalesce, job.max_instances = None, True, 1
        job._scheduler, job._jobstore_alias = self._scheduler, self._alias
        return job

    def _run(self, claim: C) -> None:
        try:
            self._place(claim)
        except Exception:
            self._logger.exception("what was claimed could not be placed")
        finally:
            with self._lock:
                self._in_hand -= 1
                was_full = self._in_hand + 1 >= self._capacity
            if was_full:
                self._scheduler.wakeup()

    def remove_job(self, job_id: str) -> None:
        """Called right after each submit; the claims have already taken the rows out of what is due."""

    def lookup_job(self, job_id: str) -> None:
        """Calls are added, moved and cancelled in the ledger, never through APScheduler."""

    def get_all_jobs(self) -> list[Any]:
        return []

    def add_job(self, job: Job) -> None:  # noqa: ARG002
        raise TypeError("calls are added in the ledger")

    def update_job(self, job: Job) -> None:  # noqa: ARG002
        raise TypeError("calls are moved in the ledger")

    def remove_all_jobs(self) -> None:
        raise TypeError("calls are cancelled in the ledger")
