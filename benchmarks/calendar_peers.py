"""The peers: what parses a whole ICS file and expands it within a window: ``python -m benchmarks.calendar_peers``.

Each in a process of its own, for its peak of memory. libical is C, compiled here where its headers are.
"""

from __future__ import annotations

import importlib
import importlib.util
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import click

_SOURCE = Path(__file__).with_name("libical.c")


class PeerMissing(Exception):
    """It can't be had here; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expanded:
    """What a peer took."""

    seconds: float
    peak: float  # MB
    occurrences: int


def libical(feed: Path, start: datetime, days: int, folder: Path) -> Expanded:
    """:raises PeerMissing: without a compiler or libical's headers."""
    program = folder / "libical"
    compiler = shutil.which("cc")
    if compiler is None:
        raise PeerMissing("no C compiler")
    built = subprocess.run(
        [compiler, "-O2", str(_SOURCE), "-lical", "-o", str(program)], capture_output=True, check=False
    )
    if built.returncode:
        raise PeerMissing("no libical-dev")
    return _run([str(program), str(feed), str(int(start.timestamp())), str(days)])


def python_peer(name: str, feed: Path, start: datetime, days: int) -> Expanded:
    """:raises PeerMissing: it isn't installed."""
    if importlib.util.find_spec({"ical": "ical", "icalendar": "recurring_ical_events"}[name]) is None:
        raise PeerMissing("not installed (extra: bench)")
    module = [sys.executable, "-m", "benchmarks.calendar_peers"]
    return _run([*module, name, str(feed), "--start", start.isoformat(), "--days", str(days)])


def _run(command: list[str]) -> Expanded:
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, peak, occurrences = run.stdout.split()
    return Expanded(seconds=float(seconds), peak=float(peak), occurrences=int(occurrences))


def _expand_by_icalendar(feed: Path, start: datetime, end: datetime) -> int:
    icalendar = importlib.import_module("icalendar")
    expander = importlib.import_module("recurring_ical_events")
    calendar = icalendar.Calendar.from_ical(feed.read_bytes())
    return len(expander.of(calendar, skip_bad_series=True).between(start, end))


def _expand_by_ical(feed: Path, start: datetime, end: datetime) -> int:
    stream = importlib.import_module("ical.calendar_stream").IcsCalendarStream
    calendar = stream.calendar_from_ics(feed.read_text())
    return sum(1 for _ in calendar.timeline_tz(start.tzinfo).overlapping(start, end))


@click.command()
@click.argument("name", type=click.Choice(["ical", "icalendar"]))
@click.argument("feed", type=click.Path(path_type=Path))
@click.option("--start", type=datetime.fromisoformat, required=True)
@click.option("--days", type=int, required=True)
def main(name: str, feed: Path, start: datetime, days: int) -> None:
    """Parse FEED and expand it; prints seconds, MB at the peak and occurrences."""
    expand = _expand_by_ical if name == "ical" else _expand_by_icalendar
    started = time.perf_counter()
    count = expand(feed, start, start + timedelta(days=days))
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(f"{seconds:.3f} {peak:.1f} {count}")


if __name__ == "__main__":
    main()
