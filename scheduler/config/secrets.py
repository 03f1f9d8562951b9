"""Revealing the secrets that the file names the places of."""

from __future__ import annotations

from pathlib import Path

from scheduler.config.model import Secret
from scheduler.config.problems import Key, Problems


class Secrets:
    """Reads secrets, or leaves them empty for commands that only look (``wanted=False``)."""

    def __init__(self, folder: Path, problems: Problems, *, wanted: bool = True) -> None:
        self._folder = folder
        self._problems = problems
        self._wanted = wanted

    def reveal(self, secret: Secret | None, key: Key) -> str:
        """The secret; "" where there is none, and where it can't be read, which is then a problem."""
        if secret is None or not self._wanted:
            return ""
        try:
            return secret.reveal(self._folder)
        except ValueError as error:
            self._problems.add(key, str(error))
            return ""
