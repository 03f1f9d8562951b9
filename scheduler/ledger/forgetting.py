"""Deleting: a call goes with all that hangs on it, or stays whole (rule 14)."""

from __future__ import annotations

import json
from collections.abc import Collection

from scheduler.database import Connection

_CALLS = "SELECT call_id FROM forgetting"
_ATTEMPTS = f"SELECT id FROM attempt WHERE call_id IN ({_CALLS})"


def forget_calls(connection: Connection, call_ids: Collection[int]) -> None:
    """Delete these calls, their attempts, records, appointments and history, and what of them we know in events.

    :raises ConstraintFailed: one is rung again by a call that stays.
    """
    connection.execute(
        "INSERT INTO forgetting (call_id) SELECT value FROM json_each(?)", (json.dumps(list(call_ids)),)
    )
    connection.execute(f"DELETE FROM event WHERE call_id IN ({_CALLS})")
    connection.execute(f"DELETE FROM cdr WHERE attempt_id IN ({_ATTEMPTS})")
    connection.execute(
        f"""DELETE FROM annotation WHERE (collection, uid, recurrence_id) IN (
                SELECT collection, uid, recurrence_id FROM appointment WHERE call_id IN ({_CALLS}))"""
    )
    for table in ("attempt", "appointment", "vanished"):
        connection.execute(f"DELETE FROM {table} WHERE call_id IN ({_CALLS})")
    connection.execute(f"DELETE FROM call WHERE id IN ({_CALLS})")
    connection.execute("DELETE FROM forgetting")
