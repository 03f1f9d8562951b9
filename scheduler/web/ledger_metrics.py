"""The metrics that the ledger tells at each scrape; they survive a restart.

Only here and in metrics.py: prometheus_client.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from scheduler.clock import Clock
from scheduler.database import Database
from scheduler.errors import DatabaseError
from scheduler.ledger.figures import Figures, select_figures

PREFIX = "call_scheduler"


class LedgerCollector(Collector):
    """Reads the ledger when it is asked; ``labels`` may be replaced.

    :param labels: by the name of each calendar and address book that is measured, what to call it.
    """

    def __init__(self, ledger: Database, clock: Clock, labels: Mapping[str, str]) -> None:
        self._ledger = ledger
        self._clock = clock
        self.labels = labels

    def collect(self) -> Iterator[Metric]:
        figures = self._figures()
        yield _gauge("ledger_readable", "Whether the ledger could be read for this scrape.", figures is not None)
        yield _sizes(self._ledger.path)
        if figures is not None:
            yield _outcomes(figures)
            yield from _depths(figures)
            yield from self._collections(figures)

    def _figures(self) -> Figures | None:
        """None where it can't be read: ledger_readable says so, and the log of whoever needs it says why."""
        try:
            return self._ledger.read(select_figures, self._clock.now())
        except DatabaseError:
            return None

    def _collections(self, figures: Figures) -> Iterator[Metric]:
        read_at = GaugeMetricFamily(
            f"{PREFIX}_collection_read_timestamp_seconds",
            "When a calendar or address book was last read well; 0: never.",
            labels=["collection"],
        )
        failures = GaugeMetricFamily(
            f"{PREFIX}_collection_failures", "How many fetches of it failed in a row.", labels=["collection"]
        )
        known = {one.name: one for one in figures.collections}
        for name, label in self.labels.items():
            one = known.get(name)
            read_at.add_metric([label], one.good_at.timestamp() if one and one.good_at else 0)
            failures.add_metric([label], one.failures if one else 0)
        yield from (read_at, failures)


def _outcomes(figures: Figures) -> Metric:
    calls = CounterMetricFamily(
        f"{PREFIX}_calls",
        "Calls that ended, by outcome. One whose unknown outcome was found out counts as both.",
        labels=["outcome"],
    )
    for outcome, count in figures.outcomes.items():
        calls.add_metric([outcome.value], count)
    return calls


def _depths(figures: Figures) -> Iterable[Metric]:
    next_at = figures.next_at.timestamp() if figures.next_at else 0
    return (
        _gauge("calls_due", "Calls whose time has come and that nobody has taken up yet.", figures.due),
        _gauge("calls_waiting", "Calls past their time that wait: a pause, a busy phone.", figures.waiting),
        _gauge("next_call_timestamp_seconds", "When the next call is looked at; 0: none is planned.", next_at),
        _gauge("attempts_open", "Requests whose end isn't known yet.", figures.open_attempts),
        _gauge("calls_unknown", "Calls whose outcome nobody knows yet.", figures.unknown),
        _gauge("alerts", "Alerts of the last week that nobody has acknowledged.", figures.alerts),
    )


def _sizes(ledger: Path) -> Metric:
    sizes = GaugeMetricFamily(f"{PREFIX}_ledger_size_bytes", "Sizes of the ledger's files.", labels=["file"])
    for label, path in (("database", ledger), ("log", ledger.with_name(f"{ledger.name}-wal"))):
        with suppress(OSError):  # the log isn't there before the first write
            sizes.add_metric([label], path.stat().st_size)
    return sizes


def _gauge(name: str, help: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", help, value=value)
