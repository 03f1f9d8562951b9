"""Where a key of a TOML file stands, so that a problem can name its line. tomllib tells no positions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_TABLE = re.compile(r"^\s*(\[{1,2})\s*([^\[\]]+?)\s*\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(
    r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)

Path = tuple[str | int, ...]


class TomlLines:
    """The lines of a TOML text's tables and keys; multi-line values are found by their first line."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        table: Path = ()
        counts: Counter[Path] = Counter()
        for number, line in enumerate(text.splitlines(), start=1):
            if header := _TABLE.match(line):
                table = self._table(_parts(header[2]), header[1] == "[[", counts)
                self._lines.setdefault(table, number)
            elif key := _KEY.match(line):
                self._lines.setdefault((*table, *_parts(key[1])), number)

    def line_of(self, path: Sequence[str | int]) -> int | None:
        """The line of the key, or of the closest table around it."""
        for length in range(len(path), 0, -1):
            if line := self._lines.get(tuple(path[:length])):
                return line
        return None

    def _table(self, parts: Path, is_array: bool, counts: Counter[Path]) -> Path:
        path: Path = ()
        for depth, part in enumerate(parts):
            path = (*path, part)
            if is_array and depth == len(parts) - 1:
                counts[path] += 1
            if path in counts:
                path = (*path, counts[path] - 1)
        return path


def _parts(dotted: str) -> Path:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
