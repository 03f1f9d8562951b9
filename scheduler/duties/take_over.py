"""What a process does first that holds the ledger: go on where the one before stopped, or died."""

from __future__ import annotations

import logging
from datetime import timedelta

from scheduler.calls.call import Answer
from scheduler.calls.policy import Policy
from scheduler.database import Connection, Database
from scheduler.duties.guarded_clock import GuardedClock
from scheduler.ledger.departures import Departures, begin_run, select_never_left
from scheduler.ledger.life import recover, unplaced
from scheduler.logs import about_call

log = logging.getLogger(__name__)

NEVER_LEFT = "the process died before its request left"


def take_over(ledger: Database, clock: GuardedClock, policy: Policy) -> Departures:
    """Give back what was claimed, and plan again what certainly never left; what may have left is looked up."""
    now = clock.now()
    ledger.write(recover, now)
    for attempt in ledger.read(select_never_left, ledger.path, clock.boot_id()):
        ledger.write(_never_left, attempt.id, clock, policy)
        with about_call(attempt.call_id):
            log.warning("call %d, attempt %d: %s", attempt.call_id, attempt.number, NEVER_LEFT)
    return begin_run(ledger, clock.boot_id())


def _never_left(connection: Connection, attempt_id: int, clock: GuardedClock, policy: Policy) -> None:
    unplaced(
        connection, attempt_id, Answer.NOT_SENT, NEVER_LEFT, clock.now(), policy, delay=timedelta(), why=NEVER_LEFT
    )
