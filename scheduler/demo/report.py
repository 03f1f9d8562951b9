"""The report at the end: every appointment with what was set out and what came."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from scheduler.demo.scenes import Scene
from scheduler.demo.telling import standing, wall_time
from scheduler.demo.verdict import Came, Verdict, at_second, words
from scheduler.vca import Cdr, Presentation


def report(console: Console, verdicts: Iterable[Verdict], first_ring_at: datetime) -> None:
    table = Table(title="What was set out, and what came", title_justify="left", box=box.SIMPLE_HEAD)
    for column in ("", "appointment", "set out", "came", "at the gateway"):
        table.add_column(column, overflow="fold")
    for one in verdicts:
        table.add_row(
            Text("✓", "green") if one.fine else Text("✗", "bold red"),
            Text(f"{one.scene.title}\n").append(one.scene.about, "dim"),
            Text(_set_out(one.scene, first_ring_at)),
            _what_came(one),
            Text(_seen(one.came)),
        )
    console.print(table)


def _set_out(scene: Scene, first_ring_at: datetime) -> str:
    if scene.outcome is None:
        return "doesn't ring"
    if scene.rings_at is None:
        return f"{words(scene.outcome)}, doesn't ring"
    return f"rings at {wall_time(at_second(first_ring_at, scene.rings_at))}, {words(scene.outcome)}"


def _what_came(verdict: Verdict) -> Text:
    text = Text(standing(verdict.came))
    for fault in verdict.faults:
        text.append(f"\n✗ {fault}", "bold red")
    return text


def _seen(came: Came) -> str:
    """What the gateway's records hold of it; and how many calls the coming days have."""
    lines = [_ring(ring) for ring in came.rings] or ["nothing"]
    if came.coming:
        lines.append(f"({len(came.coming)} more planned)")
    return "\n".join(lines)


def _ring(ring: Cdr) -> str:
    at = f"rang at {wall_time(ring.request_time)}" if ring.request_time else "rang"
    return f"{at}, number withheld" if ring.presentation == Presentation.RESTRICTED else at
