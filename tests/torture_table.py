"""A plugin for pytest: what the tests that break things did, added up in one table at the end.

Tests report by the fixture ``tell``; the table is printed where the plugin is named, as ``make torture`` does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

Tell = Callable[..., None]

_COLUMNS = ("faults", "duplicates", "lost", "unknown", "mutants", "caught")
_PROPERTY = "torture"


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """``tell("a row of the table", faults=1, lost=0)`` adds to that row."""

    def told(row: str, **counts: int) -> None:
        record_property(_PROPERTY, (row, counts))

    return told


def pytest_terminal_summary(terminalreporter: Any) -> None:
    rows: dict[str, Counter[str]] = {}
    for report in (*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")):
        for name, value in report.user_properties:
            if name == _PROPERTY and report.when == "call":
                rows.setdefault(value[0], Counter()).update(value[1])
    if rows:
        terminalreporter.section("torture")
        for line in _table(rows):
            terminalreporter.write_line(line)


def _table(rows: dict[str, Counter[str]]) -> list[str]:
    total = sum(rows.values(), Counter())
    width = max(map(len, rows))
    head = f"{'':{width}}" + "".join(f"{column:>12}" for column in _COLUMNS)
    named = [*rows.items(), ("in all", total)]
    return [
        head,
        *(f"{name:{width}}" + "".join(f"{counts[one]:12}" for one in _COLUMNS) for name, counts in named),
    ]
