"""Statements on ``provenance``: what the plan was made with, one row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scheduler.database import Connection, write_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Everything but the calendars and contacts that decides when a call is due."""

    tzdata: str  # version of the tz database
    parser: str  # versions of what reads events
    configuration: str  # digest of the rules

    def changed_since(self, before: Provenance | None) -> str:
        """What differs, in words; "" where nothing does, or nothing is known of before."""
        if before is None:
            return ""
        changes = []
        if self.tzdata != before.tzdata:
            changes.append(f"tzdata changed from {before.tzdata} to {self.tzdata}")
        if self.parser != before.parser:
            changes.append(f"the program changed from {before.parser} to {self.parser}")
        if self.configuration != before.configuration:
            changes.append("the configuration changed")
        return " and ".join(changes)


def select_provenance(connection: Connection) -> Provenance | None:
    row = connection.execute("SELECT tzdata, parser, configuration FROM provenance").fetchone()
    if row is None:
        return None
    return Provenance(tzdata=row["tzdata"], parser=row["parser"], configuration=row["configuration"])


def record_provenance(connection: Connection, made_with: Provenance, now: datetime) -> None:
    connection.execute(
        """INSERT INTO provenance (id, tzdata, parser, configuration, since) VALUES (1, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET tzdata = excluded.tzdata, parser = excluded.parser,
               configuration = excluded.configuration, since = excluded.since""",
        (made_with.tzdata, made_with.parser, made_with.configuration, write_instant(now)),
    )
