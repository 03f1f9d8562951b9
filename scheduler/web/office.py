"""What the pages read and steer: the ledger, and of the running daemon what they are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from scheduler.calendars.appointment import Derivation
from scheduler.calendars.component import Fault
from scheduler.calendars.contact import Contact, Contacts
from scheduler.calendars.diary import Silence
from scheduler.calendars.settings import Manager
from scheduler.calls.call import Key
from scheduler.clock import Clock
from scheduler.database import Database
from scheduler.errors import Problem
from scheduler.web.feed import FeedSettings

Silent = Callable[[datetime, datetime], Sequence[tuple[str, Silence]]]
Faults = Callable[[], Sequence[tuple[str, Fault]]]
Explain = Callable[[Key, datetime], Sequence[Derivation]]


class KnownContacts(Protocol):
    """Everybody whom events can name, and where they stand."""

    @property
    def contacts(self) -> Contacts:
        """As last read well."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the files and address books."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Of whole sources, and of single rows and cards."""

    def count(self, name: str) -> int:
        """How many a source has."""

    def without_number(self, name: str) -> tuple[Contact, ...]:
        """Those of a source whom an event may name in vain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Of the configuration, as it is now."""

    zone: ZoneInfo  # of all times on the page
    region: str  # of numbers without a country
    managers: tuple[Manager, ...]
    calendars: tuple[str, ...]
    feed: FeedSettings | None = None  # None: none is published


class Office:
    """Handed to every page; ``facts`` are replaced when the configuration is read again."""

    def __init__(
        self,
        ledger: Database,
        clock: Clock,
        facts: Facts,
        *,
        wake: Callable[[], object],
        explain: Explain,
        silent: Silent,
        known: Callable[[], KnownContacts],
        faults: Faults,
    ) -> None:
        """
        :param wake: lets the daemon look for commands at once.
        :param explain: what the rules say now of the event of a key around an instant; nothing where it is gone.
        :param known: the contacts at this moment.
        :param faults: what of events can't be read, with its calendar.
        :param silent: the events of a stretch of time that ask for a call and won't ring, with their calendars.
        """
        self.ledger = ledger
        self.clock = clock
        self.facts = facts
        self.wake = wake
        self.explain = explain
        self.silent = silent
        self.known = known
        self.faults = faults
