"""Bursts through the whole way to the wire: how many calls leave a second, and how evenly where a pace is set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Condition

from benchmarks.provider import running_provider
from benchmarks.stored import BARRING, end_round, limited, store_round
from benchmarks.table import Figure, Measured
from scheduler.callout.answer import PlaceAnswer
from scheduler.callout.client import CalloutClient
from scheduler.calls.policy import Policy
from scheduler.clock import SystemClock
from scheduler.duties.place import PlaceDuty, Prepared
from scheduler.ledger import open_ledger
from scheduler.ledger.departures import begin_run
from scheduler.ledger.store import LedgerCallStore
from scheduler.timetable import Timetable
from scheduler.vca import CallRequest

_PROVIDER_TAKES = 0.05
_LEAD = timedelta(seconds=1)  # from storing a round to its instant
_PATIENCE = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bursts:
    """How much is measured."""

    calls: int
    paced: int  # through `a_second`
    a_second: int
    many: int
    runs: int


class _TimedProvider:
    """A provider's client that notes when each request was about to leave, and when it was answered."""

    def __init__(self, client: CalloutClient) -> None:
        self._client = client
        self._changed = Condition()
        self.left: list[datetime] = []
        self.answered: list[datetime] = []

    def token(self) -> str:
        return self._client.token()

    def token_at_hand(self) -> str:
        return self._client.token_at_hand()

    def place(self, request: CallRequest, token: str, withhold: Callable[[], str]) -> PlaceAnswer:
        left = datetime.now(UTC)
        answer = self._client.place(request, token, withhold)
        with self._changed:
            self.left.append(left)
            self.answered.append(datetime.now(UTC))
            self._changed.notify()
        return answer

    def await_all(self, count: int) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.answered) >= count, _PATIENCE):
                raise TimeoutError(f"{len(self.answered)} of {count} calls were placed")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """Seconds after the one instant at which all were due."""

    last_left: float
    last_answered: float


def burst_figures(path: Path, stored: int, scale: Bursts, workers: int) -> Iterator[Figure]:
    """:param path: a ledger that holds ``stored`` other calls."""
    unlimited, paced = limited(), limited(a_second=scale.a_second)
    calls = [_place(path, scale.calls, unlimited, workers) for _ in range(scale.runs)]
    yield Figure(
        name=f"{scale.calls} at once over HTTP, provider takes 50 ms, {stored} stored: all answered (500/s)",
        unit="s",
        ours=Measured.of([one.last_answered for one in calls]),
        below=scale.calls / 500,
    )
    one = _place(path, scale.many, unlimited, workers)
    yield Figure(
        name=f"{scale.many} at once over HTTP, provider takes 50 ms, {stored} stored: all sent",
        unit="s",
        ours=Measured.of([one.last_left]),
        below=25.0,
    )
    one, ideal = _place(path, scale.paced, paced, workers), (scale.paced - 1) / scale.a_second
    yield Figure(
        name=f"{scale.paced} at once through {scale.a_second}/s, {stored} stored: the last, beside {ideal:.2f} s",
        unit="ms",
        ours=Measured.of([abs(one.last_left - ideal) * 1000]),
        below=100,
    )


def _place(path: Path, count: int, policy: Policy, workers: int) -> _Round:
    """Store so many calls for one instant, and wait until all are answered."""
    clock = SystemClock()
    with (
        running_provider(_PROVIDER_TAKES, workers) as client,
        closing(open_ledger(path)) as ledger,
        closing(begin_run(ledger, clock.boot_id())) as departures,
    ):
        provider = _TimedProvider(client)
        duty = PlaceDuty(ledger, provider, clock, policy, BARRING, callback_url="", note_departure=departures.note)
        due_at = datetime.now(UTC) + _LEAD + timedelta(milliseconds=count / 5)
        store_round(ledger, [due_at] * count, datetime.now(UTC))
        with _running(LedgerCallStore(ledger, duty.prepare, duty.limiter), duty, workers):
            provider.await_all(count)
        end_round(ledger)
    return _Round(
        last_left=(max(provider.left) - due_at).total_seconds(),
        last_answered=(max(provider.answered) - due_at).total_seconds(),
    )


@contextmanager
def _running(store: LedgerCallStore[Prepared], duty: PlaceDuty, workers: int) -> Iterator[None]:
    timetable = Timetable(store, duty.place, SystemClock(), workers=workers)
    timetable.start()
    try:
        yield
    finally:
        timetable.stop()
