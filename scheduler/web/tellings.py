"""What became of a pressed button, kept until the page that the browser is sent to has told it."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

_MOST = 200


class NotDone(Exception):
    """A button that was pressed in vain; the sentence, without its full stop, says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A sentence, whether it tells of a success, and the page that tells it: "" is the one with the button."""

    text: str
    at: str = ""
    fine: bool = True


class Tellings:
    """The newest of them, by a name that can't be guessed, so that no link shows words that we didn't say."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[str, Told] = OrderedDict()

    def keep(self, told: Told) -> str:
        name = secrets.token_urlsafe(12)
        with self._lock:
            self._kept[name] = told
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return name

    def find(self, name: str) -> Told | None:
        return self._kept.get(name)
