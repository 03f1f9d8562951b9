"""Revealing the secrets that the file names the places of."""

from __future__ import annotations

from pathlib import Path

from scheduler.config.problems import Key, Problems
from scheduler.config.values import Secret


class Secrets:
    """Reads secrets; ``needed=False`` is for commands that only look, which go on without one they can't read."""

    def __init__(self, folder: Path, problems: Problems, *, needed: bool = True) -> None:
        self._folder = folder
        self._problems = problems
        self.needed = needed

    def reveal(self, secret: Secret | None, key: Key) -> str:
        """The secret; "" where there is none, and where it can't be read, which is a problem if it is needed."""
        if secret is None:
            return ""
        try:
            return secret.reveal(self._folder)
        except ValueError as error:
            if self.needed:
                self._problems.add(key, str(error))
            return ""

    def place(self, secret: Secret | None, key: Key) -> Path | None:
        """The readable file that a secret stands in, for libraries that open it themselves; otherwise as above."""
        if secret is None or not self.reveal(secret, key):
            return None
        try:
            return secret.path(self._folder)
        except ValueError as error:
            self._problems.add(key, str(error))
            return None
