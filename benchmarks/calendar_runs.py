"""What one process of ours does with a feed, as the daemon would: ``python -m benchmarks.calendar_runs``.

A process of its own for each figure, since a peak of memory can't be taken back. Prints one line of JSON.
"""

from __future__ import annotations

import hashlib
import json
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from scheduler.calendars.agenda import Zones
from scheduler.calendars.contact import Contacts
from scheduler.calendars.settings import CalendarRules, Company
from scheduler.calls.policy import Policy
from scheduler.database import Connection, Database
from scheduler.duties.replan import PlanRules, ReplanDuty
from scheduler.duties.sync import SyncDuty
from scheduler.duties.synced import Synced, SyncedCalendar
from scheduler.ledger import open_ledger
from scheduler.loop import let_calls_pass
from scheduler.parts import calendars_http
from scheduler.phone import PhoneNumber
from scheduler.sources.ics import IcsSettings, IcsSource

_NAME = "feed"
_PIECE = 524_288


@dataclass(frozen=True, slots=True, kw_only=True)
class Synchronised:
    """Seconds of each fetch and replanning, and what else the process showed."""

    first: float
    peak: float  # MB, at the first
    calls: int
    unchanged: list[float]
    hashing: list[float]  # the same file, read in pieces and hashed
    changed: list[float]


@dataclass(slots=True)
class MadeUpClock:
    """The feed's own time: its calls are planned, and never due while they are measured."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def boot_seconds(self) -> float:
        return 0.0


class Planner:
    """A ledger, one calendar in a file, and the two duties between them."""

    def __init__(self, ledger: Database, path: Path, days: int, now: datetime) -> None:
        self.ledger = ledger
        self.clock = MadeUpClock(now)
        rules = PlanRules(
            calendars=(CalendarRules(collection=_NAME, origin=PhoneNumber("+3228160257")),),
            company=Company(region="GB"),
            zones={_NAME: Zones(floating=ZoneInfo("Europe/Brussels"))},
            policy=Policy(horizon=timedelta(days=days)),
        )
        self.replan = ReplanDuty(ledger, rules)
        self.replan.use_contacts(Contacts(), whole=True)
        self._http = calendars_http()
        source = IcsSource(IcsSettings(name=_NAME, path=path, limit=1_000_000_000), self._http)
        calendar = SyncedCalendar(source=source, every=timedelta(minutes=1), settings="a", is_feed=True)
        self._sync = SyncDuty(ledger, [calendar], self.clock, self._take_over)

    def close(self) -> None:
        self._sync.close()
        self._http.close()

    def sync(self) -> Synced:
        [synced] = self._sync.sync_all()
        if synced.problem:
            raise RuntimeError(synced.problem)
        return synced

    def _take_over(self, fetched: Sequence[Synced]) -> None:
        news = {one.name: one.hrefs for one in fetched if one.news}
        if news:
            self.replan.run_once(self.clock.now(), touched=news)


@contextmanager
def planner(path: Path, folder: Path, days: int, now: datetime) -> Iterator[Planner]:
    with closing(open_ledger(folder / "ledger.db")) as ledger, closing(Planner(ledger, path, days, now)) as made:
        yield made


def synchronise(feeds: Sequence[Path], folder: Path, days: int, now: datetime) -> Synchronised:
    """Import the first feed, look again while nothing changes, and then at each of the others in its place."""
    let_calls_pass()
    path = folder / "feed.ics"
    path.symlink_to(feeds[0])
    with planner(path, folder, days, now) as made:
        first = seconds(made.sync)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
        calls = made.ledger.read(count_calls)
        hashing = [seconds(lambda: _hash(path)) for _ in feeds]
        unchanged = [seconds(made.sync) for _ in feeds]
        changed = []
        for feed in feeds[1:]:
            path.unlink()
            path.symlink_to(feed)
            changed.append(seconds(made.sync))
    return Synchronised(first=first, peak=peak, calls=calls, unchanged=unchanged, hashing=hashing, changed=changed)


def count_calls(connection: Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM appointment WHERE gone_at IS NULL").fetchone()[0])


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("feeds", type=click.Path(path_type=Path), nargs=-1)
@click.option("--days", type=int, required=True)
@click.option("--now", type=datetime.fromisoformat, required=True)
def main(folder: Path, feeds: tuple[Path, ...], days: int, now: datetime) -> None:
    """Import the first of FEEDS, and then each of the others as what became of it."""
    print(json.dumps(asdict(synchronise(feeds, folder, days, now))))


if __name__ == "__main__":
    main()
