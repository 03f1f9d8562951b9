"""Waiting for the daemon's answer to a command that was left in the ledger (rule 15)."""

from __future__ import annotations

import time
from datetime import timedelta

from scheduler.database import Database
from scheduler.ledger.commands import select_result

_LOOK_EVERY_SECONDS = 0.05


def await_result(ledger: Database, command_id: int, patience: timedelta) -> str | None:
    """The daemon's answer; None when it gave none in time."""
    give_up_at = time.monotonic() + patience.total_seconds()
    while time.monotonic() < give_up_at:
        result = ledger.read(select_result, command_id)
        if result is not None:
            return result
        time.sleep(_LOOK_EVERY_SECONDS)
    return None
