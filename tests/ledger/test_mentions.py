"""No text of the ledger is forgotten where a number is looked for."""

from __future__ import annotations

from scheduler.database import Connection, Database
from scheduler.ledger.mentions import TEXTS

# Ours alone, or the whole row goes: what nobody types a number into.
CLEAN = {
    "annotation": {"collection", "uid", "recurrence_id", "told", "problem"},  # a digest, and sentences of ours
    "appointment": {"collection", "uid", "recurrence_id"},  # goes with its call
    "attempt": {"reference", "session_id"},
    "backup": {"path"},
    "call": {"origin", "destination", "cli", "presentation", "claim_token"},  # found by them, and deleted whole
    "clock": {"boot_id"},
    "collection": {"name", "settings", "state", "tried_with"},
    "command": {"kind"},
    "event": {"kind", "detail"},  # names nobody
    "letter": {"key", "kind"},
    "object": {"collection", "etag"},
    "pause": {"calendar", "origin"},  # the company's own
    "provenance": {"tzdata", "parser", "configuration"},
    "run": {"run", "boot_id"},
    "tombstone": {"digest"},
    "trouble": {"name", "kind"},
    "vanished": {"collection"},
}
WORDS = {"state", "outcome", "answer", "source"}  # of a few that are checked
INSTANTS = {"wall", "since", "until", "before", "at", "silent_until"}


OF_THE_FIXTURE = {"transition"}


def text_columns(connection: Connection) -> dict[str, set[str]]:
    tables = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%sqlite_%'"
    )
    found: dict[str, set[str]] = {}
    for table in {row["name"] for row in tables} - OF_THE_FIXTURE:
        columns = connection.execute(f"PRAGMA table_info({table})")
        found[table] = {row["name"] for row in columns if row["type"] in ("TEXT", "BLOB")}
    return found


def test_every_text_of_every_table_is_looked_through_or_known_to_name_nobody(ledger: Database) -> None:
    unknown = {
        (table, column)
        for table, columns in ledger.read(text_columns).items()
        for column in columns - set(TEXTS.get(table, ())) - CLEAN.get(table, set())
        if column not in WORDS | INSTANTS and not column.endswith("_at")
    }
    assert unknown == set()
