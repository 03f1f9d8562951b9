"""Replanning that notices when tzdata, the program or the configuration changed, and tells what that moved."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from datetime import datetime
from threading import Lock

from scheduler.calendars.contact import Contacts
from scheduler.database import Connection, Database
from scheduler.duties.replan import NOTHING, PlanRules, ReplanDuty, Replanned
from scheduler.ledger.events import append_event
from scheduler.ledger.provenance import Provenance, record_provenance, select_provenance

log = logging.getLogger(__name__)


class RederiveDuty:
    """Stands before :class:`ReplanDuty`: the first round after such a change derives every call anew."""

    def __init__(self, ledger: Database, replan: ReplanDuty, provenance: Provenance) -> None:
        self._ledger = ledger
        self._replan = replan
        self._provenance = provenance
        self._lock = Lock()

    def use(self, rules: PlanRules, contacts: Contacts, provenance: Provenance, *, whole: bool) -> None:
        """As :meth:`ReplanDuty.use`."""
        with self._lock:
            self._provenance = provenance
            self._replan.use(rules, contacts, whole=whole)

    def catch_up(self, now: datetime) -> None:
        """Run where something changed: before the first call is placed, at the start of the daemon."""
        if self._provenance.changed_since(self._ledger.read(select_provenance)):
            self.run_once(now)

    def run_once(
        self,
        now: datetime,
        *,
        touched: Mapping[str, Collection[str]] = NOTHING,
        sought: Mapping[str, Collection[str]] = NOTHING,
    ) -> Replanned:
        """As :meth:`ReplanDuty.run_once`; a round that fails is made good by the next one."""
        with self._lock:
            before = self._ledger.read(select_provenance)
            because = self._provenance.changed_since(before)
            replanned = self._replan.run_once(now, touched=touched, sought=sought, because=because)
            if before != self._provenance:
                self._ledger.write(_record, self._provenance, because, replanned, now)
            if because:
                log.warning("planned anew, because %s: %s", because, _named(replanned))
            return replanned


def _record(
    connection: Connection, made_with: Provenance, because: str, replanned: Replanned, now: datetime
) -> None:
    record_provenance(connection, made_with, now)
    if because:
        append_event(connection, now, "planned_anew", detail=f"{because}: {_counted(replanned)}")


def _counted(replanned: Replanned) -> str:
    counts = (f"{count} {kind}" for kind, count in sorted(replanned.changes.items()))
    return ", ".join(counts) or "nothing moved"


def _named(replanned: Replanned) -> str:
    calls = ", ".join(str(call_id) for call_id in replanned.calls)
    return _counted(replanned) + (f"; calls {calls}" if calls else "")
