"""From the start of the daemon's process until it is ready: ``python -m benchmarks.startup``.

Ready means that systemd was told so *and* that the timetable's first round has handed the one due call to a
worker. Imports count. The provider can't be reached, so that the call waits and nothing is placed.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks import peers
from benchmarks.stored import ORIGINS, store_future_calls, store_round
from benchmarks.table import Figure, Measured, report
from scheduler.database import Connection, read_instant, write_instant
from scheduler.ledger import open_ledger

_PATIENCE = 60.0
_LONGEST_GROWTH = 20.0

_CONFIG = """
[company]
region = "GB"
owned = {owned}
[barring]
countries = ["GB", "AU"]
[provider]
url = "http://127.0.0.1:9/vca"
token_url = "http://127.0.0.1:9/token"
client_id = "benchmark"
client_secret = {{ file = "secret" }}
[page]
listen = "127.0.0.1:0"

[ledger]
path = "ledger.db"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured."""

    stored: tuple[int, ...]
    stored_at_peer: int
    runs: int
    steady: float  # a process that hasn't grown for so many seconds has done what it does at its start


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start of a process."""

    seconds: float
    resident: float  # MB, at its peak


FULL = Scale(stored=(0, 100_000, 1_000_000), stored_at_peer=100_000, runs=3, steady=3.0)
QUICK = Scale(stored=(0, 1000), stored_at_peer=1000, runs=1, steady=0.3)
_SECONDS_BELOW = {100_000: 1.0, 1_000_000: 2.0}
_RESIDENT_BELOW = 120.0


def prepare_daemon(folder: Path, stored: int) -> Path:
    """A configuration with a full ledger beside it."""
    folder.mkdir()
    (folder / "secret").write_text("secret")
    config = folder / "config.toml"
    config.write_text(_CONFIG.format(owned=[ORIGINS[0].e164]))
    store_future_calls(folder / "ledger.db", stored, datetime.now(UTC))
    return config


def start_daemon(config: Path, steady: float) -> Start:
    """Start the daemon once, with one call due, and stop it again."""
    with closing(open_ledger(config.with_name("ledger.db"))) as ledger:
        due_at = datetime.now(UTC)
        store_round(ledger, [due_at], due_at)
    with _systemd(config.with_name("notify")) as (environment, notified):
        started_at = datetime.now(UTC)
        daemon = subprocess.Popen(
            [sys.executable, "-m", "scheduler", "run", "--config", str(config)],
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        try:
            notified.recv(64)
            ready_at = max(datetime.now(UTC), _first_round_at(config, due_at))
        finally:
            notified.close()
    try:
        return Start(seconds=(ready_at - started_at).total_seconds(), resident=_peak(daemon.pid, steady))
    finally:
        daemon.terminate()
        daemon.wait(_PATIENCE)


def start_peer(path: Path, steady: float) -> Start:
    """Open the job store once, with one job due."""
    peers.store_due_job(path, datetime.now(UTC))
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.peers", str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as peer:
        assert peer.stdout is not None
        peer.stdout.readline()
        seconds = time.perf_counter() - started
        return Start(seconds=seconds, resident=_peak(peer.pid, steady))


@contextmanager
def _systemd(path: Path) -> Iterator[tuple[dict[str, str], socket.socket]]:
    """The environment and the socket by which a service tells systemd that it is ready."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(path))
        notified.settimeout(_PATIENCE)
        try:
            # What a service isn't given, and what would have it compile every module anew at each start.
            own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
            yield {**own, "NOTIFY_SOCKET": str(path)}, notified
        finally:
            path.unlink()


def _first_round_at(config: Path, due_at: datetime) -> datetime:
    """When the due call was found not to be placeable, as its history says."""
    give_up_at = time.monotonic() + _PATIENCE
    with closing(open_ledger(config.with_name("ledger.db"), read_only=True)) as ledger:
        while time.monotonic() < give_up_at:
            if at := ledger.read(_select_first_wait, due_at):
                return at
            time.sleep(0.01)
    raise TimeoutError("the due call was never looked at")


def _select_first_wait(connection: Connection, due_at: datetime) -> datetime | None:
    row = connection.execute(
        "SELECT at FROM event WHERE kind = 'waits' AND at >= ? ORDER BY id LIMIT 1", (write_instant(due_at),)
    ).fetchone()
    return read_instant(row["at"]) if row else None


def _peak(process_id: int, steady: float) -> float:
    """The most memory that was ever resident, in MB (VmHWM of proc(5)), once it no longer grows."""
    give_up_at = time.monotonic() + _LONGEST_GROWTH
    peak, grown_at = 0.0, time.monotonic()
    while time.monotonic() < min(grown_at + steady, give_up_at):
        if (now := _high_water(process_id)) > peak:
            peak, grown_at = now, time.monotonic()
        time.sleep(0.1)
    return peak


def _high_water(process_id: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process_id}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def figures(scale: Scale, folder: Path) -> Iterator[Figure]:
    peer = _starts_of_peer(scale, folder)
    for stored in scale.stored:
        config = prepare_daemon(folder / f"daemon-{stored}", stored)
        own = [start_daemon(config, scale.steady) for _ in range(scale.runs)]
        yield from _rows(stored, own, peer if stored == scale.stored_at_peer else None)


def _starts_of_peer(scale: Scale, folder: Path) -> list[Start]:
    path = folder / "jobs.db"
    peers.store_future_jobs(path, scale.stored_at_peer, datetime.now(UTC))
    return [start_peer(path, scale.steady) for _ in range(scale.runs)]


def _rows(stored: int, own: Sequence[Start], peer: Sequence[Start] | None) -> Iterator[Figure]:
    yield Figure(
        name=f"start to ready, {stored} stored",
        unit="s",
        ours=Measured.of([start.seconds for start in own]),
        peer=Measured.of([start.seconds for start in peer]) if peer else None,
        below=_SECONDS_BELOW.get(stored),
    )
    yield Figure(
        name=f"resident memory at its peak, {stored} stored",
        unit="MB",
        ours=Measured.of([start.resident for start in own]),
        peer=Measured.of([start.resident for start in peer]) if peer else None,
        below=_RESIDENT_BELOW,
    )


@click.command()
@click.option("--quick", is_flag=True, help="Small sizes, to see that it runs; the figures mean little.")
def main(quick: bool) -> None:
    """Start to ready, beside APScheduler opening its SQLAlchemyJobStore."""
    with TemporaryDirectory() as folder:
        rows = list(figures(QUICK if quick else FULL, Path(folder)))
    title = f"start of the process to ready; peer: APScheduler with {peers.NAME} (median of the starts)"
    raise SystemExit(report(title, rows))


if __name__ == "__main__":
    main()
