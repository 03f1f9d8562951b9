"""Calendars' awkward moments, each played against ours and APScheduler, and which phones rang wrongly.

Asterisk's own calendar module can't be run here: its column quotes what was measured of it (version 22.10, with
its shortest refresh of a minute) in the same cases.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.players import Apscheduler, Event, Ours, Rung, rung_until_quiet

_LATE = timedelta(seconds=1)  # a ring later than this is late
_MOVED_BY = timedelta(seconds=2)
_DOWN = timedelta(seconds=4)
Player = Ours | Apscheduler


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """So many events that start at one instant, and what happens meanwhile."""

    name: str
    play: Callable[[Player, list[Event]], Rung]
    asterisk: str
    lines: tuple[str, ...] = ()
    events: int = 10
    moved: timedelta = timedelta()  # when they should ring, after their first start
    rings: bool = True
    by_calendar: bool = False  # what only who reads calendars can know


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """Phones that rang wrongly, or not at all."""

    early: int = 0
    late: int = 0
    double: int = 0
    lost: int = 0
    unwanted: int = 0

    def words(self) -> str:
        counts = {"early": self.early, "late": self.late, "double": self.double, "lost": self.lost,
                  "unwanted": self.unwanted}  # fmt: skip
        return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "none wrong"


def play_straight(player: Player, events: list[Event]) -> Rung:
    player.write(events)
    with player.running():
        return rung_until_quiet(events[0].starts_at)


def play_cancelled(player: Player, events: list[Event]) -> Rung:
    """All are deleted a second before."""
    return _play_changed(player, events, [], events[0].starts_at)


def play_moved(player: Player, events: list[Event]) -> Rung:
    """All are moved a second before."""
    moved = [replace(one, starts_at=one.starts_at + _MOVED_BY) for one in events]
    return _play_changed(player, events, moved, events[0].starts_at)


def play_added(player: Player, events: list[Event]) -> Rung:
    """All are added a second before."""
    return _play_changed(player, [], events, events[0].starts_at)


def _play_changed(player: Player, first: list[Event], then: list[Event], starts_at: datetime) -> Rung:
    # Neither may write beside a daemon of its own: both are stopped for a moment, as by a restart.
    player.write(first)
    with player.running():
        _sleep_until(starts_at - timedelta(seconds=1))
    player.write(then)
    with player.running():
        return rung_until_quiet(starts_at + _MOVED_BY)


def play_down(player: Player, events: list[Event]) -> Rung:
    """Nothing runs while they fall due."""
    player.write(events)
    _sleep_until(events[0].starts_at + _DOWN)
    with player.running():
        return rung_until_quiet(events[0].starts_at)


def play_restarted(player: Player, events: list[Event]) -> Rung:
    """Restarted right after all have rung, and the calendars are read again."""
    first = play_straight(player, events)
    player.write(events)
    with player.running():
        return first + rung_until_quiet(datetime.now(UTC))


CASES = (
    Case(name="ten at one instant", play=play_straight, asterisk="each 1.00 s late"),
    Case(name="400 at one instant", play=play_straight, events=400, asterisk="not measured"),
    Case(name="deleted a second before", play=play_cancelled, rings=False, asterisk="dialled all the same"),
    Case(name="moved a second before", play=play_moved, moved=_MOVED_BY, asterisk="dialled at their old time"),
    Case(name="added a second before", play=play_added, asterisk="22 to 27 s late"),
    Case(name="due while it was down for 4 s", play=play_down, asterisk="lost, once their start has passed"),
    Case(name="restarted after they rang", play=play_restarted, asterisk="9 of them dialled again"),
    Case(
        name="without an alarm", play=play_straight, by_calendar=True,
        asterisk="dialled when discovered, up to 25 min early",
    ),
    Case(
        name="every week", play=play_straight, by_calendar=True, lines=("RRULE:FREQ=WEEKLY",),
        asterisk="219 s early",
    ),
    Case(
        name="marked as cancelled", play=play_straight, by_calendar=True, lines=("STATUS:CANCELLED",),
        rings=False, asterisk="dialled",
    ),
    Case(
        name="marked as free", play=play_straight, by_calendar=True, lines=("TRANSP:TRANSPARENT",), rings=False,
        asterisk="dialled",
    ),
)  # fmt: skip

QUICK_CASES = tuple(case for case in CASES if case.name == "marked as cancelled")


def judge(case: Case, starts_at: datetime, rung: Rung) -> Wrong:
    """Hold what rang against what should have."""
    times = Counter(number for number, _ in rung)
    if not case.rings:
        return Wrong(unwanted=len(times))
    wanted_at = starts_at + case.moved
    return Wrong(
        early=sum(at < wanted_at for _, at in rung),
        late=sum(at > wanted_at + _LATE for _, at in rung),
        double=sum(count > 1 for count in times.values()),
        lost=case.events - len(times),
    )


def played(case: Case, player: Player) -> Wrong:
    # A whole second, far enough ahead for APScheduler to store its jobs one by one.
    ahead = timedelta(seconds=3 + case.events // 40)
    starts_at = datetime.now(UTC).replace(microsecond=0) + ahead
    events = [Event(number=number, starts_at=starts_at, lines=case.lines) for number in range(case.events)]
    return judge(case, starts_at, case.play(player, events))


def print_cases(folder: Path, cases: Sequence[Case] = CASES) -> int:
    """Print the table; 1 where ours rang early, twice, unasked or never, or late though it ran."""
    table = Table(
        "case", "ours", "APScheduler", "Asterisk's calendar module", title="phones that rang wrongly",
        caption="ours and APScheduler: measured in this run; Asterisk 22.10: measured before, on loopback with "
        "SIP phones, in the same cases with a refresh of a minute",
    )  # fmt: skip
    missed = False
    for number, case in enumerate(cases):
        own = played(case, Ours(_made(folder / f"ours-{number}")))
        theirs = None if case.by_calendar else played(case, Apscheduler(_made(folder / f"theirs-{number}")))
        table.add_row(case.name, own.words(), theirs.words() if theirs else "reads no calendars", case.asterisk)
        # What fell due while nothing ran can only ring late, within its grace.
        missed |= own != Wrong(late=case.events if case.play is play_down else 0)
    Console(width=140).print(table)
    return 1 if missed else 0


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _sleep_until(instant: datetime) -> None:
    time.sleep(max(0.0, (instant - datetime.now(UTC)).total_seconds()))
