"""The contacts of an address book: as the ledger keeps it, or fetched where no daemon keeps one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scheduler.calendars.contact import Contact
from scheduler.calendars.vcard import read_vcards
from scheduler.database import Connection, Database
from scheduler.duties.contacts import ReadContacts
from scheduler.duties.synced import SyncedCalendar
from scheduler.errors import Problem, SourceUnreachable
from scheduler.ledger.collections import Collection, select_collection, select_etags, select_objects


class StoredBook:
    """An address book that a SyncDuty keeps in the ledger: a restart has it even if its server is away."""

    def __init__(self, book: SyncedCalendar, *, name: str, region: str, ledger: Database) -> None:
        """:param region: of numbers without a country."""
        self.name = name
        self._book = book
        self._region = region
        self._ledger = ledger

    def read(self, stamp: Any) -> ReadContacts | None:
        """As ``ContactSource.read`` says."""
        row = self._ledger.read(select_collection, self._book.source.name)
        if row is None or row.good_at is None or row.settings != self._book.settings:
            raise _not_yet(self.name, row)
        etags = self._ledger.read(select_etags, self._book.source.name)
        if stamp == etags:
            return None
        cards = self._ledger.read(_stored_cards, self._book.source.name)
        return read_cards(cards, name=self.name, region=self._region, stamp=etags)


class FetchedBook:
    """An address book that is fetched when it is read."""

    def __init__(self, book: SyncedCalendar, *, name: str, region: str) -> None:
        self.name = name
        self._book = book
        self._region = region

    def read(self, stamp: Any) -> ReadContacts | None:
        """As ``ContactSource.read`` says; fetched once."""
        if stamp is not None:
            return None
        fetched = self._book.source.fetch(None, {})
        cards = [(one.href, one.data) for one in fetched.changed]
        return read_cards(cards, name=self.name, region=self._region, stamp=fetched.state)


def read_cards(cards: Iterable[tuple[str, bytes]], *, name: str, region: str, stamp: Any) -> ReadContacts:
    """The contacts of all cards; a problem names its card by the last part of its address."""
    contacts: list[Contact] = []
    problems: list[Problem] = []
    for href, data in cards:
        card = f"{name}, {href.rstrip('/').rpartition('/')[2]}"
        some, faults = read_vcards(data, name=card, region=region)
        contacts += some
        problems += faults
    return ReadContacts(contacts=tuple(contacts), problems=tuple(problems), stamp=stamp)


def _stored_cards(connection: Connection, collection: str) -> list[tuple[str, bytes]]:
    return [(one.href, one.data) for one in select_objects(connection, collection)]


def _not_yet(name: str, row: Collection | None) -> SourceUnreachable:
    reason = "it has never been fetched well" + (f": {row.problem}" if row and row.problem else " yet")
    return SourceUnreachable(name, reason, remedy="it is tried again later")
