"""Forgetting one number: its calls with all that hangs on them, and every text that names it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from scheduler.calendars.blocks import cut, unfolded
from scheduler.calls.call import Outcome
from scheduler.calls.spelling import Spelling
from scheduler.calls.tombstone import digest_of
from scheduler.database import Connection, Database
from scheduler.errors import DecisionRefused
from scheduler.ledger.appointments import select_keys_ever
from scheduler.ledger.backups import select_backups
from scheduler.ledger.calls import end_call, next_wake_at
from scheduler.ledger.forgetting import forget_calls
from scheduler.ledger.life import ON_THE_WIRE, UNSENT
from scheduler.ledger.mentions import (
    Mention,
    delete_row,
    find_mentions,
    replace_texts,
    select_calls_of_number,
    select_row,
    select_states,
)
from scheduler.ledger.tombstones import insert_tombstones, open_key
from scheduler.phone import PhoneNumber

log = logging.getLogger(__name__)

_AT_ONCE = 50  # calls: a due call's claim waits behind so many
_REMEMBERED = timedelta(days=731)  # a series rings for long, and nobody knows when its event goes
_QUIET = timedelta(minutes=1)  # without a call, for the file to be written anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was erased, for whoever asked for it; it names nobody."""

    calls: int
    called_off: int  # of those, the planned ones
    texts: Mapping[str, int]  # by table
    calendars: Mapping[str, int]  # the events that named it, by the calendars that hold them still
    whole: bool  # nothing of it is left in the file
    backups: tuple[tuple[str, str], ...]  # where, and when they were made

    def to_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """What is erased, and how its events are known again."""

    number: PhoneNumber
    spelling: Spelling
    key: bytes
    now: datetime

    def bury(self, connection: Connection, uids: Collection[str]) -> None:
        digests = {digest_of(self.key, uid, one) for uid in uids for one in (self.number, None)}
        insert_tombstones(connection, digests, self.now + _REMEMBERED)


def erase(ledger: Database, number: PhoneNumber, owned: Collection[PhoneNumber], now: datetime) -> Erased:
    """Erase all that the ledger holds of the number, and let no calendar bring its calls back.

    :raises DecisionRefused: it is one of the company's own, or a call of it goes on.
    """
    if number in owned:
        raise DecisionRefused(
            f"{number} is one of the company's own numbers: take it out of the configuration first"
        )
    subject = _Subject(number=number, spelling=Spelling(number), key=open_key(ledger.path), now=now)
    ids = ledger.read(select_calls_of_number, number)
    called_off = 0
    for first in range(0, len(ids), _AT_ONCE):
        called_off += ledger.write(_forget, ids[first : first + _AT_ONCE], subject)
    texts, calendars = _erase_texts(ledger, subject)
    # Whatever was written just then, as by a fetch.
    clean = next(find_mentions(ledger, subject.spelling), None) is None
    log.info("erased all of a number: %d calls, %d of them planned", len(ids), called_off)
    return Erased(
        calls=len(ids),
        called_off=called_off,
        texts=texts,
        calendars=calendars,
        whole=_write_anew(ledger, now) and clean,
        backups=tuple(
            (one.path, one.made_at.isoformat(timespec="seconds")) for one in ledger.read(select_backups)
        ),
    )


def _forget(connection: Connection, call_ids: Collection[int], subject: _Subject) -> int:
    """How many of them were still to ring."""
    states = select_states(connection, call_ids)
    if going_on := [i for i, state in states.items() if state in ON_THE_WIRE]:
        raise DecisionRefused(f"call {min(going_on)} is going on: erase the number once `calls` says how it ended")
    planned = [i for i, state in states.items() if state in UNSENT]
    for call_id in planned:
        end_call(connection, call_id, Outcome.CANCELLED, "", subject.now, leaving=UNSENT)
    keys = select_keys_ever(connection, call_ids)
    subject.bury(connection, {one.uid for some in keys.values() for one in some})
    forget_calls(connection, call_ids)
    return len(planned)


def _erase_texts(ledger: Database, subject: _Subject) -> tuple[dict[str, int], dict[str, int]]:
    """How many by table, and those of calendars and address books by their names."""
    texts: Counter[str] = Counter()
    calendars: Counter[str] = Counter()
    for mention in find_mentions(ledger, subject.spelling):
        texts[mention.table] += 1
        if mention.table == "object":
            calendars[ledger.write(_erase_from_object, mention, subject)] += 1
        else:
            ledger.write(_erase_from_text, mention, subject)
    return dict(texts), dict(calendars)


def _erase_from_text(connection: Connection, mention: Mention, subject: _Subject) -> None:
    left = {column: subject.spelling.erased_from(text) for column, text in mention.texts.items()}
    replace_texts(connection, mention, left)


def _erase_from_object(connection: Connection, mention: Mention, subject: _Subject) -> str:
    """Its calendar or address book. What has the number in its very name is deleted: else it would be another."""
    row = select_row(connection, mention.table, mention.rowid)
    uids = _uids_of(mention.texts.get("data", b""))
    subject.bury(connection, uids)
    if {"href", "uid"} & mention.texts.keys() or any(map(subject.spelling.is_in, uids)):
        delete_row(connection, mention)
    else:
        _erase_from_text(connection, mention, subject)
    return str(row["collection"]) if row else "a calendar that is gone"


def _uids_of(data: str | bytes) -> set[str]:
    """Of the events of a calendar object; none of a card's."""
    return {block.uid for block in cut(unfolded(data)).events} if isinstance(data, bytes) else set()


def _write_anew(ledger: Database, now: datetime) -> bool:
    """Free pages and the log still hold what was deleted: without them it is gone. Not while a call is near."""
    wake_at = ledger.peek(next_wake_at)
    return (wake_at is None or wake_at > now + _QUIET) and ledger.compact()
