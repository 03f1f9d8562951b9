"""The screen while the demo plays: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from scheduler.demo.scenes import SCENES, Scene
from scheduler.demo.telling import OVER, RINGING, SILENT, standing, state, wall_time
from scheduler.demo.verdict import Came, at_second, words

_PLAIN_WIDTH = 160
_NOTES = 3  # lines of what is happening, below the table
_WIDE = ("due", "appointment", "whom", "state", "outcome", "reason")
_NARROW = ("due", "appointment", "so far", "reason")
_WIDE_FROM = 110  # columns of the terminal
_STYLES = {RINGING: "bold yellow", OVER: "dim", SILENT: "dim"}


class Screen(AbstractContextManager["Screen"]):
    """Where the demo is shown, for as long as the block lasts."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or _console()
        self._live = Live(console=self.console, auto_refresh=False) if self.console.is_terminal else None
        self._notes: list[str] = []
        self._table: Table | None = None
        self._told: dict[str, str] = {}

    def __enter__(self) -> Screen:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def say(self, now: datetime, text: str) -> None:
        """A line of what is happening."""
        line = f"{wall_time(now)} {text}"
        if self._live:
            self._notes = [*self._notes, line][-_NOTES:]
            self._refresh(self._live)
        else:
            self.console.print(Text(line))

    def show(self, now: datetime, came: Mapping[str, Came], first_ring_at: datetime) -> None:
        """How every scene stands, by uid."""
        if self._live:
            self._table = _table(came, first_ring_at, self.console.width)
            self._refresh(self._live)
        else:
            self._tell_news(now, came)

    def _refresh(self, live: Live) -> None:
        table = [self._table] if self._table else []
        live.update(Group(*table, Text("\n".join(self._notes))), refresh=True)

    def _tell_news(self, now: datetime, came: Mapping[str, Came]) -> None:
        for scene in SCENES:
            news = standing(came[scene.uid])
            if news != self._told.get(scene.uid, ""):
                self._told[scene.uid] = news
                self.say(now, f"{scene.title}: {news}")


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)


def _table(came: Mapping[str, Came], first_ring_at: datetime, width: int) -> Table:
    """One line a scene, so that it fits the screen; the reasons stand in full in the report."""
    columns = _WIDE if width >= _WIDE_FROM else _NARROW
    table = Table(box=box.SIMPLE_HEAD, expand=True, pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=True, min_width=8, ratio=1 if column == "reason" else None)
    for scene in SCENES:
        one = came[scene.uid]
        cells = _cells(scene, one, first_ring_at)
        table.add_row(*(Text(cells[column]) for column in columns), style=_STYLES.get(state(one), ""))
    return table


def _cells(scene: Scene, one: Came, first_ring_at: datetime) -> Mapping[str, str]:
    due_at = one.due_at or at_second(first_ring_at, scene.second)
    return {
        "due": "all day" if scene.all_day else wall_time(due_at),
        "appointment": scene.title,
        "whom": scene.whom,
        "state": state(one),
        "outcome": words(one.outcome),
        "so far": words(one.outcome) or state(one),
        "reason": one.reason,
    }
