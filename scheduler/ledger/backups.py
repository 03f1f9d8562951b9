"""Statements on ``backup`` and ``restoration``: the copies, and what a restored one doesn't know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from scheduler.calls.call import Outcome, State
from scheduler.calls.pause import PauseScope
from scheduler.database import Connection, read_instant, read_optional_instant, write_instant
from scheduler.ledger.alerts import append_alert
from scheduler.ledger.calls import end_call
from scheduler.ledger.collections import Collection
from scheduler.ledger.events import append_event
from scheduler.ledger.pauses import begin_pause
from scheduler.ledger.people_schema import LETTER_WAITS

MAY_HAVE_RUNG = "it was due before the ledger was restored from a backup, which doesn't know whether it rang"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """One copy of the ledger, where it was when it was made."""

    path: str
    made_at: datetime


def record_backup(connection: Connection, path: str, now: datetime) -> None:
    connection.execute(
        "INSERT INTO backup (path, made_at) VALUES (?, ?) ON CONFLICT DO UPDATE SET made_at = excluded.made_at",
        (path, write_instant(now)),
    )


def select_backups(connection: Connection) -> tuple[Backup, ...]:
    """The newest first. Whether they are still there the ledger can't tell."""
    rows = connection.execute("SELECT path, made_at FROM backup ORDER BY made_at DESC, path")
    return tuple(Backup(path=row["path"], made_at=read_instant(row["made_at"])) for row in rows)


def select_history_end(connection: Connection) -> datetime | None:
    """When the last thing happened that this ledger knows of."""
    row = connection.execute("SELECT at FROM event ORDER BY id DESC LIMIT 1").fetchone()
    return read_instant(row["at"]) if row else None


def select_restored_at(connection: Connection) -> datetime | None:
    row = connection.execute("SELECT restored_at FROM restoration").fetchone()
    return read_optional_instant(row["restored_at"] if row else None)


def read_before(collections: Iterable[Collection], restored_at: datetime | None) -> dict[str, datetime]:
    """When each calendar was last in the plan (rule 6), by name.

    Of a restored ledger not before it was restored: what was due until then may have rung, by the ledger that
    was lost, and doesn't count as unseen.
    """
    reads = {row.name: row.planned_at for row in collections if row.planned_at is not None}
    return reads if restored_at is None else {name: max(at, restored_at) for name, at in reads.items()}


def distrust(connection: Connection, backup: str, now: datetime) -> int:
    """Make a ledger out of a backup that rings nobody twice (promise 1); returns how many calls end as unknown.

    What it plans may have rung since it was copied, and be rung a second time as soon as a daemon starts.

    :param backup: its name, for people.
    """
    # Which requests left the process that wrote it says nothing of those that left later.
    connection.execute("DELETE FROM run")
    connection.execute(
        "INSERT INTO restoration (id, restored_at) VALUES (1, ?) "
        "ON CONFLICT DO UPDATE SET restored_at = excluded.restored_at",
        (write_instant(now),),
    )
    doubtful = _end_doubtful(connection, now)
    _forbid_another_attempt(connection, now)
    _give_up_letters(connection, now)
    append_event(connection, now, "restored", detail=f"{doubtful} calls were due since the backup")
    if doubtful:
        text = (
            f"the ledger was restored from a backup: whether {doubtful} calls that were due since rang is unknown"
        )
        append_alert(connection, now, text)
    reason = f"restored from {backup}: look at the plan, then resume"
    begin_pause(connection, PauseScope(), None, reason, now)
    return doubtful


def _end_doubtful(connection: Connection, now: datetime) -> int:
    rows = connection.execute(
        "SELECT id FROM call WHERE state IN ('planned', 'claimed') AND due_at <= ?", (write_instant(now),)
    ).fetchall()
    for row in rows:
        unsent = (State.PLANNED, State.CLAIMED)
        end_call(connection, row["id"], Outcome.UNKNOWN, MAY_HAVE_RUNG, now, leaving=unsent)
        append_event(connection, now, Outcome.UNKNOWN, call_id=row["id"], detail=MAY_HAVE_RUNG)
    return len(rows)


def _forbid_another_attempt(connection: Connection, now: datetime) -> None:
    """What was on its way is looked up as ever. Another attempt of it may have been made since: none follows."""
    connection.execute(
        "UPDATE call SET deadline_at = due_at WHERE state IN ('requested', 'placed') AND due_at <= ?",
        (write_instant(now),),
    )


def _give_up_letters(connection: Connection, now: datetime) -> None:
    """They were perhaps sent, and nothing is told twice."""
    connection.execute(
        f"UPDATE letter SET given_up_at = ?, title = '', body = '', problem = ? WHERE {LETTER_WAITS}",
        (write_instant(now), "the ledger was restored from a backup"),
    )
