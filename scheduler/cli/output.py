"""What commands print: JSON for programs, tables for people; times as people see them in the company's zone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from scheduler.errors import Problem
from scheduler.phone import PhoneNumber

_WHOLE = ("due", "start", "origin → destination", "CLI")
_MANY = 500  # rows; more are for a search or a pager, and rich takes a second for a few thousand

JsonRow = Mapping[str, object]


def counted(number: int, one: str) -> str:
    """``1 call``, ``2 calls``"""
    return f"{number} {one if number == 1 else one + 's'}"


def print_json(rows: Sequence[JsonRow] | JsonRow) -> None:
    click.echo(json.dumps(rows, indent=2, ensure_ascii=False))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table as wide as the terminal; where there is none, as wide as its text, so that nothing is cut.

    Very many rows are a line each, however long.
    """
    rows = tuple(rows)
    if len(rows) > _MANY:
        _print_lines(title, columns, rows)
        return
    console = Console()
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        # Times and numbers stay whole; titles and reasons take what is left of the width.
        table.add_column(column, overflow="fold", no_wrap=column in _WHOLE)
    for row in rows:
        # As Text: a title with brackets is no markup.
        table.add_row(*(Text(cell) for cell in row))
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table)


def _print_lines(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [[cell.replace("\n", " ") for cell in row] for row in (columns, *rows)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    click.secho(title, bold=True)
    for line in lines:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def print_problems(problems: Iterable[Problem]) -> int:
    """To standard error, so that JSON stays JSON; returns how many."""
    count = 0
    for count, problem in enumerate(problems, start=1):  # noqa: B007
        click.echo(f"problem: {problem}", err=True)
    return count


def iso(instant: datetime | None) -> str | None:
    """UTC, in seconds or finer where it has them."""
    if instant is None:
        return None
    return instant.isoformat(timespec="seconds" if not instant.microsecond else "milliseconds").replace(
        "+00:00", "Z"
    )


def local(instant: datetime | None, zone: ZoneInfo) -> str:
    return "" if instant is None else f"{instant.astimezone(zone):%a %d %b %H:%M:%S}"


def between(origin: PhoneNumber, destination: PhoneNumber) -> str:
    """On two lines, so that both fit a narrow terminal."""
    return f"{origin}\n→ {destination}"
