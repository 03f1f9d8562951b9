"""From a call's instant to just before its request leaves: ``python -m benchmarks.placing``.

Ours goes through everything but the network: the timetable, the claim, the intention on the disk. The peer does
the same work: its function runs, and has recorded an intention. Where it records nothing the row says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import click

from benchmarks import peers
from benchmarks.bursts import Bursts, burst_figures
from benchmarks.cases import CASES, QUICK_CASES, print_cases
from benchmarks.stored import BARRING, NUMBERS, end_round, limited, store_future_calls, store_round
from benchmarks.table import Figure, Measured, percentile, report
from scheduler.callout.answer import Accepted
from scheduler.clock import SystemClock
from scheduler.database import Database
from scheduler.duties.place import PlaceDuty, Prepared
from scheduler.ledger import open_ledger
from scheduler.ledger.calls import Claim
from scheduler.ledger.departures import begin_run
from scheduler.ledger.store import LedgerCallStore
from scheduler.timetable import Timetable
from scheduler.vca import CallRequest

WORKERS = 32
_APART = timedelta(milliseconds=10)
_LEAD = timedelta(milliseconds=500)  # from storing a round to its first instant
_PATIENCE = 120.0
_PROVIDER_TAKES = 0.05

Round = Callable[[Sequence[datetime], float], list[timedelta]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured."""

    stored: tuple[int, ...]
    stored_at_peer: tuple[int, ...]
    stored_slow: int  # where the slow provider is tried as well
    single: int
    burst: int
    runs: int
    bursts: Bursts


