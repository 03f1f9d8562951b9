"""The ledger as the timetable's job store: which calls are due, claimed in one commit."""

from __future__ import annotations

import secrets
from datetime import datetime

from scheduler.database import Database
from scheduler.ledger.calls import Claim, claim_due, next_wake_at


class LedgerCallStore:
    """Fulfils :class:`scheduler.timetable.CallStore` over the ``call`` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def next_wake_at(self) -> datetime | None:
        return self._database.read(next_wake_at)

    def claim_due(self, now: datetime, limit: int) -> list[Claim]:
        # Peek first: the loop comes by every second, and a read costs no commit.
        soonest = self.next_wake_at()
        if soonest is None or soonest > now:
            return []
        token = secrets.token_hex(8)
        return self._database.write(claim_due, now, limit, token)
