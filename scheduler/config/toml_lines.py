"""Where a key of a TOML file stands, so that a problem can name its line. tomllib tells no positions."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Path = tuple[str | int, ...]


class TomlLines:
    """The lines of a valid TOML text's tables and keys; a value over several lines stands at its first.

    The text is cut into its statements, the smallest runs of lines that tomllib reads by themselves; what
    each of them defines tomllib itself tells, however keys are quoted and values nested.
    """

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        table: Path = ()
        counts: Counter[Path] = Counter()
        for number, statement, defined in _statements(text):
            if statement.lstrip().startswith("["):
                table = self._enter(number, defined, counts)
            else:
                self._record(number, table, defined)

    def line_of(self, path: Sequence[str | int]) -> int | None:
        """The line of the key, or of the closest table around it."""
        for length in range(len(path), 0, -1):
            if line := self._lines.get(tuple(path[:length])):
                return line
        return None

    def _enter(self, number: int, header: Any, counts: Counter[Path]) -> Path:
        """The table that ``[header]`` or ``[[header]]`` opens; arrays around it mean their last table."""
        path: Path = ()
        while header:
            ((part, header),) = header.items()
            path = (*path, part)
            self._lines.setdefault(path, number)
            if isinstance(header, list):
                counts[path] += 1
                (header,) = header
            if path in counts:
                path = (*path, counts[path] - 1)
                self._lines.setdefault(path, number)
        return path

    def _record(self, number: int, path: Path, value: Any) -> None:
        self._lines.setdefault(path, number)
        if isinstance(value, Mapping):
            for key, inner in value.items():
                self._record(number, (*path, key), inner)
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                self._record(number, (*path, index), inner)


def _statements(text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """The line, from 1, on which each statement begins, its text and what it defines."""
    statement, begins_at = "", 1
    # Not splitlines(): a line separator of Unicode within a text ends no line of the file.
    for number, line in enumerate(text.split("\n"), start=1):
        statement += line + "\n"
        try:
            defined = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue  # it goes on in the next line
        if defined:
            yield begins_at, statement, defined
        statement, begins_at = "", number + 1
