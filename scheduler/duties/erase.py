"""Forgetting one number: its calls with all that hangs on them, and every text that names it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from scheduler.calendars.blocks import cut, unfolded
from scheduler.calls.call import Outcome, State
from scheduler.calls.spelling import Spelling
from scheduler.calls.tombstone import digest_of
from scheduler.database import Connection, Database
from scheduler.errors import DecisionRefused
from scheduler.ledger.appointments import select_keys_ever
from scheduler.ledger.backups import select_backups
from scheduler.ledger.calls import end_call, next_wake_at
from scheduler.ledger.forgetting import forget_calls
from scheduler.ledger.mentions import (
    Mention,
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
_UNSENT = (State.PLANNED, State.CLAIMED)


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


def erase(ledger: Database, number: PhoneNumber, owned: Collection[PhoneNumber], now: datetime) -> Erased:
    """Erase all that the ledger holds of the number, and let no calendar bring its calls back.

    :raises DecisionRefused: it is one of the company's own, or a call of it goes on.
    """
    if number in owned:
        raise DecisionRefused(
            f"{number} is one of the company's own numbers: take it out of the configuration first"
        )
    key = open_key(ledger.path)
    ids = ledger.read(select_calls_of_number, number)
    called_off = 0
    for first in range(0, len(ids), _AT_ONCE):
        called_off += ledger.write(_forget, ids[first : first + _AT_ONCE], key, number, now)
    texts, calendars = _erase_texts(ledger, number, key, now)
    log.info("erased all of a number: %d calls, %d of them planned", len(ids), called_off)
    return Erased(
        calls=len(ids),
        called_off=called_off,
        texts=texts,
        calendars=calendars,
        whole=_write_anew(ledger, now),
        backups=tuple(
            (one.path, one.made_at.isoformat(timespec="seconds")) for one in ledger.read(select_backups)
        ),
    )


def _forget(
    connection: Connection, call_ids: Collection[int], key: bytes, number: PhoneNumber, now: datetime
) -> int:
    """How many of them were still to ring."""
    states = select_states(connection, call_ids)
    if going_on := [i for i, state in states.items() if state in (State.REQUESTED, State.PLACED)]:
        raise DecisionRefused(f"call {min(going_on)} is going on: erase the number once `calls` says how it ended")
    planned = [i for i, state in states.items() if state in _UNSENT]
    for call_id in planned:
        end_call(connection, call_id, Outcome.CANCELLED, "", now, leaving=_UNSENT)
    keys = select_keys_ever(connection, call_ids)
    _bury(connection, {one.uid for some in keys.values() for one in some}, key, number, now)
    forget_calls(connection, call_ids)
    return len(planned)


def _bury(connection: Connection, uids: Collection[str], key: bytes, number: PhoneNumber, now: datetime) -> None:
    digests = {digest_of(key, uid, one) for uid in uids for one in (number, None)}
    insert_tombstones(connection, digests, now + _REMEMBERED)


def _erase_texts(
    ledger: Database, number: PhoneNumber, key: bytes, now: datetime
) -> tuple[dict[str, int], dict[str, int]]:
    spelling = Spelling(number)
    texts: Counter[str] = Counter()
    calendars: Counter[str] = Counter()
    for mention in find_mentions(ledger, spelling):
        left = {column: spelling.erased_from(text) for column, text in mention.texts.items()}
        collection = ledger.write(_erase_text, mention, left, key, number, now)
        texts[mention.table] += 1
        if collection:
            calendars[collection] += 1
    return dict(texts), dict(calendars)


def _erase_text(
    connection: Connection,
    mention: Mention,
    left: Mapping[str, str | bytes],
    key: bytes,
    number: PhoneNumber,
    now: datetime,
) -> str:
    """The calendar or address book that an object is of; "" for other texts."""
    replace_texts(connection, mention, left)
    data = mention.texts.get("data") if mention.table == "object" else None
    if not isinstance(data, bytes):
        return ""
    _bury(connection, {block.uid for block in cut(unfolded(data)).events}, key, number, now)
    row = select_row(connection, "object", mention.rowid)
    return str(row["collection"]) if row else ""


def _write_anew(ledger: Database, now: datetime) -> bool:
    """Free pages and the log still hold what was deleted: without them it is gone. Not while a call is near."""
    wake_at = ledger.peek(next_wake_at)
    return (wake_at is None or wake_at > now + _QUIET) and ledger.compact()
