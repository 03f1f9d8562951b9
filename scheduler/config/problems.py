"""The problems of a configuration file, gathered as they are found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from scheduler.config.toml_lines import TomlLines
from scheduler.errors import ConfigError, Problem

Key = tuple[str | int, ...]


class Problems:
    """Gathers what is wrong, each with its key and line."""

    def __init__(self, path: Path, lines: TomlLines) -> None:
        self._path = path
        self._lines = lines
        self._found: list[Problem] = []
        self._keys: set[Key] = set()

    def add(self, key: Sequence[str | int], what: str) -> None:
        self._keys.add(tuple(key))
        line = self._lines.line_of(key)
        where = f"{self._path}, line {line}" if line else str(self._path)
        self._found.append(Problem(where=where, what=f"{_dotted(key)}: {what}" if key else what))

    def add_repeated(self, named: Iterable[tuple[Key, str]]) -> None:
        """Add each name that an entry before it has already."""
        seen: set[str] = set()
        for key, name in named:
            if name in seen:
                self.add(key, f"{name!r} is there twice")
            seen.add(name)

    def is_told(self, key: Key) -> bool:
        """Whether a problem of this very option was found already."""
        return key in self._keys

    def error(self) -> ConfigError:
        return ConfigError(tuple(self._found))

    def stop_if_any(self) -> None:
        """:raises ConfigError: something was found."""
        if self._found:
            raise self.error()


def _dotted(key: Sequence[str | int]) -> str:
    """``calendar[0].every``"""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
