"""The ledger as the timetable's job store: which calls are due, claimed in one commit."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

from scheduler.database import Connection, Database, savepoint
from scheduler.ledger.calls import Claim, claim_due, next_wake_at

P = TypeVar("P")


class LedgerCallStore(Generic[P]):
    """Fulfils :class:`scheduler.timetable.CallStore` over the ``call`` table.

    :param prepare: what else is done with each claim in the transaction that makes it. Should that fail, the
        bare claim is handed out.
    """

    def __init__(self, database: Database, prepare: Callable[[Connection, Claim], P]) -> None:
        self._database = database
        self._prepare = prepare

    def next_wake_at(self) -> datetime | None:
        return self._database.read(next_wake_at)

    def claim_due(self, now: datetime, limit: int) -> list[Claim | P]:
        # Peek first: the loop comes by every second, and a read costs no commit.
        soonest = self.next_wake_at()
        if soonest is None or soonest > now:
            return []
        return self._database.write(self._claim_and_prepare, now, limit)

    def _claim_and_prepare(self, connection: Connection, now: datetime, limit: int) -> list[Claim | P]:
        claims = claim_due(connection, now, limit, secrets.token_hex(8))
        return [self._prepared(connection, claim) for claim in claims]

    def _prepared(self, connection: Connection, claim: Claim) -> Claim | P:
        try:
            with savepoint(connection):
                return self._prepare(connection, claim)
        except Exception:
            if not connection.in_transaction:
                raise  # SQLite gave up the whole transaction
            # One bad row mustn't keep the others of its batch from being claimed. Alone it says what is wrong.
            return claim
