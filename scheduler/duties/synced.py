"""What is kept in step with its server, and what a fetch of it brought."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from scheduler.ledger.collections import title_of
from scheduler.sources.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncedCalendar:
    """A calendar, or an address book, to keep in step with, and how."""

    source: Source
    every: timedelta
    settings: str  # digest of what it is fetched with: other settings start anew
    is_feed: bool = False  # every fetch and every look brings all of it, under one state

    @property
    def title(self) -> str:
        return title_of(self.source.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What one fetch of one calendar brought."""

    name: str
    changed: int = 0
    deleted: int = 0
    problem: str = ""
    hrefs: tuple[str, ...] = ()  # of what changed or was deleted
    anew: bool = False  # read for the first time, or for the first time with these settings

    @property
    def news(self) -> bool:
        return bool(self.changed or self.deleted)

    def to_json(self) -> dict[str, str | int]:
        """As commands and the daemon tell each other."""
        return {
            "calendar": self.name,
            "changed": self.changed,
            "deleted": self.deleted,
            "problem": self.problem,
        }
