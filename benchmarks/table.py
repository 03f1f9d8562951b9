"""The table every benchmark prints: what was measured, beside a peer of the same run, against its goal."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

_WIDTH = 140  # in a log as well: rich would take 80, and break every line


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The median of several runs, and how far they lay apart."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, runs: Sequence[float]) -> Measured:
        return cls(median=statistics.median(runs), lowest=min(runs), highest=max(runs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row; less is better in all of them."""

    name: str
    unit: str
    ours: Measured
    peer: Measured | None = None
    peer_missing: str = ""  # why there is no peer to compare with
    below: float | None = None  # goal: what our median stays under
    times_better: float | None = None  # goal: how often our median goes into the peer's

    @property
    def ratio(self) -> float | None:
        return None if self.peer is None else self.peer.median / self.ours.median

    @property
    def met(self) -> bool | None:
        """None where nothing was promised."""
        met = []
        if self.below is not None:
            met.append(self.ours.median < self.below)
        if self.times_better is not None:
            met.append(self.ratio is not None and self.ratio >= self.times_better)
        return all(met) if met else None


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that ``percent`` of them don't exceed."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def report(title: str, figures: Iterable[Figure], console: Console | None = None) -> int:
    """Print the table; the exit code is 1 where a goal is missed."""
    table = Table("figure", title=title)
    for heading in ("ours", "peer", "ratio", "goal", "met"):
        table.add_column(heading, justify="right")
    missed = 0
    for figure in figures:
        table.add_row(*_cells(figure))
        missed += figure.met is False
    (console or Console(width=_WIDTH)).print(table)
    return 1 if missed else 0


def _cells(figure: Figure) -> tuple[str, ...]:
    return (
        figure.name,
        _spell(figure.ours, figure.unit),
        _spell(figure.peer, figure.unit) if figure.peer else figure.peer_missing,
        "" if figure.ratio is None else f"{figure.ratio:.1f}×",
        _goal(figure),
        {None: "", True: "yes", False: "NO"}[figure.met],
    )


def _spell(measured: Measured, unit: str) -> str:
    spread = f" ({_number(measured.lowest)}–{_number(measured.highest)})"
    return f"{_number(measured.median)} {unit}" + (spread if measured.lowest < measured.highest else "")


def _number(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}".replace(",", " ")


def _goal(figure: Figure) -> str:
    goals = []
    if figure.below is not None:
        goals.append(f"< {figure.below:g} {figure.unit}")
    if figure.times_better is not None:
        goals.append(f"≥ {figure.times_better:g}×")
    return ", ".join(goals)
