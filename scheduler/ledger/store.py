"""The ledger as the timetable's job store: which calls are due, claimed in one commit."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from scheduler.database import Connection, Database, savepoint
from scheduler.ledger.calls import Claim, claim_due, claim_late, next_wake_at, note_kept_back

P = TypeVar("P")

_NOTED_AFTER = timedelta(seconds=1)  # how long a call is kept back before that is worth a word, and how often


class Room(Protocol):
    """Limits of the company, beside that of its workers."""

    def room(self, connection: Connection, now: datetime, most: int) -> int:
        """How many calls may be claimed, of ``most``."""

    def opens_at(self) -> datetime | None:
        """When there may be room again; None where there is."""

    def reason(self) -> str:
        """What keeps calls back."""


class LedgerCallStore(Generic[P]):
    """Fulfils :class:`scheduler.timetable.CallStore` over the ``call`` table.

    :param prepare: what else is done with the claims in the transaction that makes them. Should that fail, the
        bare claims are handed out.
    :param room: what limits how many are claimed; what it keeps back stays planned, and says so.
    """

    def __init__(
        self,
        database: Database,
        prepare: Callable[[Connection, Sequence[Claim]], Sequence[Claim | P]],
        room: Room | None = None,
    ) -> None:
        self._database = database
        self._prepare = prepare
        self._room = room
        self._noted_at: datetime | None = None

    def next_wake_at(self) -> datetime | None:
        soonest = self._database.peek(next_wake_at)
        opens_at = self._room.opens_at() if self._room else None
        return soonest if soonest is None or opens_at is None else max(soonest, opens_at)

    def claim_due(self, now: datetime, limit: int) -> Sequence[Claim | P]:
        # Peek first: the loop comes by every second, and a read costs no commit.
        soonest = self._database.peek(next_wake_at)
        if soonest is None or soonest > now:
            return []
        return self._database.write(self._claim_and_prepare, now, limit)

    def _claim_and_prepare(self, connection: Connection, now: datetime, limit: int) -> Sequence[Claim | P]:
        token = secrets.token_hex(8)
        room = self._room.room(connection, now, limit) if self._room else limit
        claims = claim_due(connection, now, room, token)
        if len(claims) == room < limit:
            claims += self._beyond(connection, now, limit - room, token)
        return self._prepared(connection, claims)

    def _beyond(self, connection: Connection, now: datetime, limit: int, token: str) -> list[Claim]:
        """What there is no room for: it is told why, and judged once it is too late.

        Both walk all that waits, so that it is done once a second, and again at once where much is too late.
        """
        before = self._noted_at
        # A clock that was set back mustn't silence it.
        if self._room is None or (before is not None and before <= now < before + _NOTED_AFTER):
            return []
        note_kept_back(connection, now - _NOTED_AFTER, self._room.reason())
        late = claim_late(connection, now, limit, token)
        self._noted_at = None if late else now
        return late

    def _prepared(self, connection: Connection, claims: Sequence[Claim]) -> Sequence[Claim | P]:
        try:
            with savepoint(connection):
                return self._prepare(connection, claims)
        except Exception:
            if not connection.in_transaction:
                raise  # SQLite gave up the whole transaction
            # One bad row mustn't keep the others of its batch from being claimed. Alone it says what is wrong.
            return claims
