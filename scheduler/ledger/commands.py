"""Statements on ``command``: what somebody asks of the running daemon, and its answer (rule 15)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scheduler.database import Connection, read_instant, write_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One request of a person beside the daemon."""

    id: int
    kind: str
    arguments: Mapping[str, str]
    asked_at: datetime


def insert_command(connection: Connection, kind: str, arguments: Mapping[str, str], now: datetime) -> int:
    row = connection.execute(
        "INSERT INTO command (kind, arguments, asked_at) VALUES (?, ?, ?) RETURNING id",
        (kind, json.dumps(dict(arguments)), write_instant(now)),
    ).fetchone()
    return int(row["id"])


def select_open_commands(connection: Connection) -> tuple[Command, ...]:
    rows = connection.execute(
        "SELECT id, kind, arguments, asked_at FROM command WHERE taken_at IS NULL ORDER BY id"
    )
    return tuple(
        Command(
            id=row["id"],
            kind=row["kind"],
            arguments=json.loads(row["arguments"]),
            asked_at=read_instant(row["asked_at"]),
        )
        for row in rows
    )


def take_command(connection: Connection, command_id: int, now: datetime) -> bool:
    """Take it before it is carried out: a crash in between loses it, where a second try might ring again."""
    cursor = connection.execute(
        "UPDATE command SET taken_at = ? WHERE id = ? AND taken_at IS NULL", (write_instant(now), command_id)
    )
    return cursor.rowcount == 1


def finish_command(connection: Connection, command_id: int, result: str, now: datetime) -> None:
    connection.execute(
        "UPDATE command SET done_at = ?, result = ? WHERE id = ? AND done_at IS NULL",
        (write_instant(now), result, command_id),
    )


def select_result(connection: Connection, command_id: int) -> str | None:
    """The answer, once there is one."""
    row = connection.execute(
        "SELECT result FROM command WHERE id = ? AND done_at IS NOT NULL", (command_id,)
    ).fetchone()
    return None if row is None else str(row["result"])
