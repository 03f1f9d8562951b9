"""What a big calendar costs, from its file to the calls in the ledger: ``python -m benchmarks.calendars``.

Ours is the daemon's way: fetched, compared, stored, planned. The peers only parse the file and expand it within
the window. The slow ones are given a tenth of the events, and their seconds taken ten times.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from benchmarks.calendar_peers import Expanded, PeerMissing, libical, python_peer
from benchmarks.feeds import SERIES_ALONE, write_feed
from benchmarks.table import Figure, Measured, report

_DAYS = 30
_TIMES_LIBICAL = 3
_MEMORY_BELOW = 250.0  # MB
_CHANGED_BELOW = 500.0  # ms
_TIMES_HASHING = 2
_LATER_BELOW = 10.0  # ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured."""

    small: int
    large: int
    part: int  # the slow peers get one event of so many
    runs: int
    series: int
    calls: int


FULL = Scale(small=10_000, large=100_000, part=10, runs=3, series=24_000, calls=200)
QUICK = Scale(small=100, large=400, part=2, runs=1, series=100, calls=5)


def figures(scale: Scale, folder: Path, now: datetime) -> Iterator[Figure]:
    for count in (scale.small, scale.large):
        goals = count == scale.large
        feeds = _feeds(folder, count, now, scale.runs)
        peer = _tried(lambda feed=feeds[0]: libical(feed, now, _DAYS, folder))
        own = [_ours("calendar_runs", folder / f"{count}-{run}", *feeds, now=now) for run in range(scale.runs)]
        yield from _imports(count, own, peer, goals=goals)
        if goals:
            yield from _slow_peers(scale, folder, now, own)
        yield from _later_fetches(count, own, goals=goals)
        for feed in feeds:
            feed.unlink()
    yield from _rolling(scale, folder, now)


def _feeds(folder: Path, count: int, now: datetime, changes: int) -> list[Path]:
    """A feed, and what becomes of it: each time every event is stamped anew, and one has changed."""
    feeds = []
    for number in range(changes + 1):
        path = folder / f"{count}-{number}.ics"
        changed = number * count // (changes + 1) if number else -1
        write_feed(path, count, now, stamp=now + timedelta(minutes=number), changed=changed)
        feeds.append(path)
    return feeds


def _imports(count: int, own: list[dict[str, Any]], peer: Expanded | str, *, goals: bool) -> Iterator[Figure]:
    goal = _TIMES_LIBICAL * peer.seconds if isinstance(peer, Expanded) and goals else None
    name = f"first import of {count} events, {own[0]['calls']} calls planned"
    yield _row(f"{name}; libical", "s", [run["first"] for run in own], peer, "seconds", below=goal)
    yield _row(
        f"{name}: memory at its peak; libical", "MB", [run["peak"] for run in own], peer, "peak",
        below=_MEMORY_BELOW if goals else None,
    )  # fmt: skip


def _slow_peers(scale: Scale, folder: Path, now: datetime, own: list[dict[str, Any]]) -> Iterator[Figure]:
    [part] = _feeds(folder, scale.large // scale.part, now, 0)
    for name, title in (("ical", "ical"), ("icalendar", "icalendar + recurring-ical-events")):
        peer = _tried(lambda name=name: python_peer(name, part, now, _DAYS))
        if isinstance(peer, Expanded):
            peer = Expanded(seconds=peer.seconds * scale.part, peak=peer.peak, occurrences=peer.occurrences)
        row = f"first import of {scale.large} events; {title}, of 1 in {scale.part}, × {scale.part}"
        yield _row(row, "s", [run["first"] for run in own], peer, "seconds")


def _later_fetches(count: int, own: list[dict[str, Any]], *, goals: bool) -> Iterator[Figure]:
    hashing = Measured.of([1000 * each for run in own for each in run["hashing"]])
    changed = [1000 * each for run in own for each in run["changed"]]
    yield Figure(
        name=f"nothing of {count} events changed; reading and hashing the file",
        unit="ms",
        ours=Measured.of([1000 * each for run in own for each in run["unchanged"]]),
        peer=hashing,
        below=_TIMES_HASHING * hashing.median if goals else None,
    )
    yield Figure(
        name=f"one of {count} events changed, all stamped anew",
        unit="ms",
        ours=Measured.of(changed),
        peer_missing="none does this",
        below=_CHANGED_BELOW if goals else None,
    )


def _rolling(scale: Scale, folder: Path, now: datetime) -> Iterator[Figure]:
    feed = folder / "series.ics"
    later = now + timedelta(days=365)  # so that none of its own calls rings while it is measured
    write_feed(feed, scale.series, later, SERIES_ALONE)
    own = [
        _ours("calendar_rolling", folder / f"rolling-{run}", feed, now=later, calls=scale.calls)
        for run in range(scale.runs)
    ]
    name = f"{scale.calls} single calls while {scale.series} series roll a day on"
    beside = Measured.of([run["beside"] for run in own])
    alone = Measured.of([run["alone"] for run in own])
    yield Figure(name=f"{name}: p99; without rolling", unit="ms", ours=beside, peer=alone)
    yield Figure(
        name=f"{name}: p99, how much later for it",
        unit="ms",
        ours=Measured.of([max(0.0, run["beside"] - run["alone"]) for run in own]),
        below=_LATER_BELOW,
    )
    yield Figure(
        name="that rolling, from its start to its end", unit="s", ours=Measured.of([r["seconds"] for r in own])
    )


def _ours(module: str, folder: Path, *feeds: Path, now: datetime, calls: int | None = None) -> dict[str, Any]:
    folder.mkdir()
    command = [sys.executable, "-m", f"benchmarks.{module}", str(folder), *map(str, feeds)]
    options = ["--days", str(_DAYS), "--now", now.isoformat(), *(["--calls", str(calls)] if calls else [])]
    run = subprocess.run([*command, *options], stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def _tried(measure: Callable[[], Expanded]) -> Expanded | str:
    """What a peer took, or why it wasn't measured."""
    try:
        return measure()
    except PeerMissing as error:
        return str(error)


def _row(
    name: str, unit: str, own: list[float], peer: Expanded | str, field: str, *, below: float | None = None
) -> Figure:
    measured = isinstance(peer, Expanded)
    return Figure(
        name=name,
        unit=unit,
        ours=Measured.of(own),
        peer=Measured.of([getattr(peer, field)]) if measured else None,
        peer_missing="" if measured else str(peer),
        below=below,
    )


@click.command()
@click.option("--quick", is_flag=True, help="Small sizes, to see that it runs; the figures mean little.")
def main(quick: bool) -> None:
    """A big ICS feed: its first import, one change, none, and its window rolling on beside due calls."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with TemporaryDirectory() as folder:
        rows = list(figures(QUICK if quick else FULL, Path(folder), now))
    raise SystemExit(report(f"calendars, {_DAYS} days ahead; the peer is named in its row", rows))


if __name__ == "__main__":
    main()