FULL = Scale(
    stored=(0, 100_000, 1_000_000),
    stored_at_peer=(0, 100_000, 1_000_000),
    stored_slow=100_000,
    single=200,
    burst=1000,
    runs=3,
    bursts=Bursts(calls=1000, paced=1000, a_second=50, many=10_000, runs=3),
)
QUICK = Scale(
    stored=(0, 1000),
    stored_at_peer=(0,),
    stored_slow=1000,
    single=5,
    burst=20,
    runs=1,
    bursts=Bursts(calls=50, paced=20, a_second=50, many=100, runs=1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A round of calls, and what it is promised."""

    name: str
    count: int
    apart: timedelta
    takes: float = 0.0  # seconds until the provider answers
    p99_below: float | None = None  # milliseconds
    p99_times_better: float | None = None

    def due(self, start: datetime) -> list[datetime]:
        return [start + number * self.apart for number in range(self.count)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeersWay:
    """How the peer's store is used."""

    name: str
    wal: bool = False
    recording: bool = True


# The first is judged against: SQLite as the store opens it, doing the same work.
PEERS_WAYS = (
    PeersWay(name="as it comes"),
    PeersWay(name="in WAL", wal=True),
    PeersWay(name="recording nothing", recording=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """How late calls were, in milliseconds."""

    p50: Measured
    p99: Measured


def works(scale: Scale) -> tuple[Work, ...]:
    single, burst = f"{scale.single} single calls", f"{scale.burst} at once"
    return (
        Work(name=single, count=scale.single, apart=_APART, p99_below=10),
        Work(name=burst, count=scale.burst, apart=timedelta(), p99_times_better=10),
    )


def slow_works(scale: Scale) -> tuple[Work, ...]:
    """The same with a provider that takes its time: the workers are busy then."""
    return tuple(
        replace(work, name=f"{work.name}, provider takes 50 ms", takes=_PROVIDER_TAKES, p99_times_better=None)
        for work in works(scale)
    )


class MemoryProvider:
    """Accepts every call, and keeps when its request would have left."""

    def __init__(self) -> None:
        self._entered: dict[str, datetime] = {}
        self._expected = 0
        self._all_entered = Event()
        self._takes = 0.0

    def expect(self, count: int, takes: float) -> None:
        self._entered.clear()
        self._all_entered.clear()
        self._expected, self._takes = count, takes

    def token(self) -> str:
        return "token"

    def token_at_hand(self) -> str:
        return "token"

    def place(self, request: CallRequest, _token: str, withhold: Callable[[], str]) -> Accepted:
        withhold()
        self._entered[request.origin] = datetime.now(UTC)
        if len(self._entered) == self._expected:
            self._all_entered.set()
        time.sleep(self._takes)
        return Accepted(session_id=request.origin)

    def entered(self) -> dict[str, datetime]:
        """When each origin's request came, once all have come."""
        if not self._all_entered.wait(_PATIENCE):
            raise TimeoutError(f"{len(self._entered)} of {self._expected} calls were placed")
        return self._entered


def _ledger(folder: Path, stored: int) -> Path:
    return folder / f"ledger-{stored}.db"


@contextmanager
def ours(folder: Path, stored: int) -> Iterator[Round]:
    """Our own way, with ``stored`` other calls in the ledger."""
    path = _ledger(folder, stored)
    store_future_calls(path, stored, datetime.now(UTC))
    with closing(open_ledger(path)) as ledger, placing_in(ledger) as place_round:
        yield place_round


@contextmanager
def placing_in(ledger: Database) -> Iterator[Round]:
    """A timetable over the ledger, and everything behind it but the network."""
    provider, clock = MemoryProvider(), SystemClock()
    with closing(begin_run(ledger, clock.boot_id())) as departures:
        duty = PlaceDuty(
            ledger, provider, clock, limited(), BARRING, callback_url="", note_departure=departures.note
        )
        store = LedgerCallStore(ledger, duty.prepare, duty.limiter)
        timetable = Timetable(store, duty.place, clock, workers=WORKERS)
        timetable.start()
        try:
            yield lambda due, takes: _place_round(ledger, timetable, provider, due, takes)
        finally:
            timetable.stop()


def _place_round(
    ledger: Database,
    timetable: Timetable[Prepared | Claim],
    provider: MemoryProvider,
    due: Sequence[datetime],
    takes: float,
) -> list[timedelta]:
    provider.expect(len(due), takes)
    store_round(ledger, due, datetime.now(UTC))
    timetable.wake()
    entered = provider.entered()
    late = [entered[origin.e164] - at for origin, at in zip(NUMBERS, due, strict=False)]
    end_round(ledger)
    return late


@contextmanager
def peers_way(folder: Path, stored: int, way: PeersWay) -> Iterator[Round]:
    path = folder / f"jobs-{stored}-{way.name}.db"
    peers.store_future_jobs(path, stored, datetime.now(UTC), wal=way.wal)
    with peers.running_peer(path, workers=WORKERS) as scheduler:
        yield lambda due, takes: peers.place_round(scheduler, due, takes, recording=way.recording)


def measure(place_round: Round, work: Work, runs: int) -> Late:
    p50, p99 = [], []
    for _ in range(runs):
        late = place_round(work.due(datetime.now(UTC) + _LEAD), work.takes)
        milliseconds = [one / timedelta(milliseconds=1) for one in late]
        p50.append(percentile(milliseconds, 50))
        p99.append(percentile(milliseconds, 99))
    return Late(p50=Measured.of(p50), p99=Measured.of(p99))


def figures(scale: Scale, folder: Path) -> Iterator[Figure]:
    """Our rows for every size, each beside the peer where it was measured with as many stored."""
    for stored in scale.stored:
        work_list = works(scale) + (slow_works(scale) if stored == scale.stored_slow else ())
        with ours(folder, stored) as place_round:
            own = [measure(place_round, work, scale.runs) for work in work_list]
        same, *others = [(way, _at_peer(scale, folder, stored, work_list, way)) for way in PEERS_WAYS]
        for number, work in enumerate(work_list):
            yield from _rows(work, stored, own[number], same[1][number])
            for way, late in others:
                if (peer := late[number]) is not None:
                    yield _other_row(work, stored, own[number], way, peer)
    most = max(scale.stored)
    yield from burst_figures(_ledger(folder, most), most, scale.bursts, WORKERS)


def _at_peer(
    scale: Scale, folder: Path, stored: int, work_list: Sequence[Work], way: PeersWay
) -> list[Late | None]:
    if stored not in scale.stored_at_peer:
        return [None for _ in work_list]
    with peers_way(folder, stored, way) as place_round:
        return [measure(place_round, work, scale.runs) for work in work_list]


def _rows(work: Work, stored: int, late: Late, peer: Late | None) -> Iterator[Figure]:
    what = f"{work.name}, {stored} stored"
    missing = "" if peer else "not measured"
    yield Figure(
        name=f"{what}: p50", unit="ms", ours=late.p50, peer=peer.p50 if peer else None, peer_missing=missing
    )
    yield Figure(
        name=f"{what}: p99",
        unit="ms",
        ours=late.p99,
        peer=peer.p99 if peer else None,
        peer_missing=missing,
        below=work.p99_below,
        times_better=work.p99_times_better if peer else None,
    )


def _other_row(work: Work, stored: int, late: Late, way: PeersWay, peer: Late) -> Figure:
    return Figure(
        name=f"{work.name}, {stored} stored: p99, peer {way.name}", unit="ms", ours=late.p99, peer=peer.p99
    )


@click.command()
@click.option("--quick", is_flag=True, help="Small sizes, to see that it runs; the figures mean little.")
def main(quick: bool) -> None:
    """Due → just before the POST, beside APScheduler's SQLAlchemyJobStore; and which phones ring wrongly."""
    title = f"due → intention on disk, just before the POST; peer: the same with {peers.NAME} (median of the runs)"
    with TemporaryDirectory() as folder:
        missed = report(title, list(figures(QUICK if quick else FULL, Path(folder))))
        wrong = print_cases(Path(folder), QUICK_CASES if quick else CASES)
    raise SystemExit(missed | wrong)


if __name__ == "__main__":
    main()
