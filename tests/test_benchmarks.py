"""The benchmarks run and judge; how fast this machine is, is no test's business."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.console import Console

from benchmarks.cases import Case, Wrong, judge, play_straight
from benchmarks.table import Figure, Measured, percentile, report
from tests.clocks import NOON

SECOND = timedelta(seconds=1)
HEADINGS = ("figure", "ours", "peer", "ratio", "goal", "met")


def measured(value: float) -> Measured:
    return Measured.of([value])


def printed(*figures: Figure) -> tuple[int, str]:
    console = Console(file=io.StringIO(), width=140)
    code = report("title", figures, console)
    assert isinstance(console.file, io.StringIO)
    return code, console.file.getvalue()


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        (
            "placing",
            [
                "single calls, 0 stored: p99",
                "at once, 0 stored: p99",
                "takes 50 ms, 1000 stored: p99",
                "through 50/s",
                "marked as cancelled",
            ],
        ),
        ("pruning", ["single calls, 500 old ones pruned: p99"]),
        ("polling", ["CPU of the daemon", "CPU a poll", "its growth in 2 intervals", "last fetches"]),
        (
            "calendars",
            ["first import of 400 events", "one of 400 events changed", "while 100 series roll a day on"],
        ),
        ("startup", ["start to ready, 1000 stored", "resident memory at its peak, 1000 stored"]),
    ],
)
def test_a_benchmark_prints_every_figure_and_exits_1_only_where_a_goal_is_missed(
    name: str, rows: list[str]
) -> None:
    run = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--quick"], capture_output=True, text=True, timeout=120
    )
    for expected in (*HEADINGS, *rows):
        assert expected in run.stdout, run.stdout + run.stderr
    assert run.returncode == (1 if "NO" in run.stdout else 0), run.stderr


def test_rings_are_held_against_what_the_calendar_said() -> None:
    case = Case(name="", play=play_straight, asterisk="", events=4)
    rung = [(1, NOON - SECOND), (2, NOON), (2, NOON + SECOND / 2), (3, NOON + 2 * SECOND)]
    assert judge(case, NOON, rung) == Wrong(early=1, late=1, double=1, lost=1)
    assert judge(case, NOON, rung).words() == "1 early, 1 late, 1 double, 1 lost"
    moved, gone = replace(case, events=1, moved=2 * SECOND), replace(case, rings=False)
    assert judge(moved, NOON, [(0, NOON + 2 * SECOND)]).words() == "none wrong"
    assert judge(gone, NOON, rung) == Wrong(unwanted=3)


def test_a_missed_goal_is_shown_and_makes_the_exit_code_1() -> None:
    code, text = printed(Figure(name="wait", unit="ms", ours=measured(12), below=10))
    assert code == 1
    assert "< 10 ms" in text
    assert "NO" in text


def test_met_goals_and_figures_without_a_goal_make_the_exit_code_0() -> None:
    code, text = printed(
        Figure(name="wait", unit="ms", ours=measured(5), peer=measured(60), below=10, times_better=10),
        Figure(name="memory", unit="MB", ours=measured(50)),
    )
    assert code == 0
    assert "12.0×" in text
    assert "yes" in text


def test_a_goal_beside_a_peer_is_missed_by_less_than_so_many_times() -> None:
    code, _ = printed(Figure(name="burst", unit="ms", ours=measured(5), peer=measured(49), times_better=10))
    assert code == 1


def test_a_goal_beside_a_peer_that_was_not_measured_is_not_met() -> None:
    code, _ = printed(Figure(name="burst", unit="ms", ours=measured(5), times_better=10))
    assert code == 1


def test_several_runs_show_their_median_and_how_far_they_lay_apart() -> None:
    _, text = printed(Figure(name="wait", unit="ms", ours=Measured.of([9, 2, 4])))
    assert "4.0 ms (2.0–9.0)" in text


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(1, 201)]
    assert (percentile(values, 50), percentile(values, 99), percentile([7.0], 99)) == (100.0, 198.0, 7.0)
