"""Telling when the ledger can't be written, and when it can again; a damaged one isn't used any more."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime

from scheduler.database import Connection, Database
from scheduler.errors import DatabaseCorrupt, DatabaseError
from scheduler.ledger.alerts import append_alert
from scheduler.ledger.damage import mark_damaged

log = logging.getLogger(__name__)


class LedgerWatch:
    """Looks at what anybody met who read or wrote; without an intention on the disk no call is placed anyway."""

    def __init__(self, ledger: Database) -> None:
        self._ledger = ledger
        self._since: datetime | None = None  # when it was first seen that it can't be written
        self._cause = ""
        self.damage: DatabaseCorrupt | None = None

    @property
    def trouble(self) -> str:
        """Why nothing can be written just now; "" where it can."""
        return self._cause if self._since is not None else ""

    def run_once(self, now: datetime) -> bool:
        """Whether the ledger can be used."""
        trouble = self._ledger.take_trouble()
        if isinstance(trouble, DatabaseCorrupt):
            self._refuse(trouble)
        if trouble is not None and self._since is None:
            self._since, self._cause = now, str(trouble)
            log.error("%s; no call is placed while it can't be written", trouble)
        if self._since is not None and self.damage is None:
            self._try_again(self._since, now)
        return self._since is None

    def _try_again(self, since: datetime, now: datetime) -> None:
        """To write the alert is the trial."""
        try:
            self._ledger.write(self._append, since, now)
        except DatabaseError:
            self._ledger.take_trouble()
            return
        log.error("the ledger can be written again; it could not be since %s UTC", f"{since:%H:%M:%S}")
        self._since = None

    def _append(self, connection: Connection, since: datetime, now: datetime) -> None:
        span = f"from {since:%H:%M:%S} to {now:%H:%M:%S} UTC"
        append_alert(
            connection, now, f"the ledger could not be written {span}, and what was due waited: {self._cause}"
        )

    def _refuse(self, damage: DatabaseCorrupt) -> None:
        self.damage = damage
        with suppress(DatabaseError):  # it is told all the same, and found again
            mark_damaged(self._ledger.path, str(damage))
