"""What would stop or spoil calls, as the ledger tells it: the clock, calendars, pauses, held losses, alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.calls.pause import Pause
from scheduler.database import Connection
from scheduler.ledger.alerts import Alert, select_alerts
from scheduler.ledger.collections import Collection, select_collections, title_of
from scheduler.ledger.events import select_latest_event
from scheduler.ledger.pauses import select_pauses
from scheduler.ledger.vanished import Hold, select_holds

_ALERTS_LAST = timedelta(days=7)
_MOST_ALERTS = 20
# The kinds of events by which the daemon's clock tells that it is in doubt, and no longer is.
_CLOCK = ("clock_doubted", "clock_believed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A calendar or address book whose last fetch failed."""

    title: str
    collection: Collection


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubles:
    """All that somebody should know of now."""

    clock: str  # why nothing is placed by it; "" where it is believed
    failing: tuple[Failing, ...]
    holds: tuple[Hold, ...]
    pauses: tuple[Pause, ...]
    alerts: tuple[Alert, ...]  # the newest
    older_alerts: int

    def __bool__(self) -> bool:
        return bool(self.clock or self.failing or self.holds or self.pauses or self.alerts)


def read_troubles(connection: Connection, now: datetime) -> Troubles:
    alerts = select_alerts(connection, now - _ALERTS_LAST)
    return Troubles(
        clock=_doubt(connection),
        failing=tuple(
            Failing(title=title_of(one.name), collection=one)
            for one in select_collections(connection)
            if one.problem
        ),
        holds=select_holds(connection, now),
        pauses=select_pauses(connection, now),
        alerts=alerts[:_MOST_ALERTS],
        older_alerts=len(alerts[_MOST_ALERTS:]),
    )


def _doubt(connection: Connection) -> str:
    latest = select_latest_event(connection, _CLOCK)
    return latest.detail if latest is not None and latest.kind == _CLOCK[0] else ""
