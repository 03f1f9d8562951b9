"""What it costs to keep many calendars fresh while nothing changes: ``python -m benchmarks.polling``.

The daemon, a process of its own, polls a real Xandikos over loopback. Its CPU time and memory are read from
/proc once every calendar has been fetched and planned; the server's own are not counted.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks.calendar_store import CALENDARS_PATH, store_calendar
from benchmarks.stored import DESTINATION, ORIGINS
from benchmarks.table import Figure, Measured, report
from scheduler.ledger import open_ledger
from scheduler.ledger.collections import select_collections
from tests.servers import xandikos

_CPU_BELOW = 25.0  # percent of one core
_GROWTH_BELOW = 5.0  # percent of what was resident after the first round
_LATE_BELOW = 1.25  # intervals since the oldest of the calendars' last fetches
_PATIENCE = 3600.0
_PEERS_CALENDARS = 100  # its cost a poll is the same for more
_TICKS = os.sysconf("SC_CLK_TCK")

_CONFIG = """
[company]
region = "GB"
owned = {owned}
[barring]
countries = ["BE"]
[provider]
url = "http://127.0.0.1:9/vca"
token_url = "http://127.0.0.1:9/token"
client_id = "benchmark"
client_secret = {{ file = "secret" }}
[page]
enabled = false

[ledger]
path = "ledger.db"
"""
_CALENDAR = """
[[calendar]]
name = "{name}"
caldav = "{url}"
every = "{every} s"
origin = "{origin}"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured."""

    calendars: int
    events: int
    every: int  # seconds
    samples: int  # of one interval each


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a process used by one moment."""

    at: float  # seconds, monotonic
    cpu: float  # seconds since its start
    resident: float  # MB


FULL = Scale(calendars=1000, events=200, every=60, samples=5)
QUICK = Scale(calendars=5, events=20, every=1, samples=2)


def names(scale: Scale) -> list[str]:
    return [f"calendar-{number}" for number in range(scale.calendars)]


def prepare(folder: Path, scale: Scale, server: str) -> Path:
    """The daemon's configuration: every calendar with an origin of its own."""
    (folder / "secret").write_text("secret")
    calendars = [
        _CALENDAR.format(name=name, url=f"{server}{CALENDARS_PATH}/{name}/", every=scale.every, origin=origin)
        for name, origin in zip(names(scale), ORIGINS, strict=False)
    ]
    config = folder / "config.toml"
    config.write_text(_CONFIG.format(owned=[origin.e164 for origin in ORIGINS]) + "".join(calendars))
    return config


@contextmanager
def daemon(config: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "scheduler", "run", "--config", str(config)]
    with config.with_name("daemon.log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def await_first_round(config: Path, scale: Scale) -> None:
    """Until every calendar was fetched, and what it says is planned."""
    give_up_at = time.monotonic() + _PATIENCE
    while time.monotonic() < give_up_at:
        if _planned(config) == scale.calendars:
            return
        time.sleep(1)
    raise TimeoutError(f"{_planned(config)} calendars were planned: see {config.with_name('daemon.log')}")


def _planned(config: Path) -> int:
    """How many calendars are in the plan."""
    path = config.with_name("ledger.db")
    if not path.exists():
        return 0
    with closing(open_ledger(path, read_only=True)) as ledger:
        return sum(row.planned_at is not None for row in ledger.read(select_collections))


def sample(process_id: int) -> Sample:
    """From proc(5): utime and stime of ``stat``, VmRSS of ``status``."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    resident = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process_id}/status").read_text())
    assert resident is not None
    cpu = (int(fields[11]) + int(fields[12])) / _TICKS
    return Sample(at=time.monotonic(), cpu=cpu, resident=int(resident[1]) * 1024 / 1e6)


def poll(process_id: int, scale: Scale) -> list[Sample]:
    """One sample at the start, and one after each interval."""
    samples = [sample(process_id)]
    for _ in range(scale.samples):
        time.sleep(scale.every)
        samples.append(sample(process_id))
    return samples


def oldest_fetch(config: Path) -> float:
    """Seconds since the last fetch of the calendar that waited longest."""
    with closing(open_ledger(config.with_name("ledger.db"), read_only=True)) as ledger:
        rows = ledger.read(select_collections)
    faults = [row.problem for row in rows if row.problem]
    if faults:
        raise RuntimeError(f"{len(faults)} calendars failed: {faults[0]}")
    return (datetime.now(UTC) - min(row.tried_at for row in rows)).total_seconds()


def measure_peer(scale: Scale, server: str) -> float:
    """CPU seconds a poll of plain caldav, in a process of its own: one round with the tokens of the one before."""
    urls = [f"{server}{CALENDARS_PATH}/{name}/" for name in names(scale)[:_PEERS_CALENDARS]]
    command = [sys.executable, "-m", "benchmarks.polling_peer", *urls]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return float(run.stdout)


def figures(scale: Scale, folder: Path) -> Iterator[Figure]:
    now = datetime.now(UTC)
    for name in names(scale):
        store_calendar(folder / "server" / "collections", name, scale.events, DESTINATION, now)
    with xandikos(folder / "server") as server:
        peer = measure_peer(scale, server)
        config = prepare(folder, scale, server)
        with daemon(config) as process:
            await_first_round(config, scale)
            time.sleep(scale.every)  # what the first round left to do, as its garbage, isn't polling
            samples = poll(process.pid, scale)
            oldest = oldest_fetch(config)
    yield from _rows(scale, samples, oldest, peer)


def _rows(scale: Scale, samples: Sequence[Sample], oldest: float, peer: float) -> Iterator[Figure]:
    what = f"{scale.calendars} calendars of {scale.events} events every {scale.every} s"
    used = [(after.cpu - before.cpu) / (after.at - before.at) for before, after in pairwise(samples)]
    yield Figure(
        name=f"{what}: CPU of the daemon",
        unit="% of a core",
        ours=Measured.of([100 * one for one in used]),
        below=_CPU_BELOW,
    )
    yield Figure(
        name="CPU a poll, with all that the daemon does besides",
        unit="ms",
        ours=Measured.of([1000 * one * scale.every / scale.calendars for one in used]),
        peer=Measured.of([1000 * peer]),
    )
    first = samples[0].resident
    yield Figure(name="resident memory after the first rounds", unit="MB", ours=Measured.of([first]))
    yield Figure(
        name=f"its growth in {scale.samples} intervals",
        unit="%",
        ours=Measured.of([100 * (samples[-1].resident - first) / first]),
        below=_GROWTH_BELOW,
    )
    yield Figure(
        name="the oldest of the calendars' last fetches",
        unit="s",
        ours=Measured.of([oldest]),
        below=_LATE_BELOW * scale.every,
    )


@click.command()
@click.option("--quick", is_flag=True, help="Small sizes, to see that it runs; the figures mean little.")
def main(quick: bool) -> None:
    """Polling unchanged calendars, beside plain caldav in a loop."""
    with TemporaryDirectory() as folder:
        rows = list(figures(QUICK if quick else FULL, Path(folder)))
    raise SystemExit(report("polling calendars that don't change; peer: plain caldav in a loop", rows))


if __name__ == "__main__":
    main()
