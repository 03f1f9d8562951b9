"""Statements on ``clock``, one row: what the process goes by, for the one after it should it crash."""

from __future__ import annotations

from datetime import datetime

from scheduler.calls.timekeeping import Remembered
from scheduler.clock import Reading
from scheduler.database import Connection, read_instant, read_optional_instant, write_instant


def remember_clock(connection: Connection, boot_id: str, anchor: Reading) -> None:
    """By this reading the clock of a process is believed that runs from now on."""
    connection.execute(
        """INSERT INTO clock (id, boot_id, wall, boot, monotonic, stopped) VALUES (1, ?, ?, ?, ?, 0)
           ON CONFLICT DO UPDATE SET boot_id = excluded.boot_id, wall = excluded.wall, boot = excluded.boot,
               monotonic = excluded.monotonic, stopped = 0""",
        (boot_id, write_instant(anchor.wall), anchor.boot, anchor.monotonic),
    )


def note_stopped(connection: Connection) -> None:
    """The process ends in order."""
    connection.execute("UPDATE clock SET stopped = 1")


def select_remembered_clock(connection: Connection) -> Remembered | None:
    row = connection.execute("SELECT boot_id, wall, boot, monotonic, stopped FROM clock").fetchone()
    if row is None:
        return None
    anchor = Reading(wall=read_instant(row["wall"]), boot=row["boot"], monotonic=row["monotonic"])
    return Remembered(boot_id=row["boot_id"], anchor=anchor, stopped=bool(row["stopped"]))


def select_newest_instant(connection: Connection) -> datetime | None:
    """The last instant at which something is known to have happened."""
    row = connection.execute(
        """SELECT max(at) AS at FROM (
               SELECT at FROM (SELECT at FROM event ORDER BY id DESC LIMIT 1)
               UNION ALL SELECT max(good_at) FROM collection
               UNION ALL SELECT wall FROM clock)"""
    ).fetchone()
    return read_optional_instant(row["at"])
