"""Placing calls while the window of 24 000 series rolls on: ``python -m benchmarks.calendar_rolling``.

A process of its own, which prints one line of JSON.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from benchmarks.calendar_runs import count_calls, planner, seconds
from benchmarks.placing import placing_in
from benchmarks.table import percentile
from scheduler.duties.replan import ReplanDuty

_APART = timedelta(milliseconds=10)
_LEAD = timedelta(seconds=2)  # storing them takes its time, beside the rolling


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolled:
    """How late calls were, in milliseconds at p99, and how long rolling took."""

    alone: float
    beside: float
    seconds: float
    added: int


def roll(feed: Path, folder: Path, days: int, now: datetime, calls: int) -> Rolled:
    """Place calls alone, and again while a window rolls a day on."""
    with planner(feed, folder, days, now) as made:
        made.sync()
        before = made.ledger.read(count_calls)
        with placing_in(made.ledger) as place_round:
            alone = place_round(_due(calls), 0.0)
            rolling = _Rolling(made.replan, now + timedelta(days=1))
            beside: list[timedelta] = []
            rolling.start()
            while rolling.is_alive() or not beside:
                beside += place_round(_due(calls), 0.0)
            rolling.join()
        added = made.ledger.read(count_calls) - before
    return Rolled(alone=_p99(alone), beside=_p99(beside), seconds=rolling.seconds, added=added)


class _Rolling(threading.Thread):
    """The rounds of a minute each, one right after the other, until one has nothing left to do."""

    def __init__(self, replan: ReplanDuty, now: datetime) -> None:
        super().__init__()
        self._replan = replan
        self._now = now
        self.seconds = 0.0

    def run(self) -> None:
        self.seconds = seconds(self._roll)

    def _roll(self) -> None:
        while self._replan.run_once(self._now).read:
            pass


def _due(calls: int) -> list[datetime]:
    start = datetime.now(UTC) + _LEAD
    return [start + number * _APART for number in range(calls)]


def _p99(late: Sequence[timedelta]) -> float:
    return percentile([one / timedelta(milliseconds=1) for one in late], 99)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("feed", type=click.Path(path_type=Path))
@click.option("--days", type=int, required=True)
@click.option("--now", type=datetime.fromisoformat, required=True)
@click.option("--calls", type=int, required=True)
def main(folder: Path, feed: Path, days: int, now: datetime, calls: int) -> None:
    """Place CALLS calls, 10 ms apart, alone and again beside the rolling."""
    print(json.dumps(asdict(roll(feed, folder, days, now, calls))))


if __name__ == "__main__":
    main()
