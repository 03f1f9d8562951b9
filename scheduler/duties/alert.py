"""Telling an admin what stops or spoils calls: each once, and once more when it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from scheduler.calls.alert import (
    AlertKind,
    Notice,
    Trouble,
    TroubleChanges,
    compare_troubles,
    notice_of_call,
    notice_of_text,
)
from scheduler.database import Connection, Database
from scheduler.duties.troubles import calendar_troubles, provider_troubles
from scheduler.ledger.letters import NewLetter, insert_letter
from scheduler.ledger.troubles import (
    Happening,
    begin_trouble,
    end_trouble,
    record_told,
    select_happenings,
    select_newest_event,
    select_told,
    select_troubles,
)

WEBHOOK = "webhook"  # the recipient of what is posted there
MAIL = "mail:"  # how a recipient begins that is an e-mail address

_AT_ONCE = 500  # events of one look
_TOO_OLD = timedelta(days=1)  # what happened while nobody ran is told for so long


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """Who is told, of what; ``stale_after`` is how old a calendar may be that can't be read."""

    recipients: tuple[str, ...] = ()
    tell: frozenset[AlertKind] = frozenset(AlertKind)
    stale_after: timedelta = timedelta(hours=1)
    collections: frozenset[str] = frozenset()  # those that are configured


class PeopleLetters(Protocol):
    """What the people with an appointment are told, beside the admin."""

    def letters_of(self, connection: Connection, happening: Happening, now: datetime) -> Iterator[NewLetter]: ...


class AlertDuty:
    """Looks at the history since the last look and at what lasts, and writes what is to be told of them."""

    def __init__(
        self,
        ledger: Database,
        settings: AlertSettings,
        provider: Callable[[datetime], Sequence[Trouble]],
        people: PeopleLetters | None = None,
    ) -> None:
        """:param provider: the troubles with it that aren't in the ledger."""
        self._ledger = ledger
        self.settings = settings
        self._provider = provider
        self._people = people

    def run_once(self, now: datetime) -> int:
        """How many things are news."""
        present = (*self._ledger.read(self._look, now), *self._provider(now))
        changes = compare_troubles(present, self._ledger.read(select_troubles))
        after, until = self._stretch()
        happened = self._ledger.read(select_happenings, after, until)
        if changes.begun or changes.over or until > after:
            self._ledger.write(self._record, changes, happened, until, now)
        return len(changes.begun) + len(changes.over) + len(happened)

    def _stretch(self) -> tuple[int, int]:
        """The ids of the events to look at: in (after, until]. At the very first look there are none."""
        newest, after = self._ledger.read(select_newest_event), self._ledger.read(select_told)
        if after is None:
            self._ledger.write(record_told, newest)
            return newest, newest
        return after, min(newest, after + _AT_ONCE)

    def _look(self, connection: Connection, now: datetime) -> tuple[Trouble, ...]:
        settings = self.settings
        return (
            *calendar_troubles(connection, settings.collections, settings.stale_after, now),
            *provider_troubles(connection, now),
        )

    def _record(
        self,
        connection: Connection,
        changes: TroubleChanges,
        happened: Sequence[Happening],
        until: int,
        now: datetime,
    ) -> None:
        for trouble in changes.begun:
            number = begin_trouble(connection, trouble, now)
            self._tell(connection, f"trouble {number}", trouble.notice, now)
        for over in changes.over:
            end_trouble(connection, over.id, now)
            told = Notice(kind=over.kind, title=f"Over: {over.title}", remedy="nothing is to be done any more")
            self._tell(connection, f"trouble {over.id} is over", told, now)
        for one in happened:
            if now - one.at < _TOO_OLD:
                self._tell(connection, f"event {one.event_id}", _notice(one), now)
                for letter in self._people.letters_of(connection, one, now) if self._people else ():
                    insert_letter(connection, letter, now)
        record_told(connection, until)

    def _tell(self, connection: Connection, key: str, notice: Notice, now: datetime) -> None:
        if notice.kind not in self.settings.tell:
            return
        for recipient in self.settings.recipients:
            # Webhooks lead to other companies' servers: what may name somebody isn't posted there.
            words = [notice.detail if recipient != WEBHOOK else "", f"What to do: {notice.remedy}."]
            letter = NewLetter(
                recipient=recipient,
                key=key,
                kind=notice.kind,
                title=notice.title,
                body="\n".join(filter(None, words)),
                due_at=now,
            )
            insert_letter(connection, letter, now)


def _notice(one: Happening) -> Notice:
    if one.kind is AlertKind.ALERT or one.call_id is None:
        return notice_of_text(one.detail)
    return notice_of_call(one.kind, one.call_id)


def recipients_of(mails: Sequence[str], *, webhook: bool) -> Iterator[str]:
    yield from (MAIL + address for address in mails)
    if webhook:
        yield WEBHOOK
